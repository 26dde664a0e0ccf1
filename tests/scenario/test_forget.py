"""`talkifai-bridge forget PERSON`: nothing of the person is left in Redis, over real sockets and processes."""

import asyncio
import os
import sys
from collections.abc import Mapping

import pytest
from redis.asyncio import Redis

from adapters.redis_store import connect
from adapters.redis_store.schema.codec import unpack
from sandbox.talkifai.script import Answer
from tests.scenario.messengers import MESSENGERS, SlackMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario


async def _forget(settings: Mapping[str, str], person: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bridge", "forget", person),
        env={"PATH": os.environ["PATH"], **settings},
        cwd=settings["BRIDGE_DATA_DIR"].removesuffix("/data"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode()


_READ = {
    "hash": ("HGETALL",),
    "list": ("LRANGE", "0", "-1"),
    "zset": ("ZRANGE", "0", "-1"),
    "set": ("SMEMBERS",),
    "stream": ("XRANGE", "-", "+"),
}


async def _dump(redis: Redis, prefix: str) -> str:
    """Return all that is kept, as text."""
    found = []
    for key in await redis.keys(f"{prefix}:*"):
        kind = unpack(await redis.type(key))
        read = _READ.get(kind, ("GET",))
        value = await redis.execute_command(read[0], key, *read[1:])  # type: ignore[no-untyped-call]  # left bare
        found.append(f"{key!r} {value!r}")
    return "\n".join(found)


@pytest.mark.parametrize("name", ["slack", "telegram"])
async def test_nothing_of_a_person_who_is_forgotten_is_left(own_scene: Scene, redis_url: str, name: str) -> None:
    """A28: sessions, ledger, marks, limits and texts; others keep theirs."""
    prefix = f"forget-{name}"
    shared = {"REDIS_URL": redis_url, "BRIDGE_KEY_PREFIX": prefix}
    await own_scene.start_bridge(**shared)
    messenger = MESSENGERS[name](own_scene)
    own_scene.answers |= {"CANARY one": Answer.of("One."), "mine": Answer.of("Mine.")}
    talk, other = await messenger.ask_directly("CANARY one"), await messenger.ask_directly("mine")
    await messenger.until_texts(talk, "One.")
    await messenger.follow_up(talk, "end" if name == "slack" else "/end")
    await messenger.until_ended(talk)
    await messenger.follow_up(talk, "CANARY one")
    await messenger.until_texts(other, "Mine.")
    await messenger.ledger.until(lambda: len(messenger.replies(talk)) == 3)
    person = talk.person or talk.place
    await asyncio.sleep(0.5)  # the turn is settled a moment after its answer is seen
    async with connect(redis_url) as redis:
        before = await _dump(redis, prefix)
        assert person in before

        code, said = await _forget({**own_scene.settings, **shared}, f"{name}:{person}")

        assert code == 0, said
        assert "Deleted: 2 lines of the ledger" in said
        assert "TalkifAI keeps the conversations" in said
        after = await _dump(redis, prefix)
        left = [line for line in after.splitlines() if person in line or talk.place in line or "CANARY" in line]
        assert left == []
        if isinstance(messenger, SlackMessenger):
            assert f"ada{int(person[1:])}@example.com" not in after
        assert (other.person or other.place) in after
    assert all(record.ended_at is not None for record in messenger.records(talk))
    assert messenger.records(other)[0].ended_at is None


async def test_a_person_that_is_no_channel_and_id_is_refused(own_scene: Scene) -> None:
    code, said = await _forget(own_scene.settings, "ada@example.com")
    assert code == 1
    assert said.startswith("PERSON: is not a channel and an id.")
