"""A worker that stops, or is killed, in the middle of a reply: the reply is finished, and asked for once."""

import asyncio
import time
import uuid
from functools import partial

import pytest
from redis.asyncio import Redis

from adapters.redis_store import connect
from adapters.redis_store.schema.keys import Keys
from sandbox.talkifai.script import Answer, Say
from tests.conftest import pass_time
from tests.fault.talks import without_status
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

_STORY = " ".join(f"Sentence {number} of the answer." for number in range(1, 33))
_DRAIN_S = 22.0
_KILLED_AFTER_S = 30.0
"""A platform kills a process that is still there so long after SIGTERM."""
_LEASE_S = 30.0


async def _ask_everywhere(scene: Scene, seconds: float) -> list[tuple[Messenger, Talk]]:
    """Ask on both services for an answer that takes that long; return when it has begun to grow."""
    chunks = len(_STORY) / 12
    scene.answers["tell me"] = Answer.of(Say(_STORY, chunk=12, pause_s=seconds / chunks))
    messengers: list[Messenger] = [SlackMessenger(scene), TelegramMessenger(scene)]
    talks = [(messenger, await messenger.ask_in_group("tell me")) for messenger in messengers]
    for messenger, talk in talks:
        await messenger.until_said(talk, "Sentence 1")
        await messenger.ledger.until(partial(_grows, messenger, talk))
    return talks


def _grows(messenger: Messenger, talk: Talk) -> bool:
    return len(messenger.versions(talk)) > 1


async def _check_finished(talks: list[tuple[Messenger, Talk]]) -> None:
    """Wait for the whole answer: in one message, which was there before, and asked for once."""
    for messenger, talk in talks:
        await messenger.until_texts(talk, _STORY, within_s=60.0)
        assert [record.posted for record in messenger.records(talk)] == [["tell me"]]
        seen = [frame.text for frame in messenger.versions(talk)]
        assert len(seen) > 1
        assert all(_STORY.startswith(without_status(text)) for text in seen)


async def test_a_running_reply_is_finished_before_the_worker_stops(own_scene: Scene) -> None:
    """P6: SIGTERM with live streams that fit into the time."""
    bridge = await own_scene.start_bridge()
    talks = await _ask_everywhere(own_scene, 4.0)

    stopped_at = time.monotonic()
    assert await bridge.stop() == 0

    assert time.monotonic() - stopped_at < _DRAIN_S
    await _check_finished(talks)


async def test_a_reply_that_takes_too_long_is_taken_over_by_the_next_worker(own_scene: Scene) -> None:
    """P6: the worker stops in time; another one, which runs already, finishes the reply in the same message."""
    bridge = await own_scene.start_bridge(BRIDGE_DRAIN_S="4")
    talks = await _ask_everywhere(own_scene, 11.0)
    stopped_at = time.monotonic()

    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(bridge.stop(within_s=60.0))
        await own_scene.start_bridge()
    took_s = time.monotonic() - stopped_at
    print(f"the worker stopped after {took_s:.1f} s")  # noqa: T201 - worth watching

    assert stopping.result() == 0
    assert took_s < _KILLED_AFTER_S
    await _check_finished(talks)


async def test_a_worker_killed_in_the_middle_of_a_reply_is_replaced(own_scene: Scene, redis_url: str) -> None:
    """D6: killed after the acknowledgement: the reply, once, in the message that was already there."""
    prefix = f"scenario-{uuid.uuid4().hex[:8]}"
    shared = {"REDIS_URL": redis_url, "BRIDGE_KEY_PREFIX": prefix}
    bridge = await own_scene.start_bridge(**shared)
    talks = await _ask_everywhere(own_scene, 6.0)

    await bridge.kill()
    redis: Redis = connect(redis_url)
    await pass_time(redis, Keys(prefix), _LEASE_S)
    await redis.aclose()
    await own_scene.start_bridge(**shared)

    await _check_finished(talks)
