"""What the core asks of a messaging service.

Common to all ports: a call that cannot reach its service raises the `Retryable` of that service and has had no
effect unless the method says otherwise; `asyncio.CancelledError` passes through.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bridge.domain.incoming import IntakeResult, Question
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.rate_limits import ChannelLimits
from bridge.domain.threads import Address, ThreadKey
from bridge.domain.turns import PromptContext, Settlement

Accept = Callable[[Question], Awaitable[IntakeResult]]
"""Intake's door. When it returns, the question is durably kept (or refused for good) and the channel may
acknowledge. When it raises `StoreUnavailable`, the channel must not acknowledge: the service delivers again."""


class Channel(Protocol):
    """A messaging service, as the reply sees it."""

    @property
    def name(self) -> str:
        """The first field of every `ThreadKey` of this channel."""
        ...

    @property
    def streaming(self) -> Streaming:
        """How a page that still grows is to be shown."""
        ...

    @property
    def only_opener_controls(self) -> bool:
        """Whether nobody but the person who began a conversation may end it."""
        ...

    @property
    def controls(self) -> frozenset[Button]:
        """What the channel can show below a reply, for people to press."""
        ...

    def serves(self, thread: ThreadKey) -> bool:
        """Say whether this worker has the account of the thread; whoever has not leaves it to the other workers."""
        ...

    def agent_id(self, thread: ThreadKey) -> str:
        """Return the id of the agent that answers there; empty: the one of the settings."""
        ...

    def fits(self, text: str) -> bool:
        """Say whether this Markdown, once rendered, fits one message, with room for a status or notice. Pure."""
        ...

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Say whether a message that shows the one view shows the other as well, and needs no edit. Pure."""
        ...

    def pace(self, address: Address) -> ChannelLimits:
        """Say how calls in this place are to be spaced. Pure."""
        ...

    async def post(self, address: Address, view: PageView) -> str:
        """Show a page as a new message and return the message's id.

        Never repeated inside after it may have had an effect. Raises `PostUncertain` when the answer was lost,
        `ChannelUnavailable` when it surely had no effect, `ChannelRateLimited`, `PlaceGone`, `PageRejected`.
        """
        ...

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message look like `view`. May be repeated; "not modified" counts as done.

        Raises `MessageGone`, `PlaceGone`, `PageRejected`, `ChannelUnavailable`, `ChannelRateLimited`.
        """
        ...

    async def find_post(self, address: Address, view: PageView) -> str | None:
        """Look for the message that already shows this page of this turn; None when it surely is not there.

        Raises `LookupUnsupported` where the service has no look-up, `ChannelUnavailable`, `ChannelRateLimited`,
        `PlaceGone`.
        """
        ...

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show a page that still grows without posting it: it goes by itself, when its page is posted or soon after.

        False where this place has nothing of the kind, or the service refuses it: the page is to be posted. What is
        shown notifies nobody, and need not be taken back. May be repeated. Raises `PlaceGone`,
        `ChannelUnavailable`, `ChannelRateLimited`.
        """
        ...

    async def show_activity(self, address: Address) -> None:
        """Show that the agent is at work, for some seconds. Best effort: raises nothing but cancellation."""
        ...

    async def user_identifier(self, question: Question) -> str:
        """Return TalkifAI's name for the asker, from a cache where possible. Falls back, never fails."""
        ...

    async def admits(self, question: Question) -> bool:
        """Say whether the asker may have an answer; whoever may not is told so once, quietly.

        Raises `ChannelUnavailable` and `ChannelRateLimited` where that cannot be told now.
        """
        ...

    async def settled(self, question: Question, settlement: Settlement) -> None:
        """Take note that the question's turn is over. Best effort, within seconds: raises nothing but cancellation."""
        ...

    async def ended(self, thread: ThreadKey) -> None:
        """Take note that the thread has no open conversation any more. As `settled`."""
        ...

    async def wording(self, question: Question, circumstances: PromptContext) -> str:
        """Return what the agent is to read: the question's text, and what the channel knows beside it.

        Takes some seconds at most. Falls back to the text, never fails.
        """
        ...


class Receiver(Protocol):
    """The other half of a channel: events come in. A channel may have several, one for each of its accounts."""

    @property
    def name(self) -> str:
        """The channel's name."""
        ...

    @property
    def receives_alone(self) -> str:
        """A name under which only one worker may receive at a time; empty where any number may."""
        ...

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Connect, call `connected` with one sentence for the log, and hand over questions until cancelled.

        An event is acknowledged to the service only after `accept` returned. Raises `Misconfigured` when the
        service refuses the tokens; lost connections are mended inside. When cancelled it takes no further
        events and returns promptly; calls of the channel's other half still work after that.
        """
        ...
