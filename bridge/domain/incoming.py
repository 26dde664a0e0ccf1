"""What comes in from a channel, and what became of it at the inbox. Times are seconds since the epoch, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.threads import Address, Person, ThreadKey


class QuestionKind(StrEnum):
    """What a person wants of the bridge. Commands queue like questions, so that order is kept."""

    ASK = "ask"
    START = "start"
    """Begin: show the agent's greeting. Keeps a conversation that is open."""
    NEW = "new"
    """End the conversation that is open and begin another."""
    END = "end"
    STATUS = "status"
    """Say whether a conversation is open here."""
    HELP = "help"
    RETRY = "retry"
    """Ask the last question again, whose answer did not come out whole."""
    STOP = "stop"
    """Stop the answer that is being written. Does not queue: it is meant for now."""
    WORDLESS = "wordless"
    """A voice message, a picture, a file without words. Does not queue: nothing in it can be answered."""
    RATE = "rate"
    """Say of an answer whether it helped: `text` is `good` or `bad`. Does not queue."""
    FORBIDDEN = "forbidden"
    """A command that this person may not give here. Does not queue."""
    EDITED = "edited"
    """The asker changed the message `id` to `text`. Counts while that still waits."""
    WITHDRAWN = "withdrawn"
    """The asker deleted the message `id`. Counts while that still waits."""


@dataclass(frozen=True, slots=True)
class Question:
    """One message of a person that a channel hands to intake."""

    id: str
    """Names the message; the same for every delivery of it."""
    dedupe_keys: tuple[str, ...]
    """Any one of them seen before means: the same message again. Includes `id`."""
    thread: ThreadKey
    address: Address
    person: Person
    text: str
    asked_at: float
    kind: QuestionKind = QuestionKind.ASK
    addressed: bool = True
    """False for a message that counts only in a thread the bridge already takes part in."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Goes to TalkifAI when this question opens a conversation."""
    joins_within_s: float = 0.0
    """How long to wait whether the same person goes on in another message: a long text can come as several."""
    has_files: bool = False
    """True where something came along that the agent cannot read."""
    about: str = ""
    """The turn, by its token, whose reply carries the button that was pressed; empty for what was written. The channel
    itself answers a press, by what became of it; no notice is posted."""
    owner_only: bool = False
    """True where only the asker of an answer, or who began the conversation, may stop it."""


class IntakeResult(StrEnum):
    """What became of a question at the inbox."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    """Accepted, and the first since the thread was last at rest that has to wait behind several others."""
    JOINED = "joined"
    """Accepted as the rest of the question before it, by the same person."""
    AMENDED = "amended"
    """A question that waited was changed or dropped."""
    DUPLICATE = "duplicate"
    NOT_ADDRESSED = "not_addressed"
    STOPPED = "stopped"
    """The answer that is being written will stop."""
    NOTHING = "nothing"
    """There was no answer to stop, or none to rate any more."""
    NOT_YOURS = "not_yours"
    """Somebody else's answer, which this person may not stop."""
    RATED = "rated"
    FORBIDDEN = "forbidden"
    """Nothing was kept, and the person is to be told who may give the command."""
    WORDLESS = "wordless"
    """Nothing was kept, and people of the place are to be told that only text is read."""
    FULL = "full"
