"""Stops the meter: begins the end of sessions that fell idle, and ends them until TalkifAI confirms."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from bridge.conversation.sessions.session_manager import OPENING
from bridge.domain.errors import AgentRateLimited, BridgeError, ConversationLost, StoreUnavailable
from bridge.domain.sessions import Conversation, Ending, EndReason, Session
from bridge.domain.threads import ThreadKey
from bridge.ports.agent import Agent
from bridge.ports.stores.sessions import SessionStore
from bridge.runtime.background_queue import BackgroundQueue
from bridge.runtime.backoff import pause_after
from bridge.runtime.bounded_dict import BoundedDict
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

TICK_S = 1.0
"""How often the scheduler calls `sweep`."""
_BATCH = 100
AT_ONCE = 50
CLAIM_S = 90.0
"""Longer than an `/end` may take: no other reaper repeats it meanwhile."""
_PAUSE_FIRST_S, _PAUSE_MOST_S = 1.0, 60.0
_REFUSALS_TO_BELIEVE = 3
"""If a token is refused so often, over a minute, there is nothing left to close. One refusal may be a mistake."""
_REFUSED_PAUSE_S = 30.0
_MOST_REFUSED = 10_000
STUCK_AFTER_S = 3600.0
"""An end that has failed for this long is an alarm."""
_STUCK_ATTEMPTS = 20
"""Sixty tries in an hour are usual. Far fewer mean that one of the clocks has jumped."""


_MOST_UNTOLD = 1000
"""How many ends may wait until their channels hear of them."""


class Reaper:
    """Sweeps. Several workers may sweep at once: the store gives each end to one of them.

    Args:
        agent: Where conversations are ended.
        store: Knows which are due.
        clock: Time.
        on_ended: Called with the thread of each conversation that was ended. Raises nothing but cancellation.
        fill: Reads again what Redis has forgotten of a conversation. Raises nothing but cancellation.
        on_idle: Called with each end of a session that fell idle, at most once.
    """

    def __init__(
        self,
        agent: Agent,
        store: SessionStore,
        clock: Clock,
        on_ended: Callable[[ThreadKey], Awaitable[None]] | None = None,
        fill: Callable[[Session], Awaitable[None]] | None = None,
        on_idle: Callable[[Ending], None] | None = None,
    ) -> None:
        self._on_ended = on_ended
        self._on_idle = on_idle
        self._fill = fill
        self._untold = BackgroundQueue(_MOST_UNTOLD)
        self._agent = agent
        self._store = store
        self._clock = clock
        self.looked_at = clock.monotonic()
        """When it last looked for what is due, by the monotonic clock."""
        self._refusals: BoundedDict[str, int] = BoundedDict(_MOST_REFUSED)
        """How often each conversation's token was refused here. If that is forgotten, it is tried more often."""
        self.ended = 0
        self.stuck = 0

    async def sweep(self) -> None:
        """Begin what is idle, end what is due; return when no end is under way. Errors are logged.

        An end that hangs holds up no other: what comes due meanwhile is ended beside it.
        """
        async with asyncio.TaskGroup() as group:
            running: set[asyncio.Task[None]] = set()
            while True:
                running |= {group.create_task(self._end(ending)) for ending in await self._due(len(running))}
                if not running:
                    return
                _, running = await asyncio.wait(running, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)

    async def _due(self, running: int) -> Sequence[Ending]:
        """Claim as many ends as there is room for beside those that are under way."""
        try:
            if not await self._is_anything_due():
                return ()
            while await self._store.unbind_idle(_BATCH) == _BATCH:
                continue
            return await self._store.claim_ends(AT_ONCE - running, CLAIM_S) if running < AT_ONCE else ()
        except StoreUnavailable as error:
            log.warning("sweep put off: the store does not answer", extra={"cause": str(error)})
            return ()

    async def _is_anything_due(self) -> bool:
        """Look at the store. If its clock jumps, sessions must neither end all at once nor stay open."""
        now = self._clock.monotonic()
        elapsed_s, self.looked_at = now - self.looked_at, now
        tick = await self._store.tick(elapsed_s)
        if tick.jump_s:
            log.warning("Redis's clock jumped; all deadlines were moved along", extra={"jump_s": tick.jump_s})
        return tick.is_due

    async def _end(self, ending: Ending) -> None:
        session = ending.session
        if not session.conversation.token:
            ending = replace(ending, reason=EndReason.LOST)
        facts = {
            "thread_key": str(session.thread),
            "conversation": session.conversation.id,
            "reason": ending.reason.value,
        }
        if self._fill is not None and ending.reason is EndReason.FORGOTTEN and ending.attempts == 1:
            await self._fill(session)
        try:
            await self._close(session.conversation)
        except BridgeError as error:
            await self._put_off(ending, error, facts)
            return
        try:
            is_first = await self._store.confirm_end(ending)
        except StoreUnavailable:
            return  # claimed again later; ending twice does no harm
        self._refusals.pop(session.conversation.id, None)
        self.ended += 1
        if ending.reason is EndReason.LOST:
            log.error("an operator has to act: a conversation cannot be ended, its token is gone", extra=facts)
        log.info("session ended", extra=facts)
        if self._on_ended is not None:
            self._untold.add(partial(self._on_ended, session.thread))
        if is_first and self._on_idle is not None and ending.reason is EndReason.IDLE:
            self._on_idle(ending)

    async def _close(self, conversation: Conversation) -> None:
        """End the conversation. Return also if its token is missing or was refused often enough."""
        if not conversation.token:
            return
        try:
            await self._agent.end(conversation)
        except ConversationLost:
            refusals = self._refusals[conversation.id] = self._refusals.get(conversation.id, 0) + 1
            if refusals < _REFUSALS_TO_BELIEVE:
                raise

    async def report_lost_openings(self) -> None:
        """Count openings whose answer never came, and say what TalkifAI's support needs to find their conversations.

        To be called every ten seconds or so.
        """
        try:
            lost = await self._store.take_lost_openings()
        except StoreUnavailable:
            return
        for opening in lost:
            log.error(
                "an operator has to act: TalkifAI's answer to an opening was lost; a conversation may be open until it"
                " expires by itself. Support finds it by its metadata: %s = %s",
                OPENING,
                opening.id,
                extra={
                    "thread_key": str(opening.thread),
                    "person": opening.person_id,
                    "user_identifier": opening.user_identifier,
                    "agent": opening.agent_id,
                    "asked_at": opening.at,
                },
            )

    async def tell_ends(self) -> None:
        """Make the calls of `on_ended` until cancelled: no end waits for them."""
        await self._untold.run()

    async def _put_off(self, ending: Ending, error: BridgeError, facts: dict[str, str]) -> None:
        wait_s = pause_after(ending.attempts, _PAUSE_FIRST_S, _PAUSE_MOST_S)
        if isinstance(error, AgentRateLimited):
            # A long wait may be meant for openings only. Each end asks again, and the quota lets one a minute try.
            wait_s = min(max(wait_s, error.retry_after_s), _PAUSE_MOST_S)
        elif isinstance(error, ConversationLost):
            wait_s = _REFUSED_PAUSE_S
        is_stuck = ending.attempts >= _STUCK_ATTEMPTS and self._clock.now() - ending.since > STUCK_AFTER_S
        self.stuck += is_stuck
        level = logging.ERROR if is_stuck else logging.WARNING
        extra = {**facts, "attempt": ending.attempts, "wait_s": wait_s, "cause": str(error)}
        log.log(level, "a session could not be ended yet", extra=extra)
        try:
            await self._store.postpone_end(ending, wait_s)
        except StoreUnavailable:
            return  # due again when the claim runs out
