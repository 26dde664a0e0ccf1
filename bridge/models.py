"""The words of the bridge as values. Times are seconds since the epoch, UTC; durations are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import quote, unquote


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Names the smallest thing people answer in. `str()` of it is injective and reversible."""

    channel: str
    """The messaging service: `slack`, `telegram`, `terminal`."""
    account: str
    """Whose: the Slack workspace, the Telegram bot."""
    place: str
    """Where in it: a Slack channel or DM, a Telegram chat."""
    thread: str = ""
    """The thread or topic there; empty where the whole place is one thread."""

    def __str__(self) -> str:
        parts = (self.channel, self.account, self.place, self.thread)
        return ":".join(quote(part, safe="", errors="surrogatepass") for part in parts)

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read what `str()` wrote. Raises `ValueError` for anything else."""
        parts = name.split(":")
        if len(parts) != 4:  # noqa: PLR2004 - the four fields above
            raise ValueError(f"not a thread key: {name!r}")
        return cls(*(unquote(part, errors="surrogatepass") for part in parts))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply is posted. The channel alone knows how to read it."""

    account: str
    place: str
    thread: str = ""
    """Empty where nothing but the place is named when posting."""
    reply_to: str = ""
    """The message that the reply quotes; empty where replies do not quote."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    id: str
    """The channel's own id of the person."""
    name: str = ""
    """As the person is shown in the channel; empty where the channel did not say."""
    is_program: bool = False
    """True for a program that the operator lets ask."""


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


class Appended(StrEnum):
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


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one thread until it runs out; every later write carries its fence."""

    thread: ThreadKey
    fence: int
    question_id: str = ""
    """The question that was begun under it: what is written with this lease is not for any later one."""


class Step(StrEnum):
    """How far a turn has come. Recorded before the step is taken."""

    CLAIMED = "claimed"
    """Nothing has left the bridge for this question."""
    SENDING = "sending"
    """The question may have reached the conversation named in the record."""
    ANSWERED = "answered"
    """The whole answer is in the record: it only remains to be shown."""


class EndReason(StrEnum):
    """Why a session ends."""

    IDLE = "idle"
    COMMAND = "command"
    AGENT = "agent"
    """The agent closed the chat."""
    AGE = "age"
    """Older than a session may be: its token would expire."""
    REPLACED = "replaced"
    """TalkifAI no longer knew the conversation or its token."""
    GONE = "gone"
    """The place was deleted or the bot was removed from it."""
    UNRECORDED = "unrecorded"
    """Opened, but the record could not be written: ended on the spot."""


class Outcome(StrEnum):
    """How a turn ended: exactly one for each question."""

    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    """The text so far and a notice."""
    STOPPED = "stopped"
    """Somebody stopped it: the text so far and a notice."""
    REFUSED = "refused"
    """A notice instead of an answer."""
    COMMAND_DONE = "command_done"
    UNDELIVERABLE = "undeliverable"
    """The place is gone: nobody is left to see an answer."""
    EXCLUDED = "excluded"
    """The asker may not ask: nothing was done, and the bridge takes no part in the thread because of it."""
    DEAD = "dead"
    """Given up after too many attempts."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How asking came out."""

    outcome: Outcome
    notice: str = ""
    """The notice that ends the reply; empty where the text says it all."""
    usage: Mapping[str, int] = field(default_factory=dict)
    history_count: int | None = None
    """Messages in TalkifAI's history now; None when that is not certain."""
    end_reason: EndReason | None = None
    """Set: the session is to be ended."""
    tools: tuple[str, ...] = ()
    """The tools that the agent used, by their names."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """What is known of a turn that may have begun before: read by whoever takes the thread."""

    attempts: int
    """How often the turn was begun, this time included."""
    step: Step = Step.CLAIMED
    conversation_id: str = ""
    history_count: int = 0
    """How many messages the conversation's history held before the question was sent."""
    wording: str = ""
    """What was sent, where it is not the question's text alone: the history holds it in these words."""
    message_ids: tuple[str, ...] = ()
    """The channel messages that show the reply, in order of its pages."""
    has_begun: bool = False
    """True when people were shown something that the agent said or did: the question has surely arrived."""
    text: str = ""
    """The agent's text, at least as far as people have seen it; whole from step `ANSWERED` on."""
    asked: Asked | None = None
    """How asking came out, from step `ANSWERED` on."""
    is_stopped: bool = False
    """True when somebody wants no more of this answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The question at the head of a thread's inbox, and the record of its turn."""

    question: Question
    record: TurnRecord


@dataclass(frozen=True, slots=True)
class Conversation:
    """TalkifAI's side of a session: what its calls need."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedConversation:
    """What TalkifAI answers when a conversation is opened. Billing has started."""

    conversation: Conversation
    agent_name: str
    greeting: str = ""
    """Empty where the agent waits for the person."""
    model: str = ""


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One message of a conversation, as TalkifAI keeps it."""

    role: str
    """`user` or `assistant`."""
    content: str


@dataclass(frozen=True, slots=True)
class Session:
    """Our record that binds a thread to a conversation, from open to end."""

    thread: ThreadKey
    conversation: Conversation
    agent_name: str
    person_id: str
    """Who asked the question that opened it."""
    user_identifier: str
    opened_at: float
    turns: int = 0
    history_count: int | None = None
    """Messages in TalkifAI's history after the last turn; None when that is not certain."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """Token counts under the names TalkifAI uses, summed over the turns."""
    retries: int = 0
    """How often a turn had to be begun again."""
    several_speak: bool = False
    """True once somebody else has asked than the person who opened it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A session that is to be ended, claimed by one reaper for a while."""

    session: Session
    reason: EndReason
    attempts: int
    """How often `/end` was tried, this time included."""
    since: float
    """When the ending was decided."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling a turn writes, in one step with removing the question from the inbox."""

    outcome: Outcome
    idle_after_s: float
    """The session's next idle deadline, from now."""
    usage: Mapping[str, int] = field(default_factory=dict)
    history_count: int | None = None
    end_reason: EndReason | None = None
    """Set: the session's ending begins in the same step."""
    may_be_rated: bool = False
    """People can say whether this answer helped."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a channel needs to know to put a question into words for the agent."""

    is_first: bool
    """The conversation holds no question yet."""
    names_speaker: bool
    """Several people speak in it, so that the agent has to be told who does."""
    at_most: int
    """Characters that the agent takes. The question's own text fits."""


class Control(StrEnum):
    """Something that a channel can show below a reply's last page, for people to press."""

    STOP = "stop"
    """While the answer is being written."""
    RETRY = "retry"
    """Under an answer that did not come out whole."""
    NEW = "new"
    END = "end"
    GOOD = "good"
    """The answer helped."""
    BAD = "bad"


class Streaming(StrEnum):
    """How a channel shows the page that still grows. A page that is final is always one message."""

    EDIT = "edit"
    """The message is edited as the text arrives."""
    STATUS = "status"
    """Only a status line shows; each page is shown once, whole."""
    NATIVE = "native"
    """The service's own way of streaming where it has one, else as `EDIT`."""


@dataclass(frozen=True, slots=True)
class PageView:
    """One channel message of a reply, as it should look now."""

    text: str = ""
    """The agent's Markdown on this page, with an open code fence closed."""
    status: str = ""
    """What the agent is doing right now; empty in a final view."""
    notice: str = ""
    """A fixed sentence of the bridge below the text."""
    number: int = 1
    """The page's place in the reply, from 1. Only page 1 may notify people."""
    final: bool = False
    """True when this page will never change again."""
    turn_id: str = ""
    """The question this page answers: lets a channel mark its message with it."""
    controls: tuple[Control, ...] = ()
    """What can be pressed below it."""
    source: str = field(default="", compare=False)
    """`text` without what only closes a half-written end: for services that can append and not rewrite."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """TalkifAI's organisation limit, as one answer stated it."""

    limit: int
    """Requests a minute."""
    remaining: int
    reset_at: float
    """When `remaining` is full again, seconds since the epoch."""
    seen_at: float
