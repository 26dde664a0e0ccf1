"""What the core asks of the outside. Each method says what it promises and which errors mean what.

Common to all: a call that cannot reach its service raises the `Retryable` of that service and has had no
effect unless the method says otherwise; `asyncio.CancelledError` passes through.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bridge.calls import Pace
from bridge.events import StreamEvent
from bridge.inbox import Inbox, WorkQueue
from bridge.models import (
    Address,
    Appended,
    Circumstances,
    Control,
    Conversation,
    Ending,
    EndReason,
    HistoryMessage,
    Lease,
    OpenedConversation,
    PageView,
    Question,
    RateLimit,
    Session,
    Settlement,
    Streaming,
    ThreadKey,
)
from bridge.places import Places, ReplyRoots
from bridge.sharing import CallBudgets, LeaderLease, Quota

Accept = Callable[[Question], Awaitable[Appended]]
"""Intake's door. When it returns, the question is durably kept (or refused for good) and the channel may
acknowledge. When it raises `StoreUnavailable`, the channel must not acknowledge: the service delivers again."""


class Clock(Protocol):
    """Time, so that tests need not sleep."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class Agent(Protocol):
    """TalkifAI. Raises `AgentUnavailable`, `AgentRateLimited` and the `Misconfigured` leaves from every call."""

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        """Open a conversation: billing starts. Sent once: what may be repeated, and when, is the caller's to say.

        `agent_id`: which agent is to answer; empty: the one of the settings.
        """
        ...

    def ask(self, conversation: Conversation, text: str) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """Send a question, once, and read the answer's events.

        Entering the context sends it. Errors on entering: `ConversationLost`, `QuestionTooLong` and
        `AgentRateLimited` mean it did not arrive; plain `AgentUnavailable` means it did not arrive either;
        `StreamBroken` means that this is not known. The iterator ends after `StreamEnded` or `StreamFailed`,
        else it raises `StreamBroken`: cut off, silent for too long, or over its bounds.
        """
        ...

    async def history(self, conversation: Conversation, offset: int = 0) -> Sequence[HistoryMessage]:
        """All messages from `offset` on, oldest first, over as many calls as it takes.

        Raises `ConversationLost`.
        """
        ...

    async def end(self, conversation: Conversation) -> None:
        """End the conversation: billing closes. Safe to repeat.

        Returns when TalkifAI confirms, or says (404, 401) that nothing is left to close.
        """
        ...


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
    def controls(self) -> frozenset[Control]:
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

    def pace(self, address: Address) -> Pace:
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

    async def wording(self, question: Question, circumstances: Circumstances) -> str:
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


class MeteredAgent(Agent, Protocol):
    """An agent that hears what TalkifAI says of its limit."""

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest answer said, or None."""
        ...


class SessionStore(Protocol):
    """Which conversation a thread is bound to, and which are to be ended. Raises `StoreUnavailable`."""

    async def current(self, thread: ThreadKey) -> Session | None:
        """Return the session that the thread is bound to."""
        ...

    async def opened_by(self, channel: str, account: str, person_id: str) -> Sequence[Session]:
        """Return the open sessions that this person began, without their tokens, oldest first."""
        ...

    async def bind(self, lease: Lease, session: Session, idle_after_s: float) -> None:
        """Bind the thread to a conversation just opened. Raises `LeaseLost`: the caller then ends it on the spot.

        A session that the thread was bound to before begins to end, with reason `REPLACED`.
        """
        ...

    async def begin_end(self, thread: ThreadKey, conversation_id: str, reason: EndReason) -> bool:
        """Unbind the thread and queue the conversation's end, in one step. False when it was not bound to it."""
        ...

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        """Queue the end of a conversation that never was bound."""
        ...

    async def unbind_idle(self, limit: int) -> int:
        """Begin the end of up to `limit` sessions whose idle deadline has passed; return how many.

        A thread that is leased or has questions waiting is left alone, its deadline moved a little ahead.
        """
        ...

    async def claim_ends(self, limit: int, lease_s: float) -> Sequence[Ending]:
        """Take up to `limit` ends that are due, for that long: no other reaper gets them meanwhile."""
        ...

    async def postpone_end(self, ending: Ending, after_s: float) -> None:
        """Make the end due again after that time."""
        ...

    async def confirm_end(self, ending: Ending) -> None:
        """Forget the session and its token, and write its line into the ledger. Safe to repeat: one line."""
        ...

    async def absorb_clock_jump(self, elapsed_s: float) -> float:
        """Move all deadlines along when Redis's clock has jumped; return by how many seconds, 0 for not at all.

        `elapsed_s` is what truly passed since this worker's last call. Of several workers, one moves them.
        """
        ...

    async def counts(self) -> tuple[int, int]:
        """Return how many sessions are open, and how many are being ended."""
        ...


class Stores(Protocol):
    """All that Redis keeps, behind one connection pool."""

    @property
    def inbox(self) -> Inbox:
        """Where questions wait."""
        ...

    @property
    def queue(self) -> WorkQueue:
        """Which threads have work."""
        ...

    @property
    def sessions(self) -> SessionStore:
        """Which conversations are open."""
        ...

    @property
    def quota(self) -> Quota:
        """TalkifAI's limit."""
        ...

    @property
    def budgets(self) -> CallBudgets:
        """The channels' limits."""
        ...

    @property
    def leader(self) -> LeaderLease:
        """Who leads."""
        ...

    @property
    def reply_roots(self) -> ReplyRoots:
        """Which chain of replies a message is in."""
        ...

    @property
    def places(self) -> Places:
        """What happens to whole places."""
        ...
