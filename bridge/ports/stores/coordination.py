"""Ports to what all workers share: TalkifAI's limit, the channels' limits, who leads. As `bridge.ports`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.domain.limits.rate_limits import CallDecision, CallRequest, Headroom, LiveReply, RateLimit


class Quota(Protocol):
    """TalkifAI's organisation limit, shared by all workers. Raises `StoreUnavailable`."""

    async def take(self, *, is_end: bool) -> float:
        """Count a request and return 0, or return the seconds to wait before asking again.

        A share of the limit is kept free for ends, and one end a minute may be tried whatever was refused.
        """
        ...

    async def observe(self, seen: RateLimit) -> None:
        """Note what TalkifAI said in an answer."""
        ...

    async def refuse(self, retry_after_s: float) -> None:
        """Note a 429: no worker's request goes out before that time, but one end a minute."""
        ...


class CallBudgets(Protocol):
    """The channels' limits, as the services count them. Raises `StoreUnavailable` where workers share them."""

    async def join(self, replies: Sequence[LiveReply], *, again: bool = False) -> Mapping[str, Headroom]:
        """Count replies as live, each for half a minute from now; return how crowded their scopes are, by name.

        What they still need is kept free of in-between edits. To be repeated (`again`) while a reply is live.
        """
        ...

    async def leave(self, replies: Sequence[LiveReply]) -> None:
        """Count replies as live no more."""
        ...

    async def take(self, asked: CallRequest) -> CallDecision:
        """Count a call in all its budgets at once, or say how long to wait before asking again.

        The reply counts as live in what the call reserves, from then on.
        """
        ...

    async def finish(self, asked: CallRequest) -> None:
        """Say that a slow call has ended: it counts from now on."""
        ...

    async def pause(self, scope: str, seconds: float) -> None:
        """Record a 429: no worker calls in this scope before that time."""
        ...


class LeaderLease(Protocol):
    """One holder at a time for each name. Raises `StoreUnavailable`."""

    async def take(self, name: str, holder: str, lease_s: float, *, can_wait_s: float = 0.0) -> bool:
        """Take or keep the lead for that long. False when another worker has it.

        `can_wait_s`: how long this may wait for another request to go along with.
        """
        ...

    async def give_up(self, name: str, holder: str) -> None:
        """Let the next one lead at once. Does nothing if another worker leads."""
        ...


_NEARLY_FULL = 0.7
_MB = 1e6


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """How full the store is."""

    used_bytes: int
    most_bytes: int
    """0 where no bound is known."""

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to act: a full store takes no more questions."""
        return bool(self.most_bytes) and self.used_bytes >= _NEARLY_FULL * self.most_bytes

    def __str__(self) -> str:
        used = f"Redis uses {self.used_bytes / _MB:.1f} MB of its memory"
        return f"{used}, of {self.most_bytes / _MB:.1f} MB" if self.most_bytes else f"{used}, which has no bound"


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What all workers together have before them, and what they did since counting began."""

    open_sessions: int
    ends_waiting: int
    stuck_ends: int
    """Conversations whose end has failed so often that an operator should look."""
    recent_orphans: int
    """Conversations that the bridge cannot end and TalkifAI may not have closed yet: those of the last 30 minutes."""
    queue_depth: int
    """Threads that no worker has taken, though they are due."""
    queue_age_s: float
    """For how long the first of them has been due."""
    dead_letters: int
    counters: Mapping[str, int]
    """How often each thing happened, under names such as `turn.answered`."""
    memory: MemoryUse
    used_today: Mapping[str, int] = field(default_factory=dict)
    """`messages` and `tokens` of all people together, on this day of UTC."""


class StoreHealth(Protocol):
    """What an operator watches of the store itself. Raises `StoreUnavailable`."""

    @property
    def errors(self) -> int:
        """How many commands of this worker failed. Never raises."""
        ...

    async def figures(self) -> StoreFigures:
        """Return all figures, in one exchange."""
        ...

    async def session_ages(self) -> Sequence[float]:
        """Return how long sessions have been open, in seconds: all, or some by chance where there are many."""
        ...

    async def memory(self) -> MemoryUse:
        """Return how full it is."""
        ...
