"""The real workers, as processes: started, killed, started again, and asked what they hold."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sandbox.bridge_process import BridgeProcess, NotReady

State = Literal["starting", "ready", "dead", "stopped"]
_STOP_WITHIN_S = 15.0
_MOST_HELD = 200
_AGAIN_AFTER_S = 0.5


@dataclass(slots=True)
class WorkerSlot:
    """One worker and what is known of it."""

    name: str
    process: BridgeProcess
    state: State = "starting"
    kills: int = 0
    held: dict[str, str] = field(default_factory=dict)
    """Threads that it has spoken of in its log, the newest last, and when."""
    watcher: asyncio.Task[None] | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self, state: State) -> None:
        """Note what has become of the process."""
        self.state = state
        if state == "ready":
            self.ready.set()
        else:
            self.ready.clear()

    def read_log(self) -> None:
        """Take in what the worker has said since the last time, and forget the lines."""
        lines, self.process.log[:] = list(self.process.log), self.process.log[-30:] if self.state != "ready" else []
        for line in lines:
            with suppress(ValueError, AttributeError):
                said = json.loads(line)
                thread = said.get("thread_key")
                if thread:
                    self.held.pop(thread, None)
                    self.held[thread] = str(said.get("timestamp", ""))
        while len(self.held) > _MOST_HELD:
            del self.held[next(iter(self.held))]


class WorkerPool:
    """One worker or two. A worker that dies is started again.

    Args:
        settings: Returns the environment for the next start.
    """

    def __init__(self, settings: Callable[[], Mapping[str, str]], folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self.slots: list[WorkerSlot] = []
        self.starts = 0
        """How many worker processes were started since the beginning."""

    async def add(self) -> WorkerSlot:
        """Start another worker and return when it is ready. Raises `NotReady`."""
        used = {slot.name for slot in self.slots}
        name = next(name for number in range(1, 10) if (name := f"worker {number}") not in used)
        slot = WorkerSlot(name, self._process(name))
        self.slots.append(slot)
        await self._start(slot)
        return slot

    async def remove(self) -> None:
        """Stop the newest worker in order."""
        slot = self.slots.pop()
        await self._stop(slot)

    async def kill(self, slot: WorkerSlot) -> None:
        """Send SIGKILL. The watcher starts it again."""
        slot.kills += 1
        slot.enter("dead")
        await slot.process.kill()

    async def restart(self) -> None:
        """Stop all workers in order and start as many with the settings of now. Raises `NotReady`."""
        await asyncio.gather(*(self._stop(slot) for slot in self.slots))
        for slot in self.slots:
            slot.process = self._process(slot.name)
        await asyncio.gather(*(self._start(slot) for slot in self.slots))

    async def until_ready(self, timeout_s: float = 40.0) -> None:
        """Wait until every worker is ready. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            for slot in self.slots:
                await slot.ready.wait()

    def holder(self, thread: str) -> WorkerSlot | None:
        """Return the worker that spoke of a thread last."""
        for slot in self.slots:
            slot.read_log()
        return max(
            (slot for slot in self.slots if thread in slot.held), key=lambda slot: slot.held[thread], default=None
        )

    async def aclose(self) -> None:
        """Stop them all."""
        slots, self.slots = self.slots, []
        await asyncio.gather(*(self._stop(slot) for slot in slots))

    def _process(self, name: str) -> BridgeProcess:
        return BridgeProcess(self._settings(), self._folder, name.replace(" ", "-"))

    async def _start(self, slot: WorkerSlot) -> None:
        slot.enter("starting")
        self.starts += 1
        await slot.process.start()
        slot.enter("ready")
        slot.watcher = asyncio.create_task(self._watch(slot))

    async def _stop(self, slot: WorkerSlot) -> None:
        if slot.watcher is not None:
            slot.watcher.cancel()
            await asyncio.wait([slot.watcher])
        slot.enter("stopped")
        with suppress(RuntimeError):  # it was never started
            await slot.process.stop(within_s=_STOP_WITHIN_S)

    async def _watch(self, slot: WorkerSlot) -> None:
        """Start the worker again each time that it dies."""
        while True:
            await slot.process.process.wait()
            slot.enter("dead")
            await asyncio.sleep(_AGAIN_AFTER_S)
            slot.enter("starting")
            self.starts += 1
            try:
                await slot.process.start()
            except NotReady:
                continue
            slot.enter("ready")
