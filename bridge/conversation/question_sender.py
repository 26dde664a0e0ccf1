"""Put one question to the agent, at most once, and follow the answer into the reply."""

import asyncio
import logging
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from bridge.conversation.answer_fold import AnswerFold
from bridge.conversation.carry_over import MOST_QUESTION_CHARACTERS, CarryOver
from bridge.conversation.commands import is_for_another_agent
from bridge.conversation.recovery import (
    Found,
    RecoveryLimits,
    Sought,
    history_now,
    holds_no_question,
    joined,
    reconcile,
)
from bridge.conversation.sessions.compaction import Compaction
from bridge.conversation.sessions.session_manager import SessionManager
from bridge.conversation.turn_context import QuestionTurn
from bridge.domain.errors import (
    AgentRateLimited,
    AgentUnavailable,
    ConversationLost,
    LeaseLost,
    QuestionTooLong,
    StoreUnavailable,
    StreamBroken,
)
from bridge.domain.notices import Notice, Status
from bridge.domain.prompts.carried_words import is_carried
from bridge.domain.sessions import EndReason, Session
from bridge.domain.stream_events import StreamEnded, StreamFailed
from bridge.domain.turns import AnswerResult, Lease, Outcome, Step
from bridge.ports.agent import Agent
from bridge.ports.stores.work_queue import WorkQueue
from bridge.reply.status_line import wait_for_place
from bridge.runtime.backoff import pause_after
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

MOST_SESSION_AGE_S = 20 * 3600.0  # an older session is replaced: TalkifAI's token lives 24 hours
_RATE_WAIT_MOST_S = 300.0
_UNAVAILABLE_TRIES, _UNAVAILABLE_PAUSES_S = 4, (1.0, 4.0)  # the first and the longest pause
_MOST_SENDS = 3
"""How often one turn may send its question. It sends again only if the request before surely did not arrive."""
_MOST_ASKED_AGAIN = 3
"""How often a question may be asked again because a stop cut its answer: so many deploys within one answer lose
nothing, and workers that stop again and again do not ask for ever."""
_NOTE_CUT_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class _Sending:
    """A question on its way into a conversation."""

    session: Session
    count: int
    """How many messages the conversation's history held before."""
    wording: str
    asked_again: int = 0
    """How often it was sent before and the bridge itself cut its answer."""


class QuestionSender:
    """Asks, recovers, asks again where that is safe."""

    def __init__(
        self,
        *,
        agent: Agent,
        queue: WorkQueue,
        sessions: SessionManager,
        clock: Clock,
        carry_over: CarryOver,
        recovery: RecoveryLimits | None = None,
        human_tools: AbstractSet[str] = frozenset(),
        compaction: Compaction,
    ) -> None:
        self._compaction = compaction
        self._agent = agent
        self._queue = queue
        self._sessions = sessions
        self._clock = clock
        self._carry_over = carry_over
        self._recovery = recovery or RecoveryLimits()
        self._human_tools = human_tools

    async def ask(self, turn: QuestionTurn) -> AnswerResult:
        """Return when the answer is whole in the reply, or it is clear that it will not be.

        Raises `LeaseLost`, `StoreUnavailable`, `AgentUnavailable` and `AgentRateLimited` (after patient
        tries; the question did not arrive), and the `Misconfigured` leaves.
        """
        if len(turn.question.text) > MOST_QUESTION_CHARACTERS:
            return _too_long(turn)
        found = await self._recover(turn) if turn.record.step is Step.SENDING else None
        for _ in range(_MOST_SENDS):
            if isinstance(found, AnswerResult):
                return found
            found = await self._ask_once(turn, found)
        return found if isinstance(found, AnswerResult) else AnswerResult(Outcome.REFUSED, turn.say(Notice.UNAVAILABLE))

    async def _ask_once(self, turn: QuestionTurn, sending: "_Sending | None") -> "AnswerResult | _Sending | None":
        """Send once. With None, find or open the session first. Returns what to send again if it did not arrive."""
        session = sending.session if sending else await self._session(turn)
        turn.reply.conversation_id = session.conversation.id
        try:
            if sending is None:
                sending = await self._new_sending(turn, session)
            kept = "" if sending.wording == turn.question.text else sending.wording
            await self._queue.record_sending(
                turn.lease, session.conversation.id, sending.count, kept, asked_again=sending.asked_again
            )
            return await self._send_or_look_up(turn, sending)
        except ConversationLost:
            await self._give_up_conversation(turn.lease, session)
            return None
        except QuestionTooLong:
            return _too_long(turn)
        except (AgentUnavailable, AgentRateLimited):
            await self._queue.record_step(turn.lease, Step.CLAIMED)
            raise

    async def _session(self, turn: QuestionTurn) -> Session:
        thread = turn.lease.thread
        session = await self._sessions.current(thread)
        if session is not None and self._clock.now() - session.opened_at > MOST_SESSION_AGE_S:
            await self._sessions.begin_end(thread, session.conversation.id, EndReason.AGE)
            session = None
        if session is not None and is_for_another_agent(turn, session):
            await self._sessions.begin_end(thread, session.conversation.id, EndReason.COMMAND)
            session = None
        if session is not None and not await self._compaction.go_on(turn, session):
            session = None
        if session is None:
            await turn.guard()
            wait = partial(wait_for_place, turn.reply, turn.wake, self._clock)
            choices = turn.routed.choices
            opened = await self._sessions.open_session(turn.lease, turn.question, turn.channel, choices, wait)
            session, _greeting = opened
        return session

    async def _new_sending(self, turn: QuestionTurn, session: Session) -> "_Sending":
        count = None if self._compaction.has_asked_in(session) else session.history_count
        if count is None:
            count = len(await self._agent.history(session.conversation))
        is_first = await holds_no_question(self._agent, session, count)
        wording = await self._carry_over.wording(turn, session, is_first=is_first)
        if is_carried(wording):
            await self._say_continues(turn, session)
        return _Sending(session, count, wording)

    async def _say_continues(self, turn: QuestionTurn, session: Session) -> None:
        idle_s = self._sessions.idle_after(turn.routed.choices)
        turn.reply.continues = await self._carry_over.line(turn.texts, session, idle_s)

    async def _send_or_look_up(self, turn: QuestionTurn, sending: "_Sending") -> "AnswerResult | _Sending":
        fold = AnswerFold(turn.reply, self._human_tools)
        try:
            return await self._send(turn, sending, fold)
        except StreamBroken as error:
            log.warning("the stream broke", extra={"thread_key": str(turn.lease.thread), "cause": str(error)})
            fold.end()
            sought = Sought(
                sending.wording,
                sending.count,
                surely_arrived=turn.reply.has_begun,
                streamed=fold.streamed,
                may_have_parts=not fold.is_plain,
            )
            return await self._look_up(turn, sending, sought)

    async def _send(self, turn: QuestionTurn, sending: "_Sending", fold: AnswerFold) -> AnswerResult:
        """Send once, with patience for refusals that surely did not arrive, and read the stream."""
        waited_s = 0.0
        failures = 0
        while True:
            await turn.guard()
            try:
                return await self._stream(turn, sending, fold)
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

    async def _stream(self, turn: QuestionTurn, sending: "_Sending", fold: AnswerFold) -> AnswerResult:
        try:
            async with self._agent.ask(sending.session.conversation, sending.wording) as events:
                async for event in events:
                    fold.apply(event)
                    turn.wake()
                    match event:
                        case StreamEnded(usage, end_session):
                            fold.end()
                            # One question and one answer; anything else is counted before the next question.
                            count = sending.count + 2 if fold.is_plain and turn.reply.text.strip() else None
                            notice = turn.say(Notice.PERSON_COMES) if fold.asks_for_human else ""
                            reason = fold.end_reason(end_session=end_session)
                            return AnswerResult(Outcome.ANSWERED, notice, usage, count, reason)
                        case StreamFailed(reason_text):
                            fold.end()
                            return await self._after_failure(turn, sending, reason_text)
                        case _:
                            continue
        except asyncio.CancelledError:
            await self._note_cut(turn.lease, fold.streamed)
            raise
        raise StreamBroken("the stream ended without an end event")

    async def _note_cut(self, lease: Lease, streamed: int) -> None:
        """Record that the bridge itself hangs up, as at a stop: TalkifAI may write no further then."""
        with suppress(LeaseLost, StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_NOTE_CUT_WITHIN_S):
                await self._queue.record_cut(lease, streamed)

    async def _after_failure(self, turn: QuestionTurn, sending: "_Sending", reason: str) -> AnswerResult:
        """Answer an `error` event: the text so far and a notice, unless TalkifAI kept a whole answer all the same."""
        log.warning("the agent reported an error", extra={"cause": reason[:200]})
        failed = AnswerResult(Outcome.INTERRUPTED, turn.say(Notice.FAILED))
        if not turn.reply.length:
            return failed
        messages = await history_now(self._agent, sending.session, sending.count)
        text = joined([message.content for message in messages if message.role == "assistant"])
        if not (text.startswith(turn.reply.text) and len(text) > turn.reply.length):
            return failed
        turn.reply.replace(text)
        return AnswerResult(Outcome.ANSWERED, history_count=sending.count + len(messages))

    async def _recover(self, turn: QuestionTurn) -> "AnswerResult | _Sending":
        """Take up a question that may have been sent. Returns what to send if it never arrived or we cut its answer."""
        record = turn.record
        session = await self._sessions.current(turn.lease.thread)
        if session is None or session.conversation.id != record.conversation_id:
            # The conversation that may hold the answer is closed: it cannot be read, so nothing is asked twice.
            return AnswerResult(Outcome.INTERRUPTED, turn.say(Notice.INTERRUPTED))
        if is_carried(record.wording):
            await self._say_continues(turn, session)
        was_cut = record.cut_at is not None
        if was_cut:
            turn.reply.replace(record.text)
            turn.reply.say(Status.THINKING)
            turn.wake()
        sending = _Sending(session, record.history_count, record.wording or turn.question.text, record.asked_again)
        sought = Sought(
            sending.wording,
            sending.count,
            surely_arrived=turn.reply.has_begun,
            streamed=record.cut_at,
            was_cut=was_cut,
        )
        return await self._look_up(turn, sending, sought)

    async def _look_up(self, turn: QuestionTurn, sending: "_Sending", sought: Sought) -> "AnswerResult | _Sending":
        """Look the question up in the history. Returns what to send if it never arrived or we cut its answer."""
        conversation = sending.session.conversation
        result = await reconcile(self._agent, self._clock, conversation, sought, self._recovery)
        count = result.history_count
        if result.found is Found.ANSWER:
            turn.reply.replace(result.answer)
            return AnswerResult(Outcome.ANSWERED, history_count=count)
        if result.found is Found.NEVER_ARRIVED and count is not None:
            await self._queue.record_step(turn.lease, Step.CLAIMED)
            return replace(sending, count=count)
        if sought.was_cut and sending.asked_again < _MOST_ASKED_AGAIN and count is not None:
            log.info("a question whose answer we cut is asked again", extra={"thread_key": str(turn.lease.thread)})
            turn.reply.has_begun = False
            # What was said before arrived with the question, and goes along only once.
            wording = await self._carry_over.wording(turn, sending.session, is_first=False)
            return replace(sending, count=count, wording=wording, asked_again=sending.asked_again + 1)
        if len(result.answer) > turn.reply.length:
            turn.reply.replace(result.answer)
        return AnswerResult(Outcome.INTERRUPTED, turn.say(Notice.INTERRUPTED), history_count=count)

    async def _give_up_conversation(self, lease: Lease, session: Session) -> None:
        # Record first: after a crash in between, this must not look like a question that may have been sent.
        await self._queue.record_step(lease, Step.CLAIMED)
        await self._sessions.begin_end(lease.thread, session.conversation.id, EndReason.REPLACED)


def _too_long(turn: QuestionTurn) -> AnswerResult:
    return AnswerResult(Outcome.REFUSED, turn.say(Notice.TOO_LONG), may_retry=False)
