"""The workers of a soak: started, killed, paused, stopped and replaced; who of them knows which conversation."""

import asyncio
import time
from dataclasses import dataclass, field

from sandbox.bridge_process import BridgeProcess, NotReady
from tests.fault.cluster import Cluster

_SETTINGS = {"BRIDGE_IDLE_TIMEOUT": "30", "BRIDGE_LOG_LEVEL": "info", "BRIDGE_DRAIN_S": "2"}
"""So short a drain that a stop cuts most of the answers that are being written."""


@dataclass(slots=True)
class Workers:
    """All that run, and what was done to them."""

    cluster: Cluster
    redis_url: str
    running: list[BridgeProcess] = field(default_factory=list)
    killed_at: list[float] = field(default_factory=list)
    """When workers were killed, seconds since the epoch."""
    stopped_at: list[float] = field(default_factory=list)
    """When workers were stopped, by the clock that does not jump."""
    untroubled_since: float = field(default_factory=time.monotonic)
    """Since when no worker was killed or paused."""
    not_ready: int = 0

    async def start(self, index: int | None = None) -> None:
        """Start a worker, in another's place where an index is given. One that cannot start is tried again."""
        while True:
            worker = self.cluster.worker(self.redis_url, **_SETTINGS)
            try:
                await worker.start(ready_within_s=60.0)
            except NotReady:
                self.not_ready += 1
                await asyncio.sleep(1.0)
                continue
            break
        if index is None:
            self.running.append(worker)
        else:
            self.running[index] = worker

    async def kill(self, index: int, start_after_s: float) -> None:
        """Kill one and start another."""
        self.killed_at.append(time.time())
        await self.running[index].kill()
        await asyncio.sleep(start_after_s)
        await self.start(index)
        self.untroubled_since = time.monotonic()

    async def pause(self, index: int, for_s: float) -> None:
        """Let one stand still."""
        worker = self.running[index]
        worker.pause()
        await asyncio.sleep(for_s)
        worker.resume()
        self.untroubled_since = time.monotonic()

    async def stop(self, index: int) -> None:
        """Stop one as a platform does, and start another."""
        self.stopped_at.append(time.monotonic())
        if await self.running[index].stop() < 0:
            self.killed_at.append(time.time())  # it took so long that it was killed
        await self.start(index)

    async def deploy(self) -> None:
        """Stop all at once and start as many."""
        await asyncio.gather(*(self.stop(index) for index in range(len(self.running))))

    def known(self) -> str:
        """Return all that the running workers have said: a conversation that one knows of is named there."""
        return "".join(line for worker in self.running for line in worker.log)
