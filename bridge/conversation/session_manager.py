"""Open, find and end the session of a thread, so that no conversation is opened without its record."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.domain.errors import AgentRateLimited, AgentUnreachable, BridgeError, LeaseLost, StoreUnavailable
from bridge.domain.incoming import Question
from bridge.domain.sessions import Conversation, EndReason, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease
from bridge.ports.agent import Agent
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import AskerNames, OwnAgent
from bridge.ports.sessions import SessionStore
from bridge.runtime.cancellation import run_shielded
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

Wait = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

_END_NOW_WITHIN_S = 2.0
"""Shorter than an opening may go on after a stop: its end is put into the queue within that time."""
_RATE_WAIT_MOST_S = 120.0
"""How long a question waits for TalkifAI's organisation limit before its asker is told."""
_OPEN_AFTER_STOP_S = 3.0
"""How long an opening may go on once its turn was cancelled: seven times what it takes. Its end comes after that."""
_PAUSES_S = (0.3, 1.0, 2.0)
"""Between tries while no connection to TalkifAI comes about, as when it restarts."""
_SHORTEST_WAIT_S = 0.5


class SessionManager:
    """The bridge's side of billing: what is open, and that it is closed."""

    def __init__(self, agent: Agent, store: SessionStore, clock: Clock, *, idle_after_s: float) -> None:
        self._agent = agent
        self._store = store
        self._clock = clock
        self.idle_after_s = idle_after_s
        self._unrecorded: dict[str, Session] = {}

    async def current(self, thread: ThreadKey) -> Session | None:
        """Return the session that is open in the thread."""
        return await self._store.current(thread)

    async def open_session(
        self, lease: Lease, question: Question, channel: Channel, wait: Wait | None = None
    ) -> tuple[Session, str]:
        """Open a conversation, bind the thread to it, and return the session and the agent's greeting.

        `wait` waits out TalkifAI's limit; by default in silence.

        Raises `LeaseLost`, `StoreUnavailable` (the conversation was ended on the spot), `AgentUnavailable`,
        `AgentRateLimited` and the `Misconfigured` leaves.
        """
        identifier = await _identifier_of(question, channel)
        patience = _Patience(self._clock, wait)
        while True:
            try:
                # Cancelled in here, a paid conversation could stay open without anybody knowing of it. All waits are
                # outside: after one there would be too little of that time left to open and record.
                return await run_shielded(
                    self._open_and_bind(lease, question, channel, identifier), at_most_s=_OPEN_AFTER_STOP_S
                )
            except (AgentRateLimited, AgentUnreachable) as error:
                await patience.wait_out(error)

    async def begin_end(self, thread: ThreadKey, conversation_id: str, reason: EndReason) -> bool:
        """Unbind the thread; the reaper makes the call. False when it was not bound to that conversation."""
        return await self._store.begin_end(thread, conversation_id, reason)

    async def end_unrecorded(self) -> None:
        """Try again to end the conversations that no record tells of. To be called every second or so."""
        for session in list(self._unrecorded.values()):
            await self._end_on_the_spot(session)

    async def _open_and_bind(
        self, lease: Lease, question: Question, channel: Channel, identifier: str
    ) -> tuple[Session, str]:
        # A request whose answer was lost is not repeated: it may have opened a conversation that nobody knows of, and
        # another try could leave another one.
        agent_id = channel.agent_id if isinstance(channel, OwnAgent) else ""
        opened = await self._agent.open(identifier, question.metadata, agent_id)
        session = Session(
            thread=lease.thread,
            conversation=opened.conversation,
            agent_name=opened.agent_name,
            person_id=question.person.id,
            user_identifier=identifier,
            opened_at=self._clock.now(),
            history_count=1 if opened.greeting else 0,
        )
        try:
            await self._store.bind(lease, session, self.idle_after_s)
        except (LeaseLost, StoreUnavailable, asyncio.CancelledError):
            # Cancelled here, by a stop while the store is away, there is time left for the end alone.
            await self._end_on_the_spot(session)
            raise
        log.info("session opened", extra={"thread_key": str(lease.thread), "conversation": opened.conversation.id})
        return session, opened.greeting

    async def _end_on_the_spot(self, session: Session) -> None:
        """End a conversation that could not be recorded, or leave its end to the reaper: whichever works first.

        Where neither does it is kept in mind and tried again for as long as this worker lives.
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
                return
        self._unrecorded.pop(session.conversation.id, None)

    async def _end_now(self, conversation: Conversation) -> bool:
        """Try once, for a short time only: a limit of TalkifAI may hold an end up for longer than we have."""
        try:
            async with asyncio.timeout(_END_NOW_WITHIN_S):
                await self._agent.end(conversation)
        except (BridgeError, TimeoutError) as error:
            log.warning("an end on the spot failed", extra={"conversation": conversation.id, "cause": str(error)})
            return False
        return True


async def _identifier_of(question: Question, channel: Channel) -> str:
    """Return TalkifAI's name for the asker."""
    if isinstance(channel, AskerNames):
        return await channel.user_identifier(question)
    return f"{channel.name}:{question.person.id}"


class _Patience:
    """Waits before another try to open, for as long as an asker may be left waiting."""

    def __init__(self, clock: Clock, wait: Wait | None) -> None:
        self._clock = clock
        self._wait = wait or clock.sleep
        self._waited_s = 0.0
        self._pauses = iter(_PAUSES_S)

    async def wait_out(self, refusal: AgentRateLimited | AgentUnreachable) -> None:
        """Return when the next try may be made. Raises `refusal` where there shall be none."""
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
