"""Opens, finds and ends the session of a thread, so that no conversation is opened without its record."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bridge.access.memory import Memory, identifier_in
from bridge.access.routes import Choices
from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.conversation.sessions.muted_places import MutedPlaces
from bridge.domain.errors import (
    AgentRateLimited,
    AgentUnreachable,
    BridgeError,
    LeaseLost,
    Misconfigured,
    PersonAnswers,
    StoreUnavailable,
)
from bridge.domain.incoming import Queued
from bridge.domain.sessions import Conversation, EndReason, IdleLine, OpenedConversation, Opening, Session
from bridge.domain.take_overs import TakeOver
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease
from bridge.ports.agent import Agent
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import AskerNames, KnownLocales, OwnAgent
from bridge.ports.stores.sessions import SessionStore
from bridge.ports.stores.take_overs import TakeOvers
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

Wait = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

_END_NOW_WITHIN_S = 2.0
"""Shorter than an opening may go on after a stop: its end enters the queue within that time."""
_RATE_WAIT_MOST_S = 120.0
"""How long a question waits for TalkifAI's organisation limit before a notice says so."""
_RECORD_AFTER_CANCEL_S = 1.0
"""How long a cancelled turn waits for its opening, more than twice what that takes. What opens later is ended."""
_FINISH_WITHIN_S = 1.0
"""How long a process that stops waits for openings whose turns are gone; then, as long again for what they opened to
be ended."""
OPENING = "bridge_opening"
"""The name in a conversation's metadata under which TalkifAI's support finds one whose opening was lost."""
_PAUSES_S = (0.3, 1.0, 2.0)
"""Between tries while no connection to TalkifAI comes about, as when it restarts."""
_SHORTEST_WAIT_S = 0.5


class SessionManager:
    """The bridge's side of billing: knows what is open, and sees that it is closed."""

    def __init__(
        self,
        agent: Agent,
        store: SessionStore,
        clock: Clock,
        *,
        idle_timeout_s: float,
        muted: MutedPlaces,
        take_overs: TakeOvers | None = None,
        memory: Memory = Memory.DIRECT,
        allowances: AllowanceKeeper | None = None,
        idle_line: bool = False,
    ) -> None:
        """`idle_line`: whether a thread that falls idle gets a line, if no route says otherwise."""
        self._idle_line = idle_line
        self._take_overs = take_overs
        self._memory = memory
        self._allowances = allowances
        self._agent = agent
        self._muted = muted
        self._store = store
        self._clock = clock
        self.idle_timeout_s = idle_timeout_s
        self._new_id: Callable[[], str] = lambda: uuid.uuid4().hex
        self._unrecorded: dict[str, Session] = {}
        self._openings: set[asyncio.Task[tuple[Session, str]]] = set()

    def idle_after(self, choices: Choices) -> float:
        """Return after how many seconds without activity a session ends."""
        return self.idle_timeout_s if choices.idle_timeout_s is None else choices.idle_timeout_s

    async def current(self, thread: ThreadKey) -> Session | None:
        """Return the session that is open in the thread."""
        return await self._store.current(thread)

    async def taken_over(self, thread: ThreadKey) -> TakeOver | None:
        """Return who has the thread; None where that is the agent."""
        return None if self._take_overs is None else await self._take_overs.of_thread(thread)

    async def open_session(
        self, lease: Lease, queued: Queued, channel: Channel, choices: Choices, wait: Wait | None = None
    ) -> tuple[Session, str]:
        """Open a conversation, bind the thread to it, and return the session and the agent's greeting.

        `wait` waits out TalkifAI's limit; by default in silence. If the turn is cancelled, its opening goes on alone,
        and the conversation that it opens is ended.

        Raises `LeaseLost`, `StoreUnavailable` (the conversation was ended on the spot), `AgentUnavailable`,
        `AgentRateLimited`, the `Misconfigured` leaves, `PlaceMuted` where the answer could not be
        written, `AllowanceUsedUp`, and `PersonAnswers`.
        """
        taken_over, _ = await asyncio.gather(self.taken_over(lease.thread), self._muted.check(lease.thread))
        if taken_over is not None:
            raise PersonAnswers
        if self._allowances is not None:
            await self._allowances.take_session(queued, choices)
        agent_id = choices.agent_id or (channel.agent_id if isinstance(channel, OwnAgent) else "")
        identifier = identifier_in(self._memory, queued, await _identifier_of(queued, channel))
        says_idle = self._idle_line if choices.idle_line is None else choices.idle_line
        idle_line = await _idle_line_of(queued, channel) if says_idle else None
        patience = _Patience(self._clock, wait)
        while True:
            at = self._clock.now()
            opening = Opening(self._new_id(), lease.thread, queued.person.id, identifier, agent_id, at)
            try:
                # All waits are here, outside of openings, so a cancelled turn can leave at once.
                attempt = _Attempt(lease, opening, queued.origin.metadata, self.idle_after(choices), idle_line)
                return await self._see_through(attempt)
            except (AgentRateLimited, AgentUnreachable) as error:
                await patience.wait_out(error)

    async def begin_end(self, thread: ThreadKey, conversation_id: str, reason: EndReason) -> bool:
        """Unbind the thread; the reaper makes the call. False when it was not bound to that conversation."""
        return await self._store.begin_end(thread, conversation_id, reason)

    async def end_unrecorded(self) -> None:
        """Try again to end conversations that have no record. Call it every second or so."""
        for session in list(self._unrecorded.values()):
            await self._end_on_the_spot(session)

    async def finish_openings(self) -> None:
        """At a stop of the process, wait for openings whose turns are gone.

        What is still under way after that counts as lost a minute later: another worker says so.
        """
        for _ in range(2):
            if not self._openings:
                return
            _, late = await asyncio.wait(self._openings, timeout=_FINISH_WITHIN_S)
            for task in late:
                task.cancel()

    async def _see_through(self, attempt: "_Attempt") -> tuple[Session, str]:
        task = asyncio.ensure_future(self._open_and_bind(attempt))
        self._openings.add(task)
        task.add_done_callback(self._opening_done)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=_RECORD_AFTER_CANCEL_S)
            attempt.is_abandoned = True
            if attempt.is_open and not task.done():
                # The store hangs: there is time left for the end alone.
                task.cancel()
                await asyncio.wait([task])
            raise

    def _opening_done(self, task: "asyncio.Task[tuple[Session, str]]") -> None:
        self._openings.discard(task)
        if not task.cancelled():
            task.exception()  # seen: its turn is gone, so no other code looks at it

    async def _open_and_bind(self, attempt: "_Attempt") -> tuple[Session, str]:
        lease, opening = attempt.lease, attempt.opening
        await self._store.note_opening(opening)
        opened = await self._request(attempt)
        attempt.is_open = True
        session = Session(
            thread=lease.thread,
            conversation=opened.conversation,
            agent_name=opened.agent_name,
            person_id=opening.person_id,
            user_identifier=opening.user_identifier,
            agent_id=opening.agent_id,
            opened_at=self._clock.now(),
            history_count=1 if opened.greeting else 0,
            idle_line=attempt.idle_line,
        )
        try:
            await self._record(attempt, session)
        except (LeaseLost, StoreUnavailable, asyncio.CancelledError):
            if await self._end_on_the_spot(session):
                await self._forget(opening)
            raise
        log.info("session opened", extra={"thread_key": str(lease.thread), "conversation": opened.conversation.id})
        return session, opened.greeting

    async def _record(self, attempt: "_Attempt", session: Session) -> None:
        if attempt.is_abandoned:
            raise LeaseLost(str(attempt.lease.thread))
        await self._store.bind(attempt.lease, session, attempt.idle_timeout_s, attempt.opening.id)

    async def _request(self, attempt: "_Attempt") -> OpenedConversation:
        """Open, once: if the answer is lost, a conversation may be open, and another try could open a second one."""
        opening = attempt.opening
        metadata = {**attempt.metadata, OPENING: opening.id}
        try:
            return await self._agent.open(opening.user_identifier, metadata, opening.agent_id)
        except (AgentRateLimited, AgentUnreachable, Misconfigured):
            await self._forget(opening)  # surely nothing was opened
            raise

    async def _forget(self, opening: Opening) -> None:
        try:
            await self._store.forget_opening(opening.id)
        except StoreUnavailable:
            log.warning("an opening counts as lost though it is not", extra={"opening": opening.id})

    async def _end_on_the_spot(self, session: Session) -> bool:
        """End a conversation that could not be recorded, or leave its end to the reaper: whichever works first.

        If neither works, return False and try again for as long as this worker lives.
        """
        facts = {"conversation": session.conversation.id}
        self._unrecorded[session.conversation.id] = session
        if await self._end_now(session.conversation):
            log.warning("a session was ended on the spot", extra=facts)
        else:
            try:
                async with asyncio.timeout(_END_NOW_WITHIN_S):
                    await self._store.queue_end(session, EndReason.UNRECORDED)
            except (StoreUnavailable, TimeoutError):
                log.error("a conversation is open without a record: its end is tried again", extra=facts)  # noqa: TRY400 - no traceback wanted
                return False
        self._unrecorded.pop(session.conversation.id, None)
        return True

    async def _end_now(self, conversation: Conversation) -> bool:
        """Try once and briefly: a limit of TalkifAI may hold an end up for longer than there is time."""
        try:
            async with asyncio.timeout(_END_NOW_WITHIN_S):
                await self._agent.end(conversation)
        except (BridgeError, TimeoutError) as error:
            log.warning("an end on the spot failed", extra={"conversation": conversation.id, "cause": str(error)})
            return False
        return True


async def _identifier_of(queued: Queued, channel: Channel) -> str:
    """Return TalkifAI's name for the asker."""
    if isinstance(channel, AskerNames):
        return await channel.user_identifier(queued)
    return f"{channel.name}:{queued.person.id}"


async def _idle_line_of(queued: Queued, channel: Channel) -> IdleLine:
    """Return where the asker reads, and in which language."""
    known = await channel.locale_of(queued.origin) if isinstance(channel, KnownLocales) else queued.person.locale
    return IdleLine(queued.address, known.language)


@dataclass(slots=True)
class _Attempt:
    """One opening under way."""

    lease: Lease
    opening: Opening
    metadata: Mapping[str, str]
    idle_timeout_s: float
    idle_line: IdleLine | None = None
    is_open: bool = False
    """The conversation is open; its record is being written."""
    is_abandoned: bool = False
    """The turn is gone: what is opened now has to be ended."""


class _Patience:
    """Waits before another try to open, for as long as an asker may be left waiting."""

    def __init__(self, clock: Clock, wait: Wait | None) -> None:
        self._clock = clock
        self._wait = wait or clock.sleep
        self._waited_s = 0.0
        self._pauses = iter(_PAUSES_S)

    async def wait_out(self, refusal: AgentRateLimited | AgentUnreachable) -> None:
        """Wait until the next try. Raises `refusal` if no further try is to be made."""
        if isinstance(refusal, AgentUnreachable):
            pause_s = next(self._pauses, None)
            if pause_s is None:
                raise refusal
            await self._clock.sleep(pause_s)
            return
        if self._waited_s + refusal.retry_after_s > _RATE_WAIT_MOST_S:
            raise refusal
        wait_s = max(refusal.retry_after_s, _SHORTEST_WAIT_S)
        await self._wait(wait_s)
        self._waited_s += wait_s
