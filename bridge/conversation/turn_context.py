"""What a turn works with: the thread's lease, the turn's record, the channel and the reply."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.access.routes import Routed
from bridge.domain.incoming import Question
from bridge.domain.notices import Notice
from bridge.domain.turns import Lease, TurnRecord
from bridge.ports.channel import Channel
from bridge.reply.reply import Reply
from bridge.texts.catalog import Texts
from bridge.texts.sentences import notice_of


class Guard(Protocol):
    """Is awaited before each step that people or the agent notice."""

    async def __call__(self, *, shows: bool = False) -> None:
        """Return while the thread is this worker's. Raises `LeaseLost` when another one has it.

        While that cannot be known it waits, unless what follows only shows more of an answer (`shows`).
        """
        ...


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
    routed: Routed
    """What the routes say of what is answered."""
    texts: Texts
    """What the bridge says, in the asker's language."""

    def say(self, notice: Notice) -> str:
        """Return a notice to the asker: with the turn's reference where it says that something failed."""
        return notice_of(self.texts, notice, self.reply.turn_id)

    def asking(self, question: Question, routed: Routed) -> "QuestionTurn":
        """Return the turn with its question, and with what the routes say of that question."""
        return QuestionTurn(
            *(self.lease, self.record, self.channel, self.reply, self.wake, self.guard), routed, self.texts, question
        )


@dataclass(frozen=True, slots=True)
class QuestionTurn(TurnContext):
    """A question that is being answered, and what answering it touches."""

    question: Question
