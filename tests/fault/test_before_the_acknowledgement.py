"""A worker is killed while it keeps a question, before anybody has acknowledged it."""

import pytest

from sandbox.talkifai.script import Answer
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.talks import TALKS, talk_on

ANSWER = "Here you are, this is the answer."


@pytest.mark.parametrize("channel", TALKS)
async def test_a_question_whose_worker_died_before_the_acknowledgement_is_answered(
    cluster: Cluster, channel: str
) -> None:
    """D5: the service delivers it again, to the next worker."""
    stage = cluster.stage
    stage.slack.sockets.redelivery_after_s = (0.0, 2.0, 2.0, 2.0, 2.0)
    cluster.answers["are you there?"] = Answer.of(ANSWER)
    talk = talk_on(stage, channel)
    async with Proxy.to(cluster.redis_url) as network:
        worker = await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0")
        # Nothing reaches Redis: the question stays in the worker's hands.
        network.freeze()
        await talk.ask("are you there?")
        if channel == "slack":
            await talk.ledger.until(lambda: bool(stage.slack.deliveries[0].attempts), 30.0)
        else:
            await talk.ledger.until(lambda: bool(stage.telegram.calls_of("getUpdates")), 30.0)
        await worker.kill()
    assert not stage.slack.deliveries or not stage.slack.deliveries[0].acked
    assert channel == "slack" or stage.telegram.pending()

    await cluster.redis.delete(cluster.stores.keys.leader(f"telegram:{stage.telegram.bot.id}"))
    await cluster.start_worker()

    await talk.until_texts(ANSWER)
    assert talk.posted == ["are you there?"]
