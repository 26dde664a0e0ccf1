"""Put one question to the agent, at most once, and follow the answer into the reply."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.errors import (
    AgentRateLimited,
    AgentUnavailable,
    ConversationLost,
    QuestionTooLong,
    StreamBroken,
)
from bridge.events import StreamEnded, StreamFailed
from bridge.models import EndReason, Entry, Lease, Outcome, Session, Step
from bridge.notices import Notice
from bridge.ports import Agent, Channel, Clock, WorkQueue
from bridge.recovery import Found, RecoveryLimits, reconcile
from bridge.reply import Reply
from bridge.sessions import Sessions

log = logging.getLogger(__name__)

MOST_QUESTION_CHARACTERS = 10_000
"""TalkifAI's limit of one message."""
_RATE_WAIT_MOST_S = 300.0
_UNAVAILABLE_TRIES = 4
_MOST_SENDS = 3
"""Sends of one question in one turn: each but the first only after the one before surely did not arrive."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How asking came out."""

    outcome: Outcome
    notice: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    history_count: int | None = None
    end_reason: EndReason | None = None


class Asker:
    """Asks, recovers, asks again where that is safe."""

    def __init__(
        self,
        *,
        agent: Agent,
        queue: WorkQueue,
        sessions: Sessions,
        clock: Clock,
        recovery: RecoveryLimits | None = None,
    ) -> None:
        self._agent = agent
        self._queue = queue
        self._sessions = sessions
        self._clock = clock
        self._recovery = recovery or RecoveryLimits()

    async def ask(self, lease: Lease, entry: Entry, channel: Channel, reply: Reply, wake: Callable[[], None]) -> Asked:
        """Return when the answer is whole in `reply`, or it is clear that it will not be.

        Raises `LeaseLost`, `StoreUnavailable`, `AgentUnavailable` and `AgentRateLimited` (after patient
        tries; the question did not arrive), and the `Misconfigured` leaves.
        """
        question = entry.question
        if len(question.text) > MOST_QUESTION_CHARACTERS:
            return Asked(Outcome.REFUSED, Notice.TOO_LONG)
        if entry.record.step is Step.SENDING:
            recovered = await self._recover(lease, entry, reply)
            if recovered is not None:
                return recovered
        for _ in range(_MOST_SENDS):
            asked = await self._ask_once(lease, entry, channel, reply, wake)
            if asked is not None:
                return asked
        return Asked(Outcome.REFUSED, Notice.UNAVAILABLE)

    async def _ask_once(
        self, lease: Lease, entry: Entry, channel: Channel, reply: Reply, wake: Callable[[], None]
    ) -> Asked | None:
        """Find or open the session and send. None: it surely did not arrive, and may be sent again."""
        text = entry.question.text
        session = await self._sessions.current(lease.thread)
        if session is None:
            session, _greeting = await self._sessions.open_session(lease, entry.question, channel)
        try:
            count = await self._history_count(session)
            await self._queue.record_sending(lease, session.conversation.id, count)
            return await self._send_or_look_up(lease, session, text, count, reply, wake)
        except ConversationLost:
            await self._give_up_conversation(lease, session)
            return None
        except QuestionTooLong:
            return Asked(Outcome.REFUSED, Notice.TOO_LONG)
        except (AgentUnavailable, AgentRateLimited):
            await self._queue.record_step(lease, Step.CLAIMED)
            raise

    async def _send_or_look_up(
        self, lease: Lease, session: Session, text: str, count: int, reply: Reply, wake: Callable[[], None]
    ) -> Asked | None:
        try:
            return await self._send(session, text, count, reply, wake)
        except StreamBroken as error:
            log.warning("the stream broke", extra={"thread_key": str(lease.thread), "cause": str(error)})
            return await self._look_up(lease, session, text, count, reply)

    async def _send(self, session: Session, text: str, count: int, reply: Reply, wake: Callable[[], None]) -> Asked:
        """Send once, with patience for refusals that surely did not arrive, and read the stream."""
        waited_s = 0.0
        failures = 0
        while True:
            try:
                return await self._stream(session, text, count, reply, wake)
            except StreamBroken:
                raise
            except AgentRateLimited as error:
                if waited_s + error.retry_after_s > _RATE_WAIT_MOST_S:
                    raise
                wait_s = max(error.retry_after_s, 0.5)
            except AgentUnavailable:
                failures += 1
                if failures >= _UNAVAILABLE_TRIES:
                    raise
                wait_s = float(2 ** (failures - 1))
            await self._clock.sleep(wait_s)
            waited_s += wait_s

    async def _stream(self, session: Session, text: str, count: int, reply: Reply, wake: Callable[[], None]) -> Asked:
        async with self._agent.ask(session.conversation, text) as events:
            async for event in events:
                reply.apply(event)
                wake()
                match event:
                    case StreamEnded(usage, end_session):
                        reason = EndReason.AGENT if end_session else None
                        return Asked(Outcome.ANSWERED, "", usage, count + 2, reason)
                    case StreamFailed(reason_text):
                        log.warning("the agent reported an error", extra={"cause": reason_text[:200]})
                        return Asked(Outcome.INTERRUPTED, Notice.FAILED)
                    case _:
                        continue
        raise StreamBroken("the stream ended without an end event")

    async def _recover(self, lease: Lease, entry: Entry, reply: Reply) -> Asked | None:
        """Take up a turn that may have been sent. None: it never arrived, so ask."""
        record = entry.record
        session = await self._sessions.current(lease.thread)
        if session is None or session.conversation.id != record.conversation_id:
            # The conversation that may hold the answer is closed: nobody can tell, so nothing is asked twice.
            return Asked(Outcome.INTERRUPTED, Notice.INTERRUPTED)
        return await self._look_up(lease, session, entry.question.text, record.history_count, reply)

    async def _look_up(self, lease: Lease, session: Session, text: str, count: int, reply: Reply) -> Asked | None:
        """Ask the history. None: the question never arrived, and the record says so now."""
        result = await reconcile(
            self._agent,
            self._clock,
            session.conversation,
            text,
            history_count=count,
            surely_arrived=bool(reply.length),
            limits=self._recovery,
        )
        match result.found:
            case Found.ANSWER:
                reply.replace(result.answer)
                return Asked(Outcome.ANSWERED, history_count=result.history_count)
            case Found.NEVER_ARRIVED:
                await self._queue.record_step(lease, Step.CLAIMED)
                return None
            case Found.NO_ANSWER:
                return Asked(Outcome.INTERRUPTED, Notice.INTERRUPTED)

    async def _history_count(self, session: Session) -> int:
        """Return how many messages the conversation holds. Raises `ConversationLost`."""
        if session.history_count is not None:
            return session.history_count
        return len(await self._agent.history(session.conversation))

    async def _give_up_conversation(self, lease: Lease, session: Session) -> None:
        # First the record: a crash in between must not look like a question that may have been sent.
        await self._queue.record_step(lease, Step.CLAIMED)
        await self._sessions.begin_end(lease.thread, session.conversation.id, EndReason.REPLACED)
