"""What the core asks of TalkifAI."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bridge.domain.limits.rate_limits import RateLimit
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import StreamEvent


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

        Returns when TalkifAI confirms, or says (404) that nothing is left to close. Raises `ConversationLost` where it
        refuses the token (401): most likely nothing is left then either, but one such answer may be a mistake.
        """
        ...


class MeteredAgent(Agent, Protocol):
    """An agent that hears what TalkifAI says of its limit."""

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest answer said, or None."""
        ...
