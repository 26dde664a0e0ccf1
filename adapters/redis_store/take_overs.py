"""Which threads people have taken over."""

import json
from collections.abc import Mapping, Sequence

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.schema.codec import unpack
from adapters.redis_store.schema.keys import Keys
from adapters.redis_store.schema.sealing import Sealing
from bridge.domain.take_overs import TakeOver
from bridge.domain.threads import Address, Person, ThreadKey

_MOST_REMEMBERED = 1000
"""About 0.5 KB each."""


class RedisTakeOvers:
    """The `TakeOvers` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, worker: WorkerState, sealing: Sealing) -> None:
        self._commands = commands
        self._keys = keys
        self._worker = worker
        self._sealing = sealing

    async def of_thread(self, thread: ThreadKey) -> TakeOver | None:
        """Return who has the thread; None where that is the agent."""
        flat = await self._commands.read("HGETALL", [self._keys.taken(thread)])
        return self._opened(thread, dict(zip(flat[::2], flat[1::2], strict=True)))

    async def all_threads(self) -> Sequence[TakeOver]:
        """Return all of them, sorted by when they go back to the agent."""
        return await self._read(await self._commands.call("ZRANGE", self._keys.taken_due, 0, -1))

    async def overdue(self, limit: int) -> Sequence[TakeOver]:
        """Return those in which nothing was said for too long. Remembers all, in case the server forgets them."""
        keys = self._keys
        await self._remember()
        return await self._read(await self._commands.script("overdue", [keys.taken_due, keys.clock], [limit]))

    async def _remember(self) -> None:
        """Read the threads that people have. A server that has just forgotten everything does not know them."""
        due = await self._commands.call("ZRANGE", self._keys.taken_due, 0, _MOST_REMEMBERED - 1)
        threads = [ThreadKey.parse(unpack(name)) for name in due]
        *records, epoch = await self._commands.calls(
            [*(("HGETALL", self._keys.taken(thread)) for thread in threads), ("GET", self._keys.epoch)]
        )
        if epoch is not None and unpack(epoch) == self._worker.epoch:
            flat = [[part for pair in record.items() for part in pair] for record in records]
            self._worker.taken = {thread: fields for thread, fields in zip(threads, flat, strict=True) if fields}

    async def _read(self, names: Sequence[bytes]) -> Sequence[TakeOver]:
        threads = [ThreadKey.parse(unpack(name)) for name in names]
        kept = await self._commands.calls([("HGETALL", self._keys.taken(thread)) for thread in threads])
        found = [self._opened(thread, raw) for thread, raw in zip(threads, kept, strict=True)]
        return [one for one in found if one is not None]

    def _opened(self, thread: ThreadKey, raw: Mapping[bytes, bytes]) -> TakeOver | None:
        fields = {unpack(name): unpack(value) for name, value in raw.items()}
        if not fields:
            return None
        return _take_over(thread, fields, self._sealing.open_name(fields["name"], thread, fields["person"]))


def _take_over(thread: ThreadKey, fields: Mapping[str, str], name: str) -> TakeOver:
    address = json.loads(fields["address"])
    return TakeOver(
        thread=thread,
        address=Address(address["account"], address["place"], address.get("thread", ""), address.get("reply_to", "")),
        person=Person(fields["person"], name),
        since=float(fields["since_ms"]) / 1000,
        by_agent=fields.get("by_agent") == "1",
    )
