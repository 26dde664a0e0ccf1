"""What was said last in each thread, and its summary, so that its next conversation can go on from there."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.schema.codec import Unreadable, pack, queued_from_json
from adapters.redis_store.schema.exchange_codec import (
    exchange_from_json,
    exchange_to_json,
    summary_from_json,
    summary_to_json,
)
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.sealing import Sealing
from bridge.domain.exchanges import CarryOverLimits, Exchange, Summary
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

    async def drop(self, thread: ThreadKey, at: float) -> None:
        """Forget them, and what a running worker or TalkifAI's history could bring back."""
        self._worker.exchanges_dropped(str(thread), at)
        await self._commands.script(
            "drop_exchanges", [self._keys.drops, *self._of(thread)], [str(thread), milliseconds(at)]
        )

    async def summary(self, thread: ThreadKey) -> Summary | None:
        """Return the summary from which the thread goes on; None if there is none, or it cannot be read."""
        raw = await self._commands.read("GET", [self._keys.summary(thread)])
        with suppress(Unreadable):
            return None if raw is None else self._sealing.open_summary(summary_from_json(thread, raw))
        return None

    async def begin_summary(self, thread: ThreadKey, conversation_id: str) -> None:
        """Note that the length of the conversation's history is not known."""
        await self._commands.script("begin_summary", [self._keys.session(thread)], [pack(conversation_id)])

    async def keep_summary(self, summary: Summary, usage: Mapping[str, int]) -> bool:
        """Keep a summary and begin to end its conversation, in one step."""
        keys, thread = self._keys, summary.thread
        self._worker.may_be_due = True
        kept = await self._commands.durable_script(
            "keep_summary",
            [keys.session(thread), keys.idle, keys.endings, keys.ends, keys.clock, keys.summary(thread)],
            [
                *(str(thread), pack(summary.conversation_id), summary_to_json(self._sealing.close_summary(summary))),
                *(milliseconds(self._limits.kept_s), *(part for pair in usage.items() for part in pair)),
            ],
        )
        return bool(kept)

    def _of(self, thread: ThreadKey) -> tuple[str, ...]:
        return self._keys.exchanges(thread), self._keys.overheard(thread), self._keys.summary(thread)
