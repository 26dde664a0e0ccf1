"""What a turn works with: the thread's lease, the turn's record, the channel and the reply."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.domain.incoming import Question
from bridge.domain.turns import Lease, TurnRecord
from bridge.ports.channel import Channel
from bridge.reply.reply import Reply

Guard = Callable[[], Awaitable[None]]
"""Returns while the thread is this worker's. Raises `LeaseLost` when another one has it."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What every turn touches."""

    lease: Lease
    record: TurnRecord
    channel: Channel
    reply: Reply
    wake: Callable[[], None]
    """Says that the reply has changed."""
    guard: Guard

    def asking(self, question: Question) -> "QuestionTurn":
        """Return the turn with the question that is to be asked in it."""
        return QuestionTurn(self.lease, self.record, self.channel, self.reply, self.wake, self.guard, question)


@dataclass(frozen=True, slots=True)
class QuestionTurn(TurnContext):
    """A question that is being answered, and what answering it touches."""

    question: Question
