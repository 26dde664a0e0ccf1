"""Put one question to the agent, at most once, and follow the answer into the reply."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bridge.conversation.recovery import Found, RecoveryLimits, reconcile
from bridge.conversation.session_manager import SessionManager
from bridge.domain.errors import AgentRateLimited, AgentUnavailable, ConversationLost, QuestionTooLong, StreamBroken
from bridge.domain.notices import Notice
from bridge.domain.sessions import EndReason, HistoryMessage, Session
from bridge.domain.speaker_names import is_another_speaker, with_speaker_name
from bridge.domain.stream_events import StreamEnded, StreamFailed
from bridge.domain.turns import AnswerResult, InboxItem, Lease, Outcome, PromptContext, Step
from bridge.ports.agent import Agent
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Prompting
from bridge.ports.work_queue import WorkQueue
from bridge.reply.reply import Reply
from bridge.reply.status_line import wait_for_place
from bridge.runtime.backoff import pause_after
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

MOST_QUESTION_CHARACTERS = 10_000
"""TalkifAI's limit of one message."""
MOST_SESSION_AGE_S = 20 * 3600.0
"""A session older than that is replaced before the next question: TalkifAI's token lives 24 hours."""
_RATE_WAIT_MOST_S = 300.0
_UNAVAILABLE_TRIES = 4
_UNAVAILABLE_PAUSES_S = (1.0, 4.0)
"""The first and the longest."""
_MOST_SENDS = 3
"""Sends of one question in one turn: each but the first only after the one before surely did not arrive."""


Guard = Callable[[], Awaitable[None]]
"""Returns while the thread is this worker's. Raises `LeaseLost` when another one has it."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """A question that is being answered, and what answering it touches."""

    lease: Lease
    entry: InboxItem
    channel: Channel
    reply: Reply
    wake: Callable[[], None]
    """Says that the reply has changed."""
    guard: Guard


class QuestionSender:
    """Asks, recovers, asks again where that is safe."""

    def __init__(
        self,
        *,
        agent: Agent,
        queue: WorkQueue,
        sessions: SessionManager,
        clock: Clock,
        recovery: RecoveryLimits | None = None,
    ) -> None:
        self._agent = agent
        self._queue = queue
        self._sessions = sessions
        self._clock = clock
        self._recovery = recovery or RecoveryLimits()

    async def ask(self, turn: TurnContext) -> AnswerResult:
        """Return when the answer is whole in the reply, or it is clear that it will not be.

        Raises `LeaseLost`, `StoreUnavailable`, `AgentUnavailable` and `AgentRateLimited` (after patient
        tries; the question did not arrive), and the `Misconfigured` leaves.
        """
        if len(turn.entry.question.text) > MOST_QUESTION_CHARACTERS:
            return AnswerResult(Outcome.REFUSED, Notice.TOO_LONG)
        if turn.entry.record.step is Step.SENDING:
            recovered = await self._recover(turn)
            if recovered is not None:
                return recovered
        for _ in range(_MOST_SENDS):
            asked = await self._ask_once(turn)
            if asked is not None:
                return asked
        return AnswerResult(Outcome.REFUSED, Notice.UNAVAILABLE)

    async def _ask_once(self, turn: TurnContext) -> AnswerResult | None:
        """Find or open the session and send. None: it surely did not arrive, and may be sent again."""
        session = await self._session(turn)
        try:
            count = await self._history_count(session)
            wording = await self._wording(turn, session)
            kept = "" if wording == turn.entry.question.text else wording
            await self._queue.record_sending(turn.lease, session.conversation.id, count, kept)
            return await self._send_or_look_up(turn, session, count, wording)
        except ConversationLost:
            await self._give_up_conversation(turn.lease, session)
            return None
        except QuestionTooLong:
            return AnswerResult(Outcome.REFUSED, Notice.TOO_LONG)
        except (AgentUnavailable, AgentRateLimited):
            await self._queue.record_step(turn.lease, Step.CLAIMED)
            raise

    async def _session(self, turn: TurnContext) -> Session:
        thread = turn.lease.thread
        session = await self._sessions.current(thread)
        if session is not None and self._clock.now() - session.opened_at > MOST_SESSION_AGE_S:
            await self._sessions.begin_end(thread, session.conversation.id, EndReason.AGE)
            session = None
        if session is None:
            await turn.guard()
            wait = partial(wait_for_place, turn.reply, turn.wake, self._clock)
            opened = await self._sessions.open_session(turn.lease, turn.entry.question, turn.channel, wait)
            session, _greeting = opened
        return session

    async def _wording(self, turn: TurnContext, session: Session) -> str:
        """Return what is sent for the question. Somebody else than the opener makes it a talk of several."""
        question = turn.entry.question
        several = session.several_speak or is_another_speaker(question, session)
        told = PromptContext(session.turns == 0, several, MOST_QUESTION_CHARACTERS)
        if isinstance(turn.channel, Prompting):
            return await turn.channel.wording(question, told)
        return with_speaker_name(question, told)

    async def _send_or_look_up(
        self, turn: TurnContext, session: Session, count: int, wording: str
    ) -> AnswerResult | None:
        try:
            return await self._send(turn, session, count, wording)
        except StreamBroken as error:
            log.warning("the stream broke", extra={"thread_key": str(turn.lease.thread), "cause": str(error)})
            return await self._look_up(turn, session, count, wording)

    async def _send(self, turn: TurnContext, session: Session, count: int, wording: str) -> AnswerResult:
        """Send once, with patience for refusals that surely did not arrive, and read the stream."""
        waited_s = 0.0
        failures = 0
        while True:
            await turn.guard()
            try:
                return await self._stream(turn, session, count, wording)
            except StreamBroken:
                raise
            except AgentRateLimited as error:
                if waited_s + error.retry_after_s > _RATE_WAIT_MOST_S:
                    raise
                wait_s = max(error.retry_after_s, 0.5)
                await wait_for_place(turn.reply, turn.wake, self._clock, wait_s)
            except AgentUnavailable:
                failures += 1
                if failures >= _UNAVAILABLE_TRIES:
                    raise
                wait_s = pause_after(failures, *_UNAVAILABLE_PAUSES_S)
                await self._clock.sleep(wait_s)
            waited_s += wait_s

    async def _stream(self, turn: TurnContext, session: Session, count: int, wording: str) -> AnswerResult:
        async with self._agent.ask(session.conversation, wording) as events:
            async for event in events:
                turn.reply.apply(event)
                turn.wake()
                match event:
                    case StreamEnded(usage, end_session):
                        reason = EndReason.AGENT if end_session else None
                        return AnswerResult(Outcome.ANSWERED, "", usage, count + 2, reason)
                    case StreamFailed(reason_text):
                        return await self._after_failure(turn, session, count, reason_text)
                    case _:
                        continue
        raise StreamBroken("the stream ended without an end event")

    async def _after_failure(self, turn: TurnContext, session: Session, count: int, reason: str) -> AnswerResult:
        """An `error` event: the text so far and a notice, unless TalkifAI kept a whole answer all the same."""
        log.warning("the agent reported an error", extra={"cause": reason[:200]})
        failed = AnswerResult(Outcome.INTERRUPTED, Notice.FAILED)
        if not turn.reply.length:
            return failed
        messages = await self._history_now(session, count)
        texts = [message.content for message in messages if message.role == "assistant"]
        if not (texts and texts[-1].startswith(turn.reply.text) and len(texts[-1]) > turn.reply.length):
            return failed
        turn.reply.replace(texts[-1])
        return AnswerResult(Outcome.ANSWERED, history_count=count + len(messages))

    async def _history_now(self, session: Session, offset: int) -> Sequence[HistoryMessage]:
        try:
            return await self._agent.history(session.conversation, offset)
        except (ConversationLost, AgentUnavailable, AgentRateLimited):
            return ()

    async def _recover(self, turn: TurnContext) -> AnswerResult | None:
        """Take up a turn that may have been sent. None: it never arrived, so ask."""
        record = turn.entry.record
        session = await self._sessions.current(turn.lease.thread)
        if session is None or session.conversation.id != record.conversation_id:
            # The conversation that may hold the answer is closed: nobody can tell, so nothing is asked twice.
            return AnswerResult(Outcome.INTERRUPTED, Notice.INTERRUPTED)
        wording = record.wording or turn.entry.question.text
        return await self._look_up(turn, session, record.history_count, wording)

    async def _look_up(self, turn: TurnContext, session: Session, count: int, wording: str) -> AnswerResult | None:
        """Ask the history. None: the question never arrived, and the record says so now."""
        result = await reconcile(
            self._agent,
            self._clock,
            session.conversation,
            wording,
            history_count=count,
            surely_arrived=turn.reply.has_begun,
            limits=self._recovery,
        )
        match result.found:
            case Found.ANSWER:
                turn.reply.replace(result.answer)
                return AnswerResult(Outcome.ANSWERED, history_count=result.history_count)
            case Found.NEVER_ARRIVED:
                await self._queue.record_step(turn.lease, Step.CLAIMED)
                return None
            case Found.NO_ANSWER:
                return AnswerResult(Outcome.INTERRUPTED, Notice.INTERRUPTED)

    async def _history_count(self, session: Session) -> int:
        """Return how many messages the conversation holds. Raises `ConversationLost`."""
        if session.history_count is not None:
            return session.history_count
        return len(await self._agent.history(session.conversation))

    async def _give_up_conversation(self, lease: Lease, session: Session) -> None:
        # First the record: a crash in between must not look like a question that may have been sent.
        await self._queue.record_step(lease, Step.CLAIMED)
        await self._sessions.begin_end(lease.thread, session.conversation.id, EndReason.REPLACED)
