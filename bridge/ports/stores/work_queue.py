"""Ports to the questions that wait, and to the threads that have work. As `bridge.ports` says of all ports."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.domain.files import FileMark
from bridge.domain.incoming import Edit, IntakeResult, Question, Queued, Rating, Remark, Stop, Withdrawal
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, InboxItem, Lease, Renewal, Settlement, Step


class Inbox(Protocol):
    """Where questions and commands wait, one queue for each thread. Raises `StoreUnavailable`."""

    async def append(self, queued: Queued, per_hour: int = 0, *, interrupts: bool = False) -> IntakeResult:
        """Remove duplicates and append, in one step; count it for the person's hour, or `OVER` where that is used up.

        A thread that accepted an addressed question is known from then on. A question that waits for more of the
        same person (`joins_within_s`) may be begun after that time, and what comes until then is added to it.

        `CommandName.HUMAN` gives the thread to a person in the same step: the answer at work is stopped, the session
        ends, and what waits, or comes from then on, is kept for the agent (`OVERHEARD`). `AGENT` gives it back.
        `ALREADY` where nothing is to change, `NOT_YOURS` where this person may not.

        Args:
            queued: What is asked.
            per_hour: How many questions the person may ask in an hour; 0: it is not counted.
            interrupts: In the same step the running answer to the same person is stopped, and what that person asked
                in between is passed over (`TurnRecord.is_superseded`).
        """
        ...

    async def place_of(self, queued: Queued) -> int:
        """Return behind how many others it waits; 0 where it does not."""
        ...

    async def overhear(self, remark: Remark) -> IntakeResult:
        """Keep what was said, where a person has the thread: `OVERHEARD`, else `NOT_ADDRESSED`; or `DUPLICATE`."""
        ...

    async def stop(self, stop: Stop) -> IntakeResult:
        """Mark the turn at the head of the thread as stopped.

        `STOPPED`, `NOTHING` (also where that is another turn than the one it is about), `NOT_YOURS` or `DUPLICATE`.
        """
        ...

    async def rate(self, rating: Rating) -> IntakeResult:
        """Write down whether an answer helped: `RATED`, `NOTHING` where it cannot be rated any more, or `DUPLICATE`."""
        ...

    async def note_wordless(self, thread: ThreadKey) -> IntakeResult:
        """Say whether to post that only text is read: `WORDLESS`, or `DUPLICATE` after a recent notice there.

        `OVERHEARD` where a person has the thread: the agent is silent there.
        """
        ...

    async def amend(self, change: Edit | Withdrawal) -> IntakeResult:
        """Change or drop a question that still waits: `AMENDED`.

        `ASKED_ANEW` where it is being answered: that stops, and its new words are asked next, once. `OFFERED` where
        those are being answered, or it was the last to be answered: `retry` asks the new words. `NOT_ADDRESSED`
        otherwise. Deleting changes nothing of an answer, but the question cannot be tried again.
        """
        ...


class WorkQueue(Protocol):
    """Threads that have work, each held by one worker at a time. Raises `StoreUnavailable`."""

    async def claim(self) -> Lease | None:
        """Take a due thread, person by person, for the length of a lease; None when none is due."""
        ...

    @property
    def is_alone(self) -> bool:
        """Whether no other worker was seen when the store was last looked at. It was seen if it lived a minute ago."""
        ...

    @property
    def is_more_due(self) -> bool:
        """Whether the last claim left a thread that was due. Where it left none, the bell rings for the next one."""
        ...

    async def renew(self, leases: Sequence[Lease], *, can_wait_s: float = 0.0) -> Renewal:
        """Move the leases ahead. A thread that the store has forgotten is taken back, with the turn at work there.

        `can_wait_s`: how long this may wait for another request to go along with.
        """
        ...

    async def begin(self, lease: Lease) -> InboxItem | None:
        """Read the head of the thread's inbox and count an attempt; None when it is empty. Raises `LeaseLost`."""
        ...

    async def record_sending(
        self, lease: Lease, conversation_id: str, history_count: int, wording: str = "", *, asked_again: int = 0
    ) -> None:
        """Note that the question is about to be sent, in this wording: step `SENDING`. Raises `LeaseLost`.

        An empty wording stands for the question's text. `asked_again`: how often its answer was cut by us before.
        """
        ...

    async def record_cut(self, lease: Lease, characters: int) -> None:
        """Note that the bridge hangs up on the answer, of which so much had come. Raises `LeaseLost`."""
        ...

    async def record_shown(self, lease: Lease, message_ids: Sequence[str], text: str, *, has_begun: bool) -> None:
        """Note what people see or are about to see: the reply's messages, and the agent's text so far.

        `has_begun` says that the agent has said or done something. Raises `LeaseLost`.
        """
        ...

    async def record_answer(self, lease: Lease, text: str, asked: AnswerResult) -> None:
        """Note the agent's whole text and how asking came out: step `ANSWERED`. Raises `LeaseLost`."""
        ...

    async def record_files(self, lease: Lease, files: Mapping[str, FileMark]) -> None:
        """Note how far the files of the answer have come, by their names. Raises `LeaseLost`."""
        ...

    async def record_step(self, lease: Lease, step: Step) -> None:
        """Set the step alone, as when the history showed that a question never arrived. Raises `LeaseLost`."""
        ...

    async def settle(self, lease: Lease, settlement: Settlement) -> bool:
        """Remove the head question and its record and update the session, in one step.

        Where the place is gone (`Outcome.UNDELIVERABLE`), all that waits in the thread comes to the same end.
        Returns True when the thread has more work; the lease is kept then, else given up. Raises `LeaseLost`.
        """
        ...

    async def unanswered(self, thread: ThreadKey) -> Question | None:
        """Return the thread's last question where its answer did not come out whole, for a day."""
        ...

    async def is_superseded(self, thread: ThreadKey) -> bool:
        """Say whether the turn at work was stopped for a newer question."""
        ...

    async def release(self, lease: Lease, after_s: float = 0.0, *, counts: bool = True) -> None:
        """Give the thread back, to be taken again after that time. Does nothing where the lease was lost.

        `counts`: False where the turn's beginning is not to count as an attempt.
        """
        ...

    async def dead_letter(self, lease: Lease, reason: str, idle_timeout_s: float) -> bool:
        """Move the head question to the dead letters, with its reason. Returns as `settle`. Raises `LeaseLost`."""
        ...

    async def wait_for_work(self, timeout_s: float, *, for_stops_only: bool = False) -> str | None:
        """Return when the bell rings, or after that time. May return early.

        Returns the id of a question at work here whose answer a person stopped, if that rang.
        `for_stops_only`: this worker has no room for more work.
        """
        ...
