"""The wait for work: a bell that any worker rings, and another one for the stops of this worker's answers."""

import asyncio

from adapters.redis_store.client.commands import LONGEST_POP_S, Commands
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.schema.codec import unpack
from adapters.redis_store.schema.keys import Keys

SHORTEST_POP_S = 0.01
"""Redis takes 0 for "without end"."""
LONGEST_WAIT_S = 10.0
"""How long to wait for the next claim if nothing rings: a worker that dies between ring and claim loses the ring."""


class Bell:
    """Waits for one worker. If several wait, each ring wakes one."""

    def __init__(self, commands: Commands, keys: Keys, worker: WorkerState) -> None:
        self._commands = commands
        self._bell = keys.bell
        self._stops = keys.stops(worker.name)
        self._ear = asyncio.Lock()
        self.next_due_s = LONGEST_WAIT_S
        """How long after the last claim a thread comes due by itself."""

    async def wait(self, timeout_s: float, *, for_stops_only: bool) -> str | None:
        """As `WorkQueue.wait_for_work`."""
        at_most_s = min(timeout_s, LONGEST_WAIT_S)
        if not for_stops_only:
            at_most_s, self.next_due_s = min(at_most_s, self.next_due_s), LONGEST_WAIT_S
        try:
            async with asyncio.timeout(at_most_s):
                await self._ear.acquire()
        except TimeoutError:
            return None
        try:
            rings = [self._stops] if for_stops_only else [self._stops, self._bell]
            rang = await self._commands.pop(rings, min(max(SHORTEST_POP_S, at_most_s), LONGEST_POP_S))
            if rang is None and at_most_s > LONGEST_POP_S:
                rang = await self._commands.pop(rings, at_most_s - LONGEST_POP_S)
        finally:
            self._ear.release()
        return unpack(rang[1]) if rang is not None and rang[0] == self._stops else None
