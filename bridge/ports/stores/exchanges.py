"""Port to what was said in a thread. As `bridge.ports` says of all ports."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.exchanges import Exchange
from bridge.domain.threads import ThreadKey


class Exchanges(Protocol):
    """The last exchanges of each thread, and what was said while a person had it. Raises `StoreUnavailable`.

    `WorkQueue.settle` adds exchanges, `Inbox` the rest.
    """

    async def of_thread(self, thread: ThreadKey) -> Sequence[Exchange]:
        """Return them, oldest first."""
        ...

    async def add(self, thread: ThreadKey, exchanges: Sequence[Exchange]) -> None:
        """Add what is missing there; the newest of all are kept."""
        ...

    async def drop(self, thread: ThreadKey) -> None:
        """Forget them."""
        ...
