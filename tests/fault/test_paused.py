"""Workers that are silent for longer than their lease, in real time."""

import time

from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import BEGIN, MIDDLE, REST, WHOLE, Scene, text_streams
from tests.fault.talks import TALKS, talk_on

RECOVERED_WITHIN_S = 60.0


async def test_a_paused_and_a_cut_off_worker_ask_and_undo_nothing_once_others_have_their_threads(
    hasty: Cluster,
) -> None:
    """D8: silent beyond the lease; D6: the reply is complete within 60 s. Nothing is moved in Redis here."""
    hasty.stage.slack.sockets.redelivery_after_s = (0.0, 2.0, 2.0, 2.0)
    async with Proxy.to(hasty.redis_url) as network:
        paused = await hasty.start_worker()
        scenes = [Scene(hasty, talk_on(hasty.stage, channel), f"before in {channel}") for channel in TALKS]
        for scene in scenes:
            await text_streams(scene)
        paused.pause()
        began = time.monotonic()

        cut_off = await hasty.start_worker(f"redis://127.0.0.1:{network.port}/0")
        alone = Scene(hasty, talk_on(hasty.stage, "slack"), "from a worker that Redis cannot hear")
        alone.answer_in_parts(BEGIN, MIDDLE, REST)
        await alone.ask()
        await alone.talk.until_shown(BEGIN.strip())
        await hasty.until_recorded(alone.talk.thread)
        await network.cut()
        fence = await hasty.fence_of(alone.talk.thread)

        await hasty.start_worker()
        meanwhile = [talk_on(hasty.stage, channel) for channel in TALKS for _ in range(2)]
        for talk in meanwhile:
            await talk.ask("asked while one of them stands still")
        for scene in scenes:
            scene.open_all()
        for scene in scenes:
            await scene.talk.until_texts(WHOLE, within_s=RECOVERED_WITHIN_S)
        assert time.monotonic() - began < RECOVERED_WITHIN_S

        # The stream still goes to the worker that is cut off. It cannot tell this from an outage for all: it goes on.
        await hasty.until_fence_is_above(fence, alone.talk.thread)
        alone.agent_gates[0].open()
        await alone.agent_gates[1].reached()
        await alone.talk.until_shown((BEGIN + MIDDLE).strip())
        alone.open_all()
        await alone.talk.until_texts(WHOLE)

        paused.resume()
        await network.restore()
        for scene in scenes:
            await hasty.until_lost(paused, scene.talk.thread)
        await hasty.until_lost(cut_off, alone.talk.thread)
        for talk in meanwhile:
            await talk.ledger.until(lambda talk=talk: len(talk.replies) == 1, 30.0)  # type: ignore[misc]  # bound now
        await hasty.at_rest()

        for scene in (*scenes, alone):
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()
        assert all(len(talk.posted) == 1 for talk in meanwhile)
