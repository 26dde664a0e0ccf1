"""All that Redis keeps, behind one connection pool."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import MovedError

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.exchanges import RedisExchanges
from adapters.redis_store.health import RedisHealth, pairs
from adapters.redis_store.key_value import RedisKeyValueStore
from adapters.redis_store.leader import RedisLeader
from adapters.redis_store.limits.agent_quota import RedisQuota
from adapters.redis_store.limits.allowances import RedisAllowances
from adapters.redis_store.limits.channel_budgets import RedisCallBudgets
from adapters.redis_store.people import RedisPeople
from adapters.redis_store.places import RedisPlaces
from adapters.redis_store.queue.inbox import RedisInbox
from adapters.redis_store.queue.lost_state import LostState
from adapters.redis_store.queue.work_queue import RedisWorkQueue
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.reply_roots import RedisReplyRoots
from adapters.redis_store.schema.codec import Unreadable, queued_from_json, queued_to_json, unpack, unpack_anything
from adapters.redis_store.schema.keys import Keys
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from adapters.redis_store.sessions import RedisSessions
from adapters.redis_store.take_overs import RedisTakeOvers
from bridge.domain.errors import StoreUnavailable
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import reference_of
from bridge.ports.stores.stores import Stores

_ID_CHARACTERS = 8
_MOST_MOVES = 3
"""A node of a cluster names the one that has a key; that may have changed meanwhile."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A question that was set aside."""

    thread: str
    reason: str
    attempts: int
    at: float
    """Seconds since the epoch."""
    question: str
    """As it was kept: JSON, unless that was what was wrong with it."""
    raw: bytes

    @property
    def id(self) -> str:
        """Its short name: the reference that its asker was shown, unless the question cannot be read."""
        try:
            return reference_of(queued_from_json(self.question).id)
        except Unreadable:
            return hashlib.sha256(self.raw).hexdigest()[:_ID_CHARACTERS]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is open, without its token."""

    session: Session
    ends_at: float
    """Its idle deadline, in seconds since the epoch."""


class RedisStores(Stores):
    """The stores on Redis, and what operators read there. Owns the client: `aclose` closes it."""

    def __init__(
        self,
        redis: Redis,
        *,
        prefix: str = "talkifai-bridge",
        limits: StoreLimits | None = None,
        requests_per_minute: int | None = None,
        secret_keys: Sequence[str] = (),
        commands: Callable[[Redis], Commands] = Commands,
    ) -> None:
        limits = limits or StoreLimits()
        reach, keys = commands(redis), Keys(prefix)
        worker = WorkerState()
        self._sealing = sealing = Sealing(secret_keys)
        lost_state = LostState(reach, keys, limits, worker, sealing)
        places = RedisPlaces(reach, keys, limits, sealing)
        super().__init__(
            inbox=RedisInbox(reach, keys, limits, lost_state, sealing),
            queue=RedisWorkQueue(reach, keys, limits, worker, lost_state, sealing),
            sessions=RedisSessions(reach, keys, limits, worker, lost_state, sealing),
            exchanges=RedisExchanges(reach, keys, worker, sealing, limits.carried),
            take_overs=RedisTakeOvers(reach, keys, worker, sealing),
            quota=RedisQuota(reach, keys, requests_per_minute=requests_per_minute),
            budgets=RedisCallBudgets(reach, keys),
            leader=RedisLeader(reach, keys),
            reply_roots=RedisReplyRoots(reach, keys, limits),
            places=places,
            accounts=places,
            allowances=RedisAllowances(reach, keys, limits),
            retention=RedisPeople(reach, keys, limits),
            records=RedisKeyValueStore(reach, keys),
            health=RedisHealth(reach, keys),
        )
        self.keys = keys
        self.commands = reach
        self._worker = worker

    async def open(self) -> None:
        """Find the node that has our keys, give it the scripts, and look for replicas. Raises `StoreUnavailable`."""
        for _ in range(_MOST_MOVES):
            try:
                await self.commands.call("GET", self.keys.epoch)
                break
            except StoreUnavailable as error:
                if not isinstance(error.__cause__, MovedError):
                    raise
        await self.commands.load()
        await self.health.memory()

    async def ledger(self, limit: int) -> list[Mapping[str, Any]]:
        """Return the newest lines of the ledger, newest first. Raises `StoreUnavailable`.

        Each has `channel`, `account`, `place`, `thread`, `person`, `agent`, `conversation`, `opened` and `ended`
        (seconds since the epoch), `reason`, `turns`, `usage` (token counts by name),
        `retries` (turns begun again) and `end_attempts`.
        """
        entries = await self.commands.call("XREVRANGE", self.keys.ledger, "+", "-", "COUNT", limit)
        return [_line({unpack(name): unpack(value) for name, value in fields.items()}) for _, fields in entries]

    async def ratings(self, limit: int) -> list[Mapping[str, Any]]:
        """Return the newest lines on whether answers helped, newest first. Raises `StoreUnavailable`.

        Each has `turn` (its token), `conversation`, `channel`, `account`, `place`, `thread`, `person`, `rating` (`good`
        or `bad`) and `rated` (seconds since the epoch). Of one person's lines on a turn the newest counts.
        """
        entries = await self.commands.call("XREVRANGE", self.keys.ratings, "+", "-", "COUNT", limit)
        lines = [{unpack(name): unpack(value) for name, value in fields.items()} for _, fields in entries]
        return [line | {"rated": float(line.pop("rated_ms")) / 1000} for line in lines]

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        """Return the newest questions that were set aside, newest first. Raises `StoreUnavailable`."""
        letters = []
        for raw in await self.commands.call("LRANGE", self.keys.dead, 0, limit - 1):
            fields = json.loads(unpack_anything(raw))
            at = float(fields["at_ms"]) / 1000
            thread, reason, attempts = fields["thread"], fields["reason"], fields["attempts"]
            letters.append(DeadLetter(thread, reason, attempts, at, self._opened(fields["question"]), raw))
        return letters

    def _opened(self, question: str) -> str:
        """Return a question as JSON with its text decrypted; unchanged if that fails."""
        try:
            return unpack(queued_to_json(self._sealing.open_queued(queued_from_json(question))))
        except Unreadable:
            return question

    async def drop_dead_letter(self, letter: DeadLetter) -> None:
        """Forget a question that was set aside. Raises `StoreUnavailable`."""
        await self.commands.call("LREM", self.keys.dead, 1, letter.raw)

    async def ledger_since(self, at: float) -> list[Mapping[str, Any]]:
        """Return the ledger's lines of sessions that ended since then, as `ledger`, oldest first."""
        entries = await self.commands.call("XRANGE", self.keys.ledger, max(0, round(at * 1000)), "+")
        return [_line({unpack(name): unpack(value) for name, value in fields.items()}) for _, fields in entries]

    async def open_sessions(self) -> list[OpenSession]:
        """Return the open sessions without their tokens, the one that ends first in front."""
        found = []
        for name, deadline_ms in pairs(await self.commands.call("ZRANGE", self.keys.idle, 0, -1, "WITHSCORES")):
            session = await self.sessions.current(ThreadKey.parse(unpack(name)))
            if session is not None:
                bare = replace(session, conversation=Conversation(session.conversation.id, ""))
                found.append(OpenSession(bare, float(deadline_ms) / 1000))
        return found

    @property
    def known_conversations(self) -> list[str]:
        """Those that may be open, as far as this worker knows without asking the server."""
        return [session.conversation.id for session in self._worker.sessions]

    async def ends_waiting(self) -> set[str]:
        """Return the conversations that are to be ended and are not confirmed."""
        return {unpack(name) for name in await self.commands.call("ZRANGE", self.keys.ends, 0, -1)}

    async def counters(self) -> Mapping[str, int]:
        """Return how often each thing happened, under names such as `turn.answered`. Raises `StoreUnavailable`."""
        fields = await self.commands.call("HGETALL", self.keys.counters)
        return {unpack(name): int(count) for name, count in fields.items()}

    async def aclose(self) -> None:
        """Let running commands finish and close all connections."""
        await self.commands.aclose()


def _line(fields: dict[str, str]) -> Mapping[str, Any]:
    ended = float(fields.pop("ended_ms")) / 1000
    return fields | {
        "ended": ended,
        "opened": float(fields["opened"]),
        "turns": int(fields["turns"]),
        "usage": json.loads(fields["usage"]),
        "retries": int(fields.get("retries", 0)),
        "end_attempts": int(fields["end_attempts"]),
    }
