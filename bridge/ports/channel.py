"""What the core asks of a messaging service.

Common to all ports: a call that cannot reach its service raises the `Retryable` of that service and has had no
effect unless the method says otherwise; `asyncio.CancelledError` passes through.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bridge.domain.incoming import Incoming, IntakeResult
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.pages import PageView, Streaming
from bridge.domain.threads import Address

Accept = Callable[[Incoming], Awaitable[IntakeResult]]
"""Intake. When it returns, what came in is durably kept (or refused for good) and the channel may acknowledge. When it
raises `StoreUnavailable`, the channel must not acknowledge: the service delivers again."""


class Channel(Protocol):
    """A messaging service, as the reply sees it.

    What only some services have stands in `bridge/ports/channel_capabilities.py`.
    """

    @property
    def name(self) -> str:
        """The first field of every `ThreadKey` of this channel."""
        ...

    @property
    def account(self) -> str | None:
        """The account whose threads it answers; None: every account of its service."""
        ...

    def fits(self, text: str) -> bool:
        """Say whether this Markdown, once rendered, fits one message, with room for a status or notice. Pure."""
        ...

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Say whether a message that shows the one view shows the other as well, and needs no edit. Pure."""
        ...

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        """Say how calls in this place are to be spaced for replies shown in that way. Pure.

        `streaming`: None for the channel's own way.
        """
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


IsReceived = Callable[[str], Awaitable[bool]]
"""Says whether a worker receives under this name of `Receiver.receives_alone` now. True where that is not known."""


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
        service refuses the tokens; the channel reconnects by itself. When cancelled it takes no further
        events and returns promptly; calls of the channel's other half still work after that.
        """
        ...


class WholeChannel(Channel, Receiver, Protocol):
    """Both halves of a channel, for one account or for every account of its service."""
