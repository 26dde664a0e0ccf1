"""What only some messaging services have. A `Channel` has a capability when it has the protocol's members.

The core asks with `isinstance`, at the one place that needs the capability. Each docstring says what happens where a
channel lacks it. Errors as in `bridge/ports/channel.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from bridge.domain.files import Attachment, ResultFile
from bridge.domain.incoming import Origin, Question, Queued
from bridge.domain.notices import CommandStyle
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.threads import Address, Locale, ThreadKey
from bridge.domain.turns import PromptContext, Settlement

_HAS: dict[tuple[type, type], bool] = {}
"""Whether a class, named second, has a capability."""


class _Capability(type(Protocol)):  # type: ignore[misc]  # mypy takes no metaclass that it has to work out
    """Looks at each class of channels once: Python's own look costs 30 µs, and a turn asks ten times."""

    def __instancecheck__(cls, instance: object) -> bool:
        asked = cls, type(instance)
        if asked not in _HAS:
            _HAS[asked] = super().__instancecheck__(instance)
        return _HAS[asked]


@runtime_checkable
class Drafts(Protocol, metaclass=_Capability):
    """Shows a page that still grows in another way than by edits. Without it pages are edited."""

    @property
    def streaming(self) -> Streaming:
        """How a page that still grows is to be shown, unless its view says otherwise."""
        ...

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show a page that still grows without posting it: it goes by itself, when its page is posted or soon after.

        False where this place has nothing of the kind, or the service refuses it: the page is to be posted. What is
        shown notifies no one, and need not be taken back. May be repeated. Raises `PlaceGone`,
        `ChannelUnavailable`, `ChannelRateLimited`.
        """
        ...


@runtime_checkable
class PostLookup(Protocol, metaclass=_Capability):
    """Finds a post whose answer was lost. Without it such a page is not posted again, unless its text differs."""

    async def find_post(self, address: Address, view: PageView) -> str | None:
        """Look for the message that already shows this page of this turn; None when it surely is not there.

        Raises `LookupUnsupported` where this one cannot be looked up, `ChannelUnavailable`, `ChannelRateLimited`,
        `PlaceGone`.
        """
        ...


@runtime_checkable
class ActivityIndicator(Protocol, metaclass=_Capability):
    """Shows that the agent is at work, before there is text. Without it nothing shows."""

    async def show_activity(self, address: Address, language: str = "") -> None:
        """Show it for some seconds, in the asker's language. Best effort: raises nothing but cancellation."""
        ...


@runtime_checkable
class ReplyButtons(Protocol, metaclass=_Capability):
    """Shows buttons below a reply. Without it there are none."""

    @property
    def controls(self) -> frozenset[Button]:
        """What the channel can show below a reply, for people to press."""
        ...


@runtime_checkable
class OpenerControl(Protocol, metaclass=_Capability):
    """Knows who may end a conversation. Without it everybody in the thread may."""

    @property
    def only_opener_controls(self) -> bool:
        """Whether only the person who began a conversation may end it."""
        ...


@runtime_checkable
class OwnCommandStyle(Protocol, metaclass=_Capability):
    """Has commands that are written in a way of its own. Without it they are bare words."""

    @property
    def command_style(self) -> CommandStyle:
        """How people write a command here: for the text of help."""
        ...


@runtime_checkable
class OwnAgent(Protocol, metaclass=_Capability):
    """Is answered by an agent of its own. Without it the agent of the settings answers."""

    @property
    def agent_id(self) -> str:
        """The agent's id; empty: the agent of the settings."""
        ...


@runtime_checkable
class Admission(Protocol, metaclass=_Capability):
    """Knows who may ask. Without it everybody may whose question the channel hands over."""

    async def admits(self, queued: Queued) -> bool:
        """Say whether the asker is one of those whom the channel is there for.

        Raises `ChannelUnavailable` and `ChannelRateLimited` where the service does not say so now, and `SettingWrong`
        where it never will as the bridge is set up: no one is admitted then.
        """
        ...


@runtime_checkable
class EmailAddresses(Protocol, metaclass=_Capability):
    """Knows people's e-mail addresses. Without it no one passes where an address decides."""

    async def email_of(self, queued: Queued) -> str:
        """Return the asker's confirmed address, in lower case; empty where there is none. Raises as `Admission`."""
        ...


@runtime_checkable
class PrivateNotices(Protocol, metaclass=_Capability):
    """Tells one person something in a place where others are. Without it all there see it, below the message."""

    async def tell_alone(self, origin: Origin, notice: str) -> None:
        """Show a notice to this person alone. Best effort, within seconds: raises nothing but cancellation."""
        ...


@runtime_checkable
class KnownLocales(Protocol, metaclass=_Capability):
    """Knows people's languages and time zones. Without it what the event said counts."""

    async def locale_of(self, origin: Origin) -> Locale:
        """Return how the person reads, from a cache where possible. Takes some seconds at most, never fails."""
        ...


@runtime_checkable
class PersonNames(Protocol, metaclass=_Capability):
    """Looks up what people are called. Without it only the names count that came with what they said."""

    async def name_of(self, thread: ThreadKey, person_id: str) -> str:
        """Return how a person of the thread is shown; empty where that is not to be had.

        From a cache where possible. Takes some seconds at most, never fails.
        """
        ...


@runtime_checkable
class AskerNames(Protocol, metaclass=_Capability):
    """Knows a better name for a person than the channel's own id. Without it that is `<channel>:<id>`."""

    async def user_identifier(self, queued: Queued) -> str:
        """Return TalkifAI's name for the asker, from a cache where possible. Falls back, never fails."""
        ...


@runtime_checkable
class Prompting(Protocol, metaclass=_Capability):
    """Puts a question into words. Without it the agent reads the text, with the speaker's name among several people."""

    async def wording(self, question: Question, circumstances: PromptContext) -> str:
        """Return what the agent is to read: the question's text, and what the channel knows beside it.

        Takes some seconds at most. What cannot be had in time is left out, but never who speaks where the
        circumstances ask for it. Raises `QuestionTooLong` where that does not fit.
        """
        ...


class Files(Protocol):
    """Shares files in a place, each by an upload that people do not see and a step that shows it; and reads files."""

    async def upload(self, address: Address, file: ResultFile) -> str:
        """Bring a file up without showing it. May be repeated. Return its name there; empty where sharing does it all.

        Raises `PageRejected` where the service does not take it, `ChannelTokenRefused` where the app may not,
        `ChannelUnavailable`, `ChannelRateLimited`.
        """
        ...

    async def share(self, address: Address, file: ResultFile, upload_id: str) -> None:
        """Show the file below what was said. Never repeated inside. Raises as `Channel.post`."""
        ...

    async def is_shared(self, address: Address, turn_id: str, upload_id: str) -> bool:
        """Say whether people see the file, in an answer to this turn. Raises as `PostLookup.find_post`."""
        ...

    async def read(self, question: Question, file: Attachment, at_most: int) -> bytes:
        """Return the first bytes of what came along with a question, from the service's own host alone.

        Takes some seconds at most. Raises `FileUnreadable`, `ChannelTokenRefused`, `ChannelUnavailable`,
        `ChannelRateLimited`.
        """
        ...


@runtime_checkable
class FileSharing(Protocol, metaclass=_Capability):
    """Takes and gives files. Without it a long answer fills pages, and no file is read."""

    @property
    def files(self) -> Files:
        """Where they go, and come from."""
        ...


PromptsAt = Callable[[ThreadKey, str], Sequence[str] | None]
"""Returns what the operator's routes suggest to ask in a place, to a person by id; None where they say nothing."""


@runtime_checkable
class PromptSuggestions(Protocol, metaclass=_Capability):
    """Shows things to ask outside of conversations. Without it they stand below a greeting."""

    def suggest(self, prompts_at: PromptsAt) -> None:
        """Show what this returns from now on, instead of what the channel's own setting says."""
        ...


@runtime_checkable
class StandingTexts(Protocol, metaclass=_Capability):
    """Shows texts of the bridge outside of messages, such as a menu. Without it every message has the newest ones."""

    def texts_changed(self) -> None:
        """Show them soon as they are now. Best effort; returns at once."""
        ...


@runtime_checkable
class TurnEvents(Protocol, metaclass=_Capability):
    """Shows outside the reply how turns and conversations go. Without it nothing shows there."""

    async def settled(self, queued: Queued, settlement: Settlement) -> None:
        """Take note that a turn is over. Best effort, within seconds: raises nothing but cancellation."""
        ...

    async def ended(self, thread: ThreadKey) -> None:
        """Take note that the thread has no open conversation any more. As `settled`."""
        ...


@runtime_checkable
class SuspendedThreads(Protocol, metaclass=_Capability):
    """Shows outside the reply that a person has a thread. Without it nothing shows there."""

    async def suspended(self, thread: ThreadKey) -> None:
        """Take note that a person has the thread. As `TurnEvents.settled`."""
        ...


@runtime_checkable
class ReceivingState(Protocol, metaclass=_Capability):
    """A receiver that knows whether events reach it. Without it, one that has connected counts as well."""

    @property
    def trouble(self) -> str:
        """Why no events come at the moment, for the operator; empty where they do, or where another worker receives."""
        ...
