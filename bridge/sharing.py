"""Ports to what all workers share: TalkifAI's limit, and who leads. As `bridge.ports` says of all ports."""

from typing import Protocol

from bridge.models import RateLimit


class Quota(Protocol):
    """TalkifAI's organisation limit, shared by all workers. Raises `StoreUnavailable`."""

    async def take(self, *, is_end: bool) -> float:
        """Count a request and return 0, or return the seconds to wait before asking again.

        A share of the limit is kept free for ends.
        """
        ...

    async def observe(self, seen: RateLimit) -> None:
        """Note what TalkifAI said in an answer."""
        ...

    async def refuse(self, retry_after_s: float) -> None:
        """Note a 429: no worker's request goes out before that time."""
        ...


class LeaderLease(Protocol):
    """One holder at a time for each name. Raises `StoreUnavailable`."""

    async def take(self, name: str, holder: str, lease_s: float) -> bool:
        """Take or keep the lead for that long. False when somebody else has it."""
        ...

    async def give_up(self, name: str, holder: str) -> None:
        """Let the next one lead at once. Does nothing where somebody else leads."""
        ...
