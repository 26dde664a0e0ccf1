"""Redis's own clock, which is set back and forward, and what may come of that until a worker has noticed."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

EPOCH = 1_700_000_000.0
_BETWEEN_JUMPS_S = 10.0
_HEARTBEAT_S = 10.0 + 1.0
"""How often a worker renews its leases, and a moment for the call under way."""


@dataclass
class Jump:
    """One step of the clock."""

    by_s: float
    at: float
    """Of the loop's time, which knows no steps."""
    noticed_at: float = float("inf")

    def is_unnoticed_at(self, at: float) -> bool:
        return self.at <= at <= self.noticed_at


@dataclass
class ServerClock:
    """Keeps the book of all jumps, and of who has looked at the clock since when."""

    loop: asyncio.AbstractEventLoop
    jumps: list[Jump] = field(default_factory=list)
    looks: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each worker, by its name, looked at the clock."""
    taken_early: dict[str, float] = field(default_factory=dict)
    """Threads, by name, that were claimed while a lease was good but for a jump, and when: two are at work."""
    wrote_unnoticed: bool = False
    """A deadline was written by a clock that had jumped, before anybody noticed: it is moved along with the others."""

    @property
    def ahead_s(self) -> float:
        return sum(jump.by_s for jump in self.jumps)

    @property
    def has_unnoticed(self) -> bool:
        return any(jump.noticed_at == float("inf") for jump in self.jumps)

    def now(self) -> float:
        return EPOCH + self.ahead_s + self.loop.time()

    @property
    def settles_in_s(self) -> float:
        """How long the clock still stands by its last jump: no clock is set twice in a moment."""
        return max(self.jumps[-1].at + _BETWEEN_JUMPS_S - self.loop.time(), 0.0) if self.jumps else 0.0

    def jump(self, by_s: float) -> None:
        self.jumps.append(Jump(by_s, self.loop.time()))

    def saw_look(self, worker: str, absorbed_s: float) -> None:
        """Note that a worker compared the clocks, and moved the deadlines by that much."""
        now = self.loop.time()
        self.looks[worker].append(now)
        if absorbed_s:
            for jump in self.jumps:
                jump.noticed_at = min(jump.noticed_at, now)

    def explains_claim(self, thread: str, held_at: float) -> bool:
        """Say whether a jump has ended a lease before its time, and note it.

        The jump came after the lease was last written; or that was written by a clock whose jump no worker had noticed.
        """
        now = self.loop.time()
        if not any(jump.at <= now and jump.noticed_at >= held_at for jump in self.jumps):
            return False
        self.taken_early[thread] = now
        return True

    def excuses_two_at_work(self, thread: str) -> bool:
        """Say whether a worker may still write in a thread that another one has: until it renews its leases."""
        return self.loop.time() - self.taken_early.get(thread, float("-inf")) <= _HEARTBEAT_S

    def excuses(self, worker: str, active_at: float) -> bool:
        """Say whether a worker may end a session early that was last active at that time.

        Its deadline was written after a jump that no worker had noticed; or the worker could not notice the jump. That
        takes a look before it, and one after it, and no other worker that noticed one in between. A jump between a
        look and the rest of its sweep comes too late for that one.
        """
        now = self.loop.time()
        *_, before, last = (float("inf"), float("inf"), *self.looks[worker])
        begins_anew = any(before < jump.noticed_at <= now for jump in self.jumps)
        return any(
            jump.is_unnoticed_at(active_at)
            or (jump.is_unnoticed_at(now) and (before >= jump.at or last <= jump.at or begins_anew))
            for jump in self.jumps
        )
