"""What was said in a thread, as far as it outlives the conversation in which it was said."""

from dataclasses import dataclass

from bridge.domain.threads import Person, ThreadKey

MOST_QUESTION, MOST_ANSWER = 1_500, 2_500
"""Characters that are kept of each."""
MOST_SUMMARY = 3_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as its asker typed it, and what people saw of the answer; or what a person said to other people."""

    question: str
    answer: str
    """Empty: `question` was said while a person had the thread."""
    person: Person
    at: float
    """When it was answered: seconds since the epoch."""
    conversation_id: str = ""
    agent_id: str = ""
    question_id: str = ""
    """The message that asked this first: the same for all answers to one question. Empty where that is not known."""

    @property
    def is_remark(self) -> bool:
        """Say whether it was said while a person had the thread."""
        return not self.answer

    @classmethod
    def kept(cls, question: str, answer: str, person: Person, at: float) -> "Exchange":
        """Make one that is to be kept: long texts by their beginning."""
        return cls(shortened(question, MOST_QUESTION), shortened(answer, MOST_ANSWER), person, at)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the agent itself said of a conversation, before that was replaced by a fresh one."""

    thread: ThreadKey
    text: str
    conversation_id: str
    """The conversation that it is of."""
    agent_id: str
    at: float
    people: tuple[str, ...] = ()
    """The ids of those who may have said something in it, as far as they are known."""
    several_spoke: bool = False
    """Others than those may have, too."""


@dataclass(frozen=True, slots=True)
class CarryOverLimits:
    """How much of a thread outlives its conversation."""

    exchanges: int = 6
    """0: nothing is carried over."""
    kept_s: float = 72 * 3600.0
    compacts: bool = False
    """A long conversation goes on in a fresh one, from the agent's own summary."""


def shortened(text: str, most: int) -> str:
    """Return the beginning of a text that is too long."""
    return text if len(text) <= most else text[: most - 1] + "…"
