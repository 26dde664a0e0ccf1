"""What comes in from a channel, and what became of it at intake. Times are seconds since the epoch, UTC.

`Incoming` is a closed union: consume it with `match` and `assert_never`. Only `Queued` can stand in an inbox; the rest
is done with when intake returns.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.files import Attachment
from bridge.domain.threads import Address, Person, ThreadKey

ANY_TURN = "*"
"""Stands for a turn's token in a `Stop`: the running turn. As for a press, the channel itself answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who sent something, where and when."""

    id: str
    """Names the message or press; the same for every delivery of it."""
    dedupe_keys: tuple[str, ...]
    """Any one of them seen before means: the same message again. Includes `id`."""
    thread: ThreadKey
    address: Address
    person: Person
    asked_at: float
    addressed: bool = True
    """False for a message that counts only in a thread the bridge already takes part in."""
    is_direct: bool = False
    """True where only this person and the bot read: a direct message, a private chat, a terminal."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Goes to TalkifAI when a conversation is opened for it."""


@dataclass(frozen=True, slots=True)
class _FromPerson:
    """What all of the union has."""

    origin: Origin

    @property
    def id(self) -> str:
        """Names the message or press."""
        return self.origin.id

    @property
    def thread(self) -> ThreadKey:
        """Where it belongs."""
        return self.origin.thread

    @property
    def address(self) -> Address:
        """Where an answer goes."""
        return self.origin.address

    @property
    def person(self) -> Person:
        """Who sent it."""
        return self.origin.person


@dataclass(frozen=True, slots=True)
class Question(_FromPerson):
    """A message for the agent. Queues."""

    text: str
    joins_within_s: float = 0.0
    """How long to wait whether the same person goes on in another message: a long text can come as several."""
    has_files: bool = False
    """True where something came along."""
    files: tuple[Attachment, ...] = ()
    """What is known of it."""
    replaces: tuple[str, ...] = ()
    """The messages that show the answer to the words before an edit: the new answer goes there."""
    first_id: str = ""
    """The message that asked this first, where it is asked again; empty where that is this one."""


class CommandName(StrEnum):
    """The commands that queue, so that they keep their order among the questions."""

    START = "start"
    """Show the agent's greeting. Keeps a conversation that is open."""
    NEW = "new"
    """End the open conversation and begin another."""
    END = "end"
    STATUS = "status"
    """Say whether a conversation is open here."""
    HELP = "help"
    RETRY = "retry"
    """Ask the last question again, whose answer did not come out whole."""
    HUMAN = "human"
    """A person takes the thread over: takes effect as it is kept, and its turn says so."""
    AGENT = "agent"
    """The agent has the thread again. As `HUMAN`."""


TAKE_OVER = frozenset({CommandName.HUMAN, CommandName.AGENT})


@dataclass(frozen=True, slots=True)
class Command(_FromPerson):
    """A wish of the bridge itself. Queues."""

    name: CommandName
    about: str = ""
    """For a press: the token of the turn below which the button stands; empty for what was written. The channel itself
    answers a press, by what became of it; no notice is posted."""
    owner_only: bool = False
    """As `Stop.owner_only`, for `TAKE_OVER`. Not kept."""
    offer_id: str = ""
    """For a press of `Button.AGAIN`: the message of the offer. Not kept."""


@dataclass(frozen=True, slots=True)
class Stop(_FromPerson):
    """Stop the answer that is being written. Takes effect at once."""

    about: str = ""
    """As `Command.about`; or `ANY_TURN`."""
    owner_only: bool = False
    """True where only the asker of an answer, or who began the conversation, may stop it."""


@dataclass(frozen=True, slots=True)
class Remark(_FromPerson):
    """Said in a thread, and not to the bot. Kept only while a person has the thread."""

    text: str


@dataclass(frozen=True, slots=True)
class Rating(_FromPerson):
    """Says of an answer whether it helped."""

    about: str
    """The token of the turn."""
    is_good: bool


@dataclass(frozen=True, slots=True)
class Edit(_FromPerson):
    """The asker changed the question `id`. One that was answered already is asked again only where people want that."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdrawal(_FromPerson):
    """The asker deleted the question `id`. Counts while that still waits."""


@dataclass(frozen=True, slots=True)
class Wordless(_FromPerson):
    """A voice message, a picture, a file without words: nothing in it can be answered."""


@dataclass(frozen=True, slots=True)
class Forbidden(_FromPerson):
    """A command that this person may not give here."""


@dataclass(frozen=True, slots=True)
class Joined(_FromPerson):
    """This person brought the bot to a place. The channel itself answers, by what became of it."""


Queued = Question | Command
"""What waits in an inbox and is answered by a turn."""

Incoming = Queued | Stop | Remark | Rating | Edit | Withdrawal | Wordless | Forbidden | Joined

_SEEN = re.compile(
    "[^\\s\x00-\x1f\x7f-\x9f"  # blanks and controls
    # Default_Ignorable_Code_Point (DerivedCoreProperties.txt, Unicode 16): joiners, fillers, selectors, tags.
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    # The empty Braille cell, marks of annotations, and what stands for an attachment.
    "\u2800\ufff9-\ufffc]"
)


def has_words(text: str) -> bool:
    """Say whether people see anything in a text. One of blanks and invisible signs alone asks nothing."""
    return _SEEN.search(text) is not None


STOP_WORD = "stop"
COMMAND_WORDS = frozenset({STOP_WORD, *CommandName}) - {CommandName.START}
"""What people may write as a bare word, alone in a message. "start" is not among them: it is only ever `/start`."""


def command(origin: Origin, word: str, *, owner_only: bool = False) -> Command | Stop | None:
    """Make what a command's word, in lower case and without a slash, stands for; None where it is no command."""
    if word == STOP_WORD:
        return Stop(origin, owner_only=owner_only)
    if word not in set(CommandName):
        return None
    name = CommandName(word)
    return Command(origin, name, owner_only=owner_only and name in TAKE_OVER)


class IntakeResult(StrEnum):
    """What became of something that came in."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    """Accepted. The first of a backlog that has to wait behind several others."""
    JOINED = "joined"
    """Accepted as the rest of the question before it, by the same person."""
    AMENDED = "amended"
    """A question that waited was changed or dropped."""
    ASKED_ANEW = "asked_anew"
    """The answer at work will stop, and the changed question is asked next."""
    OFFERED = "offered"
    """The changed question was answered before: it can be asked again by `retry`."""
    DUPLICATE = "duplicate"
    NOT_ADDRESSED = "not_addressed"
    STOPPED = "stopped"
    """The answer that is being written will stop."""
    NOTHING = "nothing"
    """There was no answer to stop, or none to rate any more."""
    NOT_YOURS = "not_yours"
    """Another person's answer, which this one may not stop."""
    OVERHEARD = "overheard"
    """Kept for the agent: a person has the thread, so no answer follows."""
    OFF = "off"
    """The operator has switched that off. Nothing was stored."""
    ALREADY = "already"
    """A person has the thread already, or the agent does."""
    RATED = "rated"
    WELCOME = "welcome"
    """The bot may answer in the place that it was brought to."""
    REFUSED = "refused"
    """This person may not ask, or no one may there. Nothing was stored; one notice says so."""
    FORBIDDEN = "forbidden"
    """Nothing was kept. A notice says who may give the command."""
    WORDLESS = "wordless"
    """Nothing was kept. A notice says that only text is read."""
    TOO_LONG = "too_long"
    """Longer than TalkifAI takes: nothing of it was kept."""
    OVER = "over"
    """The person has asked as much as an hour allows. Nothing was stored; a notice says when to come again."""
    FULL = "full"
