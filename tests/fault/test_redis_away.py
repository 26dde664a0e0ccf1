"""Redis goes away, comes back, restarts."""

import time

import pytest

from sandbox.talkifai.script import Answer
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import BEGIN, MIDDLE, REST, WHOLE, Scene, text_streams
from tests.fault.talks import TALKS, talk_on

ANSWER = "Here you are, this is the answer."


@pytest.mark.parametrize("channel", TALKS)
async def test_an_event_that_comes_while_redis_is_down_is_delivered_again(cluster: Cluster, channel: str) -> None:
    """P1: not acknowledged, so the service delivers it again."""
    stage = cluster.stage
    stage.slack.sockets.redelivery_after_s = (0.0, 4.0, 4.0, 4.0)
    cluster.answers["are you there?"] = Answer.of(ANSWER)
    await cluster.start_worker()
    talk = talk_on(stage, channel)
    await cluster.stop_redis()

    await talk.ask("are you there?")
    if channel == "slack":
        await talk.ledger.until(lambda: len(stage.slack.deliveries[-1].attempts) >= 2, 30.0)
        assert not stage.slack.deliveries[-1].acked
    else:
        await talk.ledger.until(lambda: "the store is away" in cluster.log, 30.0)
        assert stage.telegram.pending()
    await cluster.start_redis()

    await talk.until_texts(ANSWER)
    assert talk.posted == ["are you there?"]
    if channel == "telegram":
        await talk.ledger.until(lambda: not stage.telegram.pending(), 30.0)
    else:
        await talk.ledger.until(lambda: stage.slack.deliveries[0].acked, 30.0)


async def test_a_running_answer_is_completed_while_redis_is_away(cluster: Cluster) -> None:
    """P2: away mid-stream, for longer than a lease; the question is not asked again."""
    async with Proxy.to(cluster.redis_url) as network:
        for _ in range(2):
            await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0")
        scenes = [Scene(cluster, talk_on(cluster.stage, channel), f"going on in {channel}") for channel in TALKS]
        unseen = [Scene(cluster, talk_on(cluster.stage, channel), f"first words in {channel}") for channel in TALKS]
        for scene in scenes:
            await text_streams(scene)
        for scene in unseen:
            scene.answer_in_parts("", WHOLE)
            await scene.ask()
            await scene.agent_gates[0].reached()

        await network.cut()
        for scene in (*scenes, *unseen):
            scene.open_all()
        for scene in (*scenes, *unseen):
            await scene.talk.until_texts(WHOLE)
        await cluster.expire_leases(*(scene.talk.thread for scene in (*scenes, *unseen)))
        await network.restore()
        await cluster.at_rest()

        for scene in (*scenes, *unseen):
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()


async def test_a_half_open_redis_is_noticed_and_work_goes_on_when_it_thaws(cluster: Cluster) -> None:
    """P2: every connection to Redis stands, and nothing comes through."""
    async with Proxy.to(cluster.redis_url) as network:
        await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0?socket_timeout=1")
        scene = Scene(cluster, talk_on(cluster.stage, "slack"), "going on")
        scene.answer_in_parts(BEGIN, MIDDLE, REST)
        await scene.ask()
        await scene.talk.until_shown(BEGIN.strip())

        network.freeze()
        scene.open_all()
        await cluster.until_said(cluster.workers[0], "store does not answer", 60.0)
        network.thaw()

        await scene.talk.until_texts(WHOLE)
        await cluster.at_rest()
        assert scene.talk.posted == [scene.question]


async def test_all_is_normal_soon_after_redis_restarted(cluster: Cluster) -> None:
    """P3: a restart in the middle of answers; new questions are answered within 10 s."""
    cluster.answers["and now?"] = Answer.of(ANSWER)
    await cluster.start_worker()
    scenes = [Scene(cluster, talk_on(cluster.stage, channel), f"going on in {channel}") for channel in TALKS]
    for scene in scenes:
        await text_streams(scene)
    await cluster.stop_redis()
    for scene in scenes:
        scene.open_all()
    await cluster.until_said(cluster.workers[0], "store does not answer")

    await cluster.start_redis()
    began = time.monotonic()
    later = [talk_on(cluster.stage, channel) for channel in TALKS]
    for talk in later:
        await talk.ask("and now?")
    for talk in later:
        await talk.until_texts(ANSWER)
    assert time.monotonic() - began < 10.0

    for scene in scenes:
        await scene.talk.until_texts(WHOLE)
        assert scene.talk.posted == [scene.question]
    await cluster.at_rest()
    await cluster.end_all()
    assert cluster.stage.talkifai.book.open_now == 0
