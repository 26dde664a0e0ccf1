"""What Redis holds while the outputs of the commands are taken: written by the bridge's own stores, at known times."""

import json
import time
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from adapters.redis_store.client.connection import connect
from adapters.redis_store.schema.codec import ledger_fields, pack
from adapters.redis_store.stores import RedisStores
from bridge.domain.incoming import Origin, Question
from bridge.domain.sessions import Conversation, Ending, EndReason, Session
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import Outcome, Settlement
from sandbox.talkifai.agents import TEXT_AGENT_ID
from sandbox.talkifai.conversations import Record
from sandbox.talkifai.server import TalkifaiStandIn
from tests.contract.store_steps import claim
from tests.outputs.at_noon import NOON

_MINUTE_S, _DAY_S = 60.0, 86_400.0
_SUPPORT, _BILLING = "Support Agent", "Billing Agent"
_SLACK = ThreadKey("slack", "T0SANDBOX", "C0HELP", "1795777201.000100")
_DIRECT = ThreadKey("slack", "T0SANDBOX", "D0ADA", "")
_TELEGRAM = ThreadKey("telegram", "100", "5001", "")


@dataclass(frozen=True, slots=True)
class _Open:
    thread: ThreadKey
    person: str
    agent: str
    open_for_s: float
    ends_in_s: float
    turns: int
    tokens: int


_OPEN = (
    _Open(_TELEGRAM, "5001", _SUPPORT, 12 * _MINUTE_S + 5, 3 * _MINUTE_S, 3, 1_284),
    _Open(_SLACK, "U0ADA", _SUPPORT, 62 * _MINUTE_S, 7.5 * _MINUTE_S, 14, 11_920),
    _Open(_DIRECT, "U0BEN", _BILLING, 40.0, 9 * _MINUTE_S + 48, 1, 402),
)

_ENDED = (
    # days ago, thread, person, agent, turns, tokens
    (6, _SLACK, "U0ADA", _SUPPORT, 8, 6_210),
    (5, _TELEGRAM, "5001", _SUPPORT, 2, 711),
    (2, _SLACK, "U0BEN", _SUPPORT, 21, 17_034),
    (2, _DIRECT, "U0BEN", _BILLING, 4, 2_950),
    (1, _TELEGRAM, "5002", _SUPPORT, 1, 388),
    (0, _SLACK, "U0ADA", _SUPPORT, 12, 9_402),
)
_SET_ASIDE = (
    # hours ago, the oldest first
    (20, _SLACK, "U0ADA", "Please sum up the thread", "its channel did not take the answer for a day", 2),
    (3, _TELEGRAM, "5001", "What does the second line of my invoice mean?", "too many attempts", 5),
)


async def write_known_state(url: str, prefix: str, talkifai: TalkifaiStandIn) -> None:
    """Fill an empty store, and let TalkifAI know of the sessions that are open."""
    redis = connect(url)
    stores = RedisStores(redis, prefix=prefix)
    # As if the server's clock had jumped from noon to today: deadlines leave that out.
    await redis.set(stores.keys.clock, round((time.time() - NOON) * 1000))
    for number, one in enumerate(_OPEN, 1):
        await _open(stores, redis, one, number, talkifai)
    for number, ended in enumerate(_ENDED, 1):
        await _end(stores, redis, number, *ended)
    for hours_ago, thread, person, text, reason, attempts in _SET_ASIDE:
        at_ms = (NOON - hours_ago * 3600) * 1000
        kept = json.dumps(_as_kept(thread, person, text, f"asked-{hours_ago}"))
        letter = {"thread": str(thread), "reason": reason, "attempts": attempts, "at_ms": at_ms, "question": kept}
        await redis.lpush(stores.keys.dead, json.dumps(letter))
    await stores.aclose()


async def _open(stores: RedisStores, redis: Redis, one: _Open, number: int, talkifai: TalkifaiStandIn) -> None:
    """Bind a session as a turn does, and set its idle deadline to a known time."""
    await stores.inbox.append(_question(one.thread, one.person, "hello", f"open-{number}"))
    lease = await claim(stores)
    name, now = _conversation(one.agent, one.person, NOON - one.open_for_s), time.time()
    talkifai.book.conversations[name] = Record(name, TEXT_AGENT_ID, one.agent, one.person, {}, now, now)
    conversation = Conversation(name, talkifai.gate.new_token(name))
    session = Session(
        one.thread,
        conversation,
        one.agent,
        one.person,
        "",
        NOON - one.open_for_s,
        turns=one.turns,
        usage={"total_tokens": one.tokens},
    )
    await stores.sessions.bind(lease, session, 600.0)
    await stores.queue.begin(lease)
    await stores.queue.settle(lease, Settlement(Outcome.COMMAND_DONE, idle_timeout_s=600.0))
    await redis.zadd(stores.keys.idle, {pack(str(one.thread)): (NOON + one.ends_in_s) * 1000})


async def _end(
    stores: RedisStores, redis: Redis, number: int, days: int, thread: ThreadKey, person: str, agent: str, *used: int
) -> None:
    """Write a line of the ledger as the end of a session does."""
    turns, tokens = used
    at_ms = round((NOON - days * _DAY_S - 60 * _MINUTE_S + number * _MINUTE_S) * 1000)
    conversation = Conversation(f"chat_ended_{number}", "")
    session = Session(
        thread, conversation, agent, person, "", at_ms / 1000 - 600, turns, None, {"total_tokens": tokens}
    )
    fields = ledger_fields(Ending(session, EndReason.IDLE, 1, at_ms / 1000))
    flat = [b"ended_ms", str(at_ms).encode(), *fields]
    await redis.xadd(stores.keys.ledger, dict(zip(flat[::2], flat[1::2], strict=True)), id=f"{at_ms}-0")


def _conversation(agent: str, person: str, at: float) -> str:
    """Return an id as TalkifAI makes them."""
    return f"chat_{'3f2b8a54' if agent == _SUPPORT else '9d10c7e2'}_{person.lower()}_{round(at * 1000)}"


def _as_kept(thread: ThreadKey, person: str, text: str, name: str) -> dict[str, Any]:
    """Return a question as an earlier version kept it: its short name in `dead list` is made of all of it."""
    return {
        "id": name,
        "dedupe_keys": [name],
        "thread": str(thread),
        "address": {"account": thread.account, "place": thread.place, "thread": thread.thread, "reply_to": ""},
        "person": {"id": person, "name": "", "handle": ""},
        "text": text,
        "asked_at": NOON,
        "kind": "ask",
        "addressed": True,
        "metadata": {},
    }


def _question(thread: ThreadKey, person: str, text: str, name: str) -> Question:
    origin = Origin(
        id=name,
        dedupe_keys=(name,),
        thread=thread,
        address=Address(thread.account, thread.place, thread.thread),
        person=Person(person),
        asked_at=NOON,
    )
    return Question(origin, text)
