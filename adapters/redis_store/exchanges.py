"""What was said last in each thread, so that its next conversation can go on from there."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.schema.codec import Unreadable, queued_from_json
from adapters.redis_store.schema.exchange_codec import exchange_from_json, exchange_to_json
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.sealing import Sealing
from bridge.domain.exchanges import CarryOverLimits, Exchange
from bridge.domain.incoming import Question
from bridge.domain.threads import ThreadKey


class RedisExchanges:
    """The `Exchanges` port on Redis."""

    def __init__(
        self, commands: Commands, keys: Keys, worker: WorkerState, sealing: Sealing, limits: CarryOverLimits
    ) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._worker = worker
        self._sealing = sealing

    async def of_thread(self, thread: ThreadKey) -> Sequence[Exchange]:
        """Return them, oldest first. What cannot be read is left out."""
        found = []
        answered, overheard = await asyncio.gather(
            self._commands.read("ZRANGE", [self._keys.exchanges(thread)], 0, -1),
            self._commands.read("LRANGE", [self._keys.overheard(thread)], 0, -1),
        )
        for raw in answered:
            with suppress(Unreadable):
                found.append(self._sealing.open_exchange(exchange_from_json(raw), thread))
        for raw in overheard:
            with suppress(Unreadable):
                queued = self._sealing.open_queued(queued_from_json(raw), thread)
                if isinstance(queued, Question):
                    found.append(Exchange.kept(queued.text, "", queued.person, queued.origin.asked_at))
        return sorted(found, key=lambda exchange: exchange.at)

    async def add(self, thread: ThreadKey, exchanges: Sequence[Exchange]) -> None:
        """Add what is missing there; the newest of all are kept."""
        kept_ms = milliseconds(self._limits.kept_s)
        written = [
            (round(one.at * 1000), exchange_to_json(self._sealing.close_exchange(one, thread))) for one in exchanges
        ]
        await self._commands.script(
            "restore_exchanges",
            [self._keys.exchanges(thread)],
            [self._limits.exchanges, kept_ms, kept_ms, *(part for one in written for part in one)],
        )

    async def drop(self, thread: ThreadKey) -> None:
        """Forget them."""
        self._worker.exchanges_dropped(thread)
        await self._commands.call("DEL", self._keys.exchanges(thread), self._keys.overheard(thread))
