"""Conversations at TalkifAI, and the sessions that bind threads to them. Times are seconds since the epoch, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.threads import Address, ThreadKey


class EndReason(StrEnum):
    """Why a session ends."""

    IDLE = "idle"
    COMMAND = "command"
    AGENT = "agent"
    """The agent closed the chat."""
    HUMAN = "human"
    """A person has taken the thread over."""
    COMPACTED = "compacted"
    """The agent reads no more of it: a fresh one goes on from its summary."""
    AGE = "age"
    """Older than a session may be: its token would expire."""
    REPLACED = "replaced"
    """TalkifAI no longer knew the conversation or its token."""
    GONE = "gone"
    """The place was deleted or the bot was removed from it."""
    FORGOTTEN = "forgotten"
    """The store lost its record; the worker still knew of it."""
    UNRECORDED = "unrecorded"
    """Opened, but the record could not be written: ended on the spot."""
    LOST = "lost"
    """It may be open, and the bridge cannot end it: TalkifAI's answer to the opening never came."""


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
class Opening:
    """A conversation that is about to be opened: kept before the request, until the session is recorded or closed.

    What is left of it tells TalkifAI's support which conversation may be open: its metadata holds the id.
    """

    id: str
    thread: ThreadKey
    person_id: str
    user_identifier: str
    agent_id: str
    """Empty: the one of the settings."""
    at: float


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One message of a conversation, as TalkifAI keeps it."""

    role: str
    """`user` or `assistant`."""
    content: str
    at: float = 0.0
    """When: seconds since the epoch; 0 where that is not told."""


@dataclass(frozen=True, slots=True)
class IdleLine:
    """Where, and in which language, one line is to say that a session fell idle."""

    address: Address
    language: str = ""
    """Of the person who opened the session; empty: that of the setting."""


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
    """True once another person than the opener has asked."""
    agent_id: str = ""
    """The agent that was asked for; empty: the one of the settings."""
    is_dropped: bool = False
    """Something said in it was dropped since: its history is not read again for what is to be carried over."""
    idle_line: IdleLine | None = None
    """None: nothing is said when it falls idle."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What a look at the store showed."""

    is_due: bool
    """A session may have fallen idle, or an end have come due."""
    jump_s: float = 0.0
    """By how much the store's clock has jumped."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A session that is to be ended, claimed by one reaper for a while."""

    session: Session
    reason: EndReason
    attempts: int
    """How often `/end` was tried, this time included."""
    since: float
    """When the ending was decided."""
