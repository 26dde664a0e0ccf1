"""What an operator watches of the server itself, and of what it holds."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.client.server_check import memory_use
from adapters.redis_store.schema.codec import unpack
from adapters.redis_store.schema.keys import Keys
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey
from bridge.ports.stores.coordination import MemoryUse, StoreFigures

_STUCK_ATTEMPTS = 20
"""In an hour an end is tried sixty times."""
_ORPHAN_S = 1800.0
"""TalkifAI expires a session after that long without activity."""
_LEDGER_LINES = 1000
_MOST_AGES = 500
_DAY_S = 86_400


class RedisHealth:
    """The `StoreHealth` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    @property
    def errors(self) -> int:
        """How many commands of this worker failed."""
        return self._commands.errors

    async def memory(self) -> MemoryUse:
        """Return how full the server is. Also looks for replicas that a durable write can wait for."""
        memory, replication = await self._commands.calls([("INFO", "memory"), ("INFO", "replication")])
        self._commands.has_replicas = bool(replication.get("connected_slaves"))
        return memory_use(memory)

    async def figures(self) -> StoreFigures:
        """Return all figures, in one exchange. Ages are by this machine's clock."""
        keys, now_ms = self._keys, round(time.time() * 1000)
        opened, ends, attempts, lost, depth, first, dead, counters, used, memory = await self._commands.calls(
            [
                ("ZCARD", keys.idle),
                ("ZCARD", keys.ends),
                ("HVALS", keys.end_attempts),
                ("XREVRANGE", keys.ledger, "+", now_ms - round(_ORPHAN_S * 1000), "COUNT", _LEDGER_LINES),
                ("ZCOUNT", keys.due, "-inf", now_ms),
                ("ZRANGE", keys.due, 0, 0, "WITHSCORES"),
                ("LLEN", keys.dead),
                ("HGETALL", keys.counters),
                ("HGETALL", keys.allowance("total")),
                ("INFO", "memory"),
            ]
        )
        return StoreFigures(
            open_sessions=int(opened),
            ends_waiting=int(ends),
            stuck_ends=sum(int(one) >= _STUCK_ATTEMPTS for one in attempts),
            recent_orphans=sum(_is_lost(fields) for _, fields in lost),
            queue_depth=int(depth),
            queue_age_s=max(0.0, (now_ms - pairs(first)[0][1]) / 1000) if int(depth) else 0.0,
            dead_letters=int(dead),
            counters={unpack(name): int(count) for name, count in counters.items()},
            used_today=_of_today({unpack(name): unpack(value) for name, value in used.items()}),
            memory=memory_use(memory),
        )

    async def session_ages(self) -> Sequence[float]:
        """Return how long sessions have been open, in seconds: all, or some by chance where there are many."""
        keys, now = self._keys, time.time()
        threads = await self._commands.call("ZRANDMEMBER", keys.idle, _MOST_AGES)
        sessions = [keys.session(ThreadKey.parse(unpack(name))) for name in threads]
        opened = await self._commands.calls([("HGET", session, "opened_at") for session in sessions])
        return [max(0.0, now - float(at)) for at in opened if at is not None]


def _of_today(used: Mapping[str, str]) -> Mapping[str, int]:
    """Read what all people together used today, by UTC. Another day's use counts as nothing."""
    is_today = used.get("day") == str(int(time.time() // _DAY_S))
    return {unit: int(used.get(unit, 0)) if is_today else 0 for unit in ("messages", "tokens")}


def _is_lost(fields: Mapping[bytes, bytes]) -> bool:
    return any(unpack(name) == "reason" and unpack(value) == EndReason.LOST for name, value in fields.items())


def pairs(found: Sequence[Any]) -> list[tuple[bytes, float]]:
    """Read members and scores, in whichever form the library gives them: one flat list, or one of pairs."""
    if found and isinstance(found[0], list | tuple):
        return [(member, float(score)) for member, score in found]
    return [(member, float(score)) for member, score in zip(found[::2], found[1::2], strict=True)]
