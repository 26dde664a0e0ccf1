"""Redis forgets everything, or is away for longer than a lease, under a real worker."""

import asyncio

import pytest

from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import WHOLE, Scene, text_streams
from tests.fault.talks import TALKS, talk_on

SHOWN_WITHIN_S = 10.0


async def test_replies_get_whole_and_all_conversations_end_when_redis_forgets(cluster: Cluster) -> None:
    """R3: FLUSHALL in the middle of answers, with another conversation open and idle."""
    await cluster.start_worker()
    idle = talk_on(cluster.stage, "slack")
    await idle.ask("hello")
    await idle.ledger.until(lambda: len(idle.texts) == 1, 30.0)
    await cluster.at_rest()
    scenes = [Scene(cluster, talk_on(cluster.stage, channel), f"going on in {channel}") for channel in TALKS]
    for scene in scenes:
        await text_streams(scene)

    await cluster.redis.flushall()
    await cluster.until_said(cluster.workers[0], "Redis has lost what it kept")
    for scene in scenes:
        scene.open_all()

    for scene in scenes:
        await scene.talk.until_texts(WHOLE)
        assert scene.talk.posted == [scene.question]
        assert scene.talk.never_went_back()
    await cluster.at_rest()
    await cluster.end_all()
    assert cluster.stage.talkifai.book.open_now == 0


async def test_a_person_who_has_a_thread_keeps_it_when_redis_forgets(cluster: Cluster) -> None:
    """R3, M7: the agent is silent until it gets the thread back."""
    worker = await cluster.start_worker(BRIDGE_LOG_LEVEL="debug")
    talk = talk_on(cluster.stage, "slack")
    await talk.ask("human")
    await talk.ledger.until(lambda: len(talk.texts) == 1, 30.0)
    await cluster.at_rest()

    await cluster.redis.flushall()
    await cluster.until_said(worker, "Redis has lost what it kept")
    await talk.ask("We are fifteen, says Bob.")
    await cluster.until_said(worker, "Question overheard")
    await talk.ask("agent")
    await talk.until_shown("The assistant answers here again.")
    await talk.ask("and for fifteen?")
    await talk.until_shown("You asked: and for fifteen?")
    assert talk.posted == ["and for fifteen?"]


@pytest.mark.timeout(150)
async def test_a_worker_alone_shows_its_answers_however_long_redis_is_away(hasty: Cluster) -> None:
    """R5: longer than a lease; the answer is shown whole at once, and asked once."""
    async with Proxy.to(hasty.redis_url) as network:
        await hasty.start_worker(f"redis://127.0.0.1:{network.port}/0")
        scenes = [Scene(hasty, talk_on(hasty.stage, channel), f"going on in {channel}") for channel in TALKS]
        for scene in scenes:
            await text_streams(scene)
        await asyncio.sleep(6.0)  # it has looked who else is there

        await network.cut()
        await asyncio.sleep(hasty.lease_s + 10.0)
        for scene in scenes:
            scene.open_all()
        for scene in scenes:
            await scene.talk.until_texts(WHOLE, within_s=SHOWN_WITHIN_S)
        await network.restore()
        await hasty.at_rest()

        for scene in scenes:
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()
        await hasty.end_all()
        assert hasty.stage.talkifai.book.open_now == 0
