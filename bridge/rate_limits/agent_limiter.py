"""Keep all workers together within TalkifAI's organisation limit, with a share kept free for ends."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from bridge.domain.errors import AgentRateLimited, BridgeError, StoreUnavailable
from bridge.domain.limits.rate_limits import RateLimit
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import StreamEvent
from bridge.ports.agent import MeteredAgent
from bridge.ports.stores.coordination import Quota
from bridge.runtime.clock import Clock
from bridge.runtime.meter import Meter

log = logging.getLogger(__name__)

T = TypeVar("T")

_WAIT_MOST_S = 120.0
"""A call that would have to wait longer is refused as if TalkifAI had said 429."""
_END_WAIT_MOST_S = 5.0
"""An end that has to wait longer goes back into its queue, before another worker claims it too."""
_STALE_AFTER_S = 3.0
"""A question is not sent that long after its sender last looked whether it may still send."""


class RateLimitedAgent:
    """The `Agent` port around another agent: every request first asks the quota that all workers share."""

    def __init__(self, agent: MeteredAgent, quota: Quota, clock: Clock, meter: Meter | None = None) -> None:
        self._agent = agent
        self._quota = quota
        self._clock = clock
        self._meter = meter or Meter()
        self._seen: RateLimit | None = None

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        """As `Agent.open`."""
        # No waiting in here: the caller says to its asker that it waits.
        return await self._paced(lambda: self._agent.open(user_identifier, metadata, agent_id), at_most_s=0.0)

    def ask(self, conversation: Conversation, text: str) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """As `Agent.ask`."""
        return self._ask(conversation, text)

    async def history(self, conversation: Conversation, offset: int = 0) -> Sequence[HistoryMessage]:
        """As `Agent.history`."""
        return await self._paced(lambda: self._agent.history(conversation, offset))

    async def end(self, conversation: Conversation) -> None:
        """As `Agent.end`, from the share that is kept free for ends."""
        try:
            await self._paced(lambda: self._agent.end(conversation), is_end=True, at_most_s=_END_WAIT_MOST_S)
        except BridgeError:
            self._meter.count("end_failures")
            raise

    @asynccontextmanager
    async def _ask(self, conversation: Conversation, text: str) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        # No waiting in here: the caller checks the lease again after every wait.
        called_at = self._clock.monotonic()
        await self._wait_for_turn(is_end=False, at_most_s=0.0)
        if self._clock.monotonic() - called_at > _STALE_AFTER_S:
            # This worker stood still, or the store was slow: the thread may belong to another one by now.
            raise AgentRateLimited(0.0)
        try:
            async with self._agent.ask(conversation, text) as events:
                await self._observe()
                yield events
        except AgentRateLimited as error:
            await self._observe(error)
            raise

    async def _paced(
        self, call: Callable[[], Awaitable[T]], *, is_end: bool = False, at_most_s: float = _WAIT_MOST_S
    ) -> T:
        await self._wait_for_turn(is_end=is_end, at_most_s=at_most_s)
        try:
            result = await call()
        except AgentRateLimited as error:
            await self._observe(error)
            raise
        await self._observe()
        return result

    async def _wait_for_turn(self, *, is_end: bool, at_most_s: float) -> None:
        waited_s = 0.0
        while True:
            try:
                wait_s = await self._quota.take(is_end=is_end)
            except StoreUnavailable:
                return  # better over the limit, which TalkifAI itself keeps, than silent
            if wait_s <= 0:
                return
            if waited_s + wait_s > at_most_s:
                raise AgentRateLimited(wait_s)
            await self._clock.sleep(wait_s)
            waited_s += wait_s

    async def _observe(self, refused: AgentRateLimited | None = None) -> None:
        """Tell the other workers what TalkifAI said of its limit."""
        self._meter.count("calls", "talkifai")
        if refused is not None:
            self._meter.count("limited", "talkifai")
        try:
            if refused is not None:
                await self._quota.refuse(refused.retry_after_s)
            seen = self._agent.rate_limit
            if seen is not None and seen != self._seen:
                self._seen = seen
                await self._quota.observe(seen)
        except StoreUnavailable:
            log.debug("the quota could not be noted")
