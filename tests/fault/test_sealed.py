"""With a key, what people and the agent say is readable in Redis at no time, and a thread still goes on."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis_store.schema.sealing import MARK
from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, Talk, talk_on

_LEASE_AND_CLAIM_S = 91.0
KEY = "x7mM0i0f1y6y9mWl8s3m3m3m3m3m3m3m3m3m3m3m3m0="
BEFORE, AFTER, REMARK = "The small plan has ten seats.", "It costs ten a month.", "We are fifteen, says Bob."
ASKED, THEN = "which plan?", "what does it cost?"
_WORDS = (BEFORE[:20], AFTER[:12], REMARK[:12], ASKED, THEN, "eyJhbGciOi", "@example.com")
"""Words of people and of the agent, every token's first letters, and every address."""


async def _all_values(redis: Redis) -> bytes:
    """Return all that Redis keeps, as its clients read it."""
    found: list[Any] = []
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        match kind.decode() if isinstance(kind, bytes) else kind:
            case "string":
                found.append(await redis.get(key) or b"")
            case "hash":
                found += [part for pair in (await redis.hgetall(key)).items() for part in pair]
            case "list":
                found += await redis.lrange(key, 0, -1)
            case "set":
                found += list(await redis.smembers(key))
            case "zset":
                found += await redis.zrange(key, 0, -1)
            case _:
                found.append(repr(await redis.xrange(key)).encode())
    return b"\n".join([*found, b""])


async def _nothing_is_readable(cluster: Cluster) -> None:
    kept = await _all_values(cluster.redis)
    assert MARK.encode() in kept or json.dumps(MARK)[1:-1].encode() in kept
    readable = [words for words in _WORDS if words.encode() in kept]
    assert readable == []


def _word(talk: Talk, word: str) -> str:
    return word if talk.name == "slack" else f"/{word}"


@pytest.mark.parametrize("channel", TALKS)
async def test_a_thread_goes_on_though_nothing_of_it_is_readable_in_redis(cluster: Cluster, channel: str) -> None:
    """A4: while an answer is written, after it, while a person has the thread, and across two workers."""
    gate = Gate()
    cluster.answers |= {ASKED: Answer.of(BEFORE, Hold(gate)), THEN: Answer.of(AFTER)}
    first = await cluster.start_worker(BRIDGE_SECRET_KEY=KEY)
    talk = talk_on(cluster.stage, channel)
    await talk.ask(ASKED)
    await talk.until_shown(BEFORE)
    await cluster.until_recorded(talk.thread)
    await _nothing_is_readable(cluster)
    gate.open()
    await cluster.until_let_go(talk.thread)
    await _nothing_is_readable(cluster)

    await talk.ask(_word(talk, "human"))
    await talk.until_shown("A person")
    await cluster.until_let_go(talk.thread)
    await talk.ask(REMARK)
    await talk.until_taken()
    await cluster.stage.talkifai.book.until(lambda: talk.records[0].ended_at is not None, 30.0)
    await _nothing_is_readable(cluster)
    await talk.ask(_word(talk, "agent"))
    await talk.until_shown("The assistant answers here again.")
    await cluster.until_let_go(talk.thread)

    asking = Gate()
    cluster.stage.talkifai.faults.arm(Fault("ask", hold=asking, refuse=True))
    await talk.ask(THEN)
    await asking.reached()
    await _nothing_is_readable(cluster)
    await first.kill()
    asking.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)
    await cluster.start_worker(BRIDGE_SECRET_KEY=KEY)
    await talk.until_shown(AFTER)
    await cluster.until_let_go(talk.thread)
    assert talk.posted == [ASKED, THEN]
    (carried,) = talk.records[1].carried
    assert f": {ASKED}\nYou: {BEFORE}" in carried
    assert REMARK in carried
    await _nothing_is_readable(cluster)
    await cluster.end_all()
