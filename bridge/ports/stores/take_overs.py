"""Port to the threads that people have taken over. As `bridge.ports` says of all ports."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.take_overs import TakeOver
from bridge.domain.threads import ThreadKey


class TakeOvers(Protocol):
    """Which threads people have. `Inbox.append` and `WorkQueue.settle` write them. Raises `StoreUnavailable`."""

    async def of_thread(self, thread: ThreadKey) -> TakeOver | None:
        """Return who has the thread; None where that is the agent."""
        ...

    async def all_threads(self) -> Sequence[TakeOver]:
        """Return all of them, the one that goes back to the agent first in front."""
        ...

    async def overdue(self, limit: int) -> Sequence[TakeOver]:
        """Return those in which nothing was said for too long. To be handed back by `TakeOver.hand_back`."""
        ...
