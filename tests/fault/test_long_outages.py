"""Redis or all workers are away for longer than Slack delivers an event again."""

import asyncio
import time

import pytest

from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold, Say
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.talks import TALKS, talk_on

BEFORE, MEANWHILE = "This is the answer before.", "This is the answer to what was asked meanwhile."
OUTAGE_S = 600.0


@pytest.fixture(autouse=True)
def _answers(cluster: Cluster) -> None:
    cluster.answers["before"] = Answer.of(BEFORE)
    cluster.answers["meanwhile"] = Answer.of(MEANWHILE)


@pytest.mark.parametrize("channel", TALKS)
async def test_what_was_asked_while_no_worker_ran_is_answered(cluster: Cluster, channel: str) -> None:
    """R16: ten minutes, as Redis and Slack see them. Telegram keeps updates for a day, Slack its history."""
    slack = cluster.stage.slack
    worker = await cluster.start_worker()
    talk = talk_on(cluster.stage, channel)
    await talk.ask("before")
    await talk.until_texts(BEFORE)
    await talk.until_taken()
    async with asyncio.timeout(10):
        while (heard := await cluster.stores.records.read("slack:heard", "last")) is None:  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.05)
    await worker.stop(within_s=30.0)

    slack.sockets.time_scale = 0.01
    await talk.ask("meanwhile")
    await slack.sockets.settled()
    assert channel == "telegram" or not slack.deliveries[-1].acked
    await cluster.stores.records.write("slack:heard", "last", f"{min(float(heard), time.time()) - OUTAGE_S:.3f}")
    slack.sockets.time_scale = 1.0
    await cluster.start_worker()

    await talk.until_texts(BEFORE, MEANWHILE)
    assert talk.posted == ["before", "meanwhile"]


@pytest.mark.parametrize("channel", TALKS)
async def test_what_was_asked_while_redis_was_away_is_answered(cluster: Cluster, channel: str) -> None:
    """R16: the worker has it when Slack has given it up."""
    slack = cluster.stage.slack
    await cluster.start_worker()
    talk = talk_on(cluster.stage, channel)
    await talk.ask("before")
    await talk.until_texts(BEFORE)
    await talk.until_taken()

    await cluster.stop_redis()
    slack.sockets.time_scale = 0.01
    await talk.ask("meanwhile")
    await slack.sockets.settled()
    said = "it waits here" if channel == "slack" else "the store is away"
    await talk.ledger.until(lambda: said in cluster.log, 60.0)
    await cluster.start_redis()

    await talk.until_texts(BEFORE, MEANWHILE)
    assert talk.posted == ["before", "meanwhile"]


async def test_in_a_group_an_answer_is_shown_whole_though_redis_hangs_before_its_first_post(cluster: Cluster) -> None:
    """R5: which thread a post belongs to is noted in Redis, and no post waits for that."""
    telegram = cluster.stage.telegram
    ada, group = telegram.person("Ada"), telegram.group("Team")
    place, gates = str(group.id), [Gate(), Gate()]
    first, second = "It begins with enough words to be shown at once. ", "And it goes on, to its end."
    steps = (Hold(gates[0]), Say(first, chunk=60), Hold(gates[1]), Say(second, chunk=60))
    cluster.answers["what is new?"] = Answer.of(*steps)
    async with Proxy.to(cluster.redis_url) as network:
        await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0")
        asked = await telegram.say(ada, group, "what is new?", mention=True)
        await gates[0].reached()
        network.freeze()
        gates[0].open()
        await telegram.ledger.until(lambda: [one.text for one in telegram.ledger.shown(place)] == [first.strip()], 10)
        gates[1].open()
        wanted = [first + second]
        await telegram.ledger.until(lambda: [one.text for one in telegram.ledger.shown(place)] == wanted, 10)
        network.thaw()
        await cluster.at_rest()
        (shown,) = telegram.ledger.shown(place)
        roots = cluster.stores.reply_roots
        # The root is noted in the background once Redis is there: no turn waits for it.
        async with asyncio.timeout(10.0):
            while await roots.root_of(str(telegram.bot.id), place, shown.message_id) is None:  # noqa: ASYNC110 - another process notes it
                await asyncio.sleep(0.05)
    assert await roots.root_of(str(telegram.bot.id), place, shown.message_id) == str(asked)
