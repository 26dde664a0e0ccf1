"""All that Redis keeps, as one value."""

from typing import Protocol

from bridge.ports.chat_moves import Places, ReplyRoots
from bridge.ports.coordination import CallBudgets, LeaderLease, Quota
from bridge.ports.sessions import SessionStore
from bridge.ports.work_queue import Inbox, WorkQueue


class Stores(Protocol):
    """All that Redis keeps, behind one connection pool."""

    @property
    def inbox(self) -> Inbox:
        """Where questions wait."""
        ...

    @property
    def queue(self) -> WorkQueue:
        """Which threads have work."""
        ...

    @property
    def sessions(self) -> SessionStore:
        """Which conversations are open."""
        ...

    @property
    def quota(self) -> Quota:
        """TalkifAI's limit."""
        ...

    @property
    def budgets(self) -> CallBudgets:
        """The channels' limits."""
        ...

    @property
    def leader(self) -> LeaderLease:
        """Who leads."""
        ...

    @property
    def reply_roots(self) -> ReplyRoots:
        """Which chain of replies a message is in."""
        ...

    @property
    def places(self) -> Places:
        """What happens to whole places."""
        ...
