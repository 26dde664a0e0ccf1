"""Which conversation a thread is bound to, and which are to be ended."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.sessions import Ending, EndReason, Opening, Session, Tick
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease


class SessionStore(Protocol):
    """Which conversation a thread is bound to, and which are to be ended. Raises `StoreUnavailable`."""

    async def current(self, thread: ThreadKey) -> Session | None:
        """Return the session that the thread is bound to."""
        ...

    async def opened_by(self, channel: str, account: str, person_id: str) -> Sequence[Session]:
        """Return the open sessions that this person began, without their tokens, oldest first."""
        ...

    async def note_opening(self, opening: Opening) -> None:
        """Note that a conversation is about to be opened. One that is noted for a minute counts as lost."""
        ...

    async def forget_opening(self, opening_id: str) -> None:
        """Note that nothing is left open of it: nothing was opened, or its end is certain."""
        ...

    async def take_lost_openings(self) -> Sequence[Opening]:
        """Return openings that never came to an end, each to one worker, with its line in the ledger written."""
        ...

    async def possible_orphans(self) -> int:
        """Return how many openings were lost since counting began."""
        ...

    async def bind(self, lease: Lease, session: Session, idle_timeout_s: float, opening_id: str = "") -> None:
        """Bind the thread to a conversation just opened. Raises `LeaseLost`: the caller then ends it on the spot.

        In the same step its opening is forgotten, and a session that the thread was bound to before begins to end, with
        reason `REPLACED`.
        """
        ...

    async def begin_end(self, thread: ThreadKey, conversation_id: str, reason: EndReason) -> bool:
        """Unbind the thread and queue the conversation's end, in one step. False when it was not bound to it."""
        ...

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        """Queue the end of a conversation that never was bound."""
        ...

    async def unbind_idle(self, limit: int) -> int:
        """Begin the end of up to `limit` sessions whose idle deadline has passed; return how many.

        A thread that is leased or has questions waiting is left alone, its deadline moved a little ahead; where no
        worker takes the questions, for five minutes.
        """
        ...

    async def claim_ends(self, limit: int, lease_s: float) -> Sequence[Ending]:
        """Take up to `limit` ends that are due, for that long: no other reaper gets them meanwhile."""
        ...

    async def postpone_end(self, ending: Ending, after_s: float) -> None:
        """Make the end due again after that time."""
        ...

    async def confirm_end(self, ending: Ending) -> bool:
        """Forget the session and its token, and write its line into the ledger. Safe to repeat: one line.

        True at most once for each end.
        """
        ...

    async def tick(self, elapsed_s: float) -> Tick:
        """Look whether anything is due. To be called each second or so; it asks the store only as often as needed.

        Where the store's clock has jumped, all deadlines move along; of several workers, one moves them. Where the
        store has forgotten everything, this worker's part of it is written again, and its conversations are ended.
        `elapsed_s` is what truly passed since this worker's last call.
        """
        ...

    async def counts(self) -> tuple[int, int]:
        """Return how many sessions are open, and how many are being ended."""
        ...
