"""Port to what was said in a thread. As `bridge.ports` says of all ports."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.domain.exchanges import Exchange, Summary
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

    async def drop(self, thread: ThreadKey, at: float) -> None:
        """Forget them, with the summary, and what was said by `at`: seconds since the epoch, by the asking clock."""
        ...

    async def summary(self, thread: ThreadKey) -> Summary | None:
        """Return the summary from which the thread goes on."""
        ...

    async def begin_summary(self, thread: ThreadKey, conversation_id: str) -> None:
        """Note that the conversation's history is about to grow by what no turn tells of."""
        ...

    async def keep_summary(self, summary: Summary, usage: Mapping[str, int]) -> bool:
        """Keep a summary and begin to end its conversation, in one step. False where the thread has another one.

        `usage`: the tokens that it took, for the ledger.
        """
        ...
