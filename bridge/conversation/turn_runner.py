"""Answer one question: find or open the session, ask, show the answer as it grows, say how to settle.

Each step is recorded before it is taken, so that a worker that finds a turn half-done goes on from the record:
what may have been sent is looked up in the history, what is shown is edited, nothing is done twice.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import assert_never

from bridge.access.lists import AccessPolicy
from bridge.access.routes import RouteTable
from bridge.conversation.admission import Admissions
from bridge.conversation.announcer import Announcer
from bridge.conversation.carry_over import CarryOver
from bridge.conversation.channels import Channels
from bridge.conversation.commands import Commands
from bridge.conversation.files.delivery import FileDelivery
from bridge.conversation.question_sender import QuestionSender
from bridge.conversation.sessions.allowances import AllowanceKeeper, HourLimit, used_up
from bridge.conversation.sessions.muted_places import MutedPlaces
from bridge.conversation.sessions.session_manager import SessionManager
from bridge.conversation.turn_context import Guard, TurnContext
from bridge.domain.errors import (
    AllowanceUsedUp,
    Misconfigured,
    PersonAnswers,
    PlaceGone,
    PlaceMuted,
    Retryable,
    StoreUnavailable,
)
from bridge.domain.incoming import TAKE_OVER, Command, CommandName, Question, Queued, has_words
from bridge.domain.notices import Notice
from bridge.domain.pages import Button
from bridge.domain.sessions import EndReason
from bridge.domain.take_overs import TakeOverOptions
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, InboxItem, Lease, Outcome, Settlement, Step
from bridge.markdown.pagination import MAX_PAGES
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import (
    ReplyButtons,
    SuspendedThreads,
    TurnEvents,
)
from bridge.ports.stores.key_value import KeyValueStore
from bridge.ports.stores.work_queue import WorkQueue
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.buttons import buttons_after
from bridge.reply.display_mode import by_edits
from bridge.reply.reply import Reply
from bridge.reply.status_line import fill_status_line, show_activity
from bridge.reply.writer import Writer
from bridge.runtime.cancellation import until_stopped, unwrap_group
from bridge.runtime.clock import Clock
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.texts.sentences import files_notice

log = logging.getLogger(__name__)

_STOPPED = AnswerResult(Outcome.STOPPED)


class TurnRunner:
    """Runs turns; knows every channel by its name."""

    def __init__(
        self,
        *,
        asker: QuestionSender,
        queue: WorkQueue,
        sessions: SessionManager,
        channels: Channels,
        pacing: ChannelLimiter,
        clock: Clock,
        alarms: OperatorAlerts,
        muted: MutedPlaces,
        carry_over: CarryOver,
        marks: KeyValueStore,
        allowances: AllowanceKeeper,
        access: AccessPolicy | None = None,
        routes: RouteTable,
        show_tools: bool = False,
        human: TakeOverOptions | None = None,
        max_pages: int = MAX_PAGES,
        file_from: int | None = None,
    ) -> None:
        human = human or TakeOverOptions()
        self._max_pages = max_pages
        self._files = FileDelivery(queue, pacing, clock, alarms, file_from)
        self._routes = routes
        self._asker = asker
        self._queue = queue
        self._sessions = sessions
        self._channels = channels
        self._pacing = pacing
        self._commands = Commands(queue, sessions, carry_over, clock, human.switched_off)
        self._clock = clock
        self._alarms = alarms
        self._muted = muted
        announcer = Announcer(channels, pacing, clock)
        self.say, self.say_words, self.offer_retry = announcer.say, announcer.say_words, announcer.offer_retry
        self.say_aside, self.close_offer = announcer.say_aside, announcer.close_offer
        self.admissions = Admissions(
            policy=access or AccessPolicy(routes=routes),
            channels=channels,
            marks=marks,
            say=announcer.say_words,
            alarms=alarms,
            clock=clock,
        )
        """Who may ask."""
        self.hour = HourLimit(allowances, routes, self.admissions.tell_once)
        self._allowances = allowances
        self._show_tools = show_tools
        self._not_offered = frozenset[Button]() if human.button else frozenset({Button.HUMAN})

    def knows(self, thread: ThreadKey) -> bool:
        """Say whether this worker serves the thread's channel, and the account there."""
        return self._channels.find(thread) is not None

    def idle_timeout_s(self, queued: Queued) -> float:
        """Return how long the session in which this was asked may be idle."""
        return self._sessions.idle_after(self._routes.route(queued).choices)

    async def settled(self, queued: Queued, settlement: Settlement) -> None:
        """Count what the turn used, and tell the channel that it is over."""
        self._allowances.settled(queued, settlement, self._routes.route(queued).choices)
        channel = self._channels.find(queued.thread)
        if channel is not None and isinstance(channel, TurnEvents):
            await channel.settled(queued, settlement)
            if settlement.end_reason is EndReason.HUMAN or (isinstance(queued, Command) and queued.name in TAKE_OVER):
                await self.ended(queued.thread)

    async def ended(self, thread: ThreadKey) -> None:
        """Tell the channel that no conversation is open in the thread, or that a person has it; if that is so."""
        channel = self._channels.find(thread)
        if channel is None:
            return
        with suppress(StoreUnavailable):
            if await self._sessions.taken_over(thread) is not None:
                if isinstance(channel, SuspendedThreads):
                    await channel.suspended(thread)
            elif isinstance(channel, TurnEvents) and await self._sessions.current(thread) is None:
                await channel.ended(thread)

    async def run(self, lease: Lease, entry: InboxItem, guard: Guard, stop: asyncio.Event | None = None) -> Settlement:
        """Answer the question at the head of a thread and show it whole, or as far as it had come when `stop` was set.

        Raises `LeaseLost`: stop. `Retryable`: nothing was decided, take the turn up again later.
        """
        channel, queued = self._channels.of(lease.thread), entry.queued
        choices = self._routes.route(queued).choices
        if entry.record.is_superseded and not entry.record.is_stopped:
            return await self._run(channel, lease, entry, guard, stop)
        # A question that may have left the bridge was admitted before.
        has_begun = entry.record.step is not Step.CLAIMED
        if has_begun or await self.admissions.admits(channel, queued):
            tell_once = self.admissions.tell_once
            async with self._allowances.turn_of(queued, choices, tell_once, has_begun=has_begun) as may_ask:
                if may_ask:
                    return await self._run(channel, lease, entry, guard, stop)
        return Settlement(outcome=Outcome.EXCLUDED, idle_timeout_s=self.idle_timeout_s(queued))

    async def _run(
        self, channel: Channel, lease: Lease, entry: InboxItem, guard: Guard, stop: asyncio.Event | None
    ) -> Settlement:
        queued = entry.queued
        asked_at = self._clock.monotonic() - max(0.0, self._clock.now() - queued.origin.asked_at)
        routed = self._routes.route(queued)
        texts = await self._channels.texts_for(queued.origin)
        buttons = channel.controls - self._not_offered if isinstance(channel, ReplyButtons) else frozenset()
        replaced = await self._commands.replaced_by(queued)
        streaming = routed.choices.streaming
        reply = Reply(
            queued.id,
            channel.fits,
            self._max_pages,
            show_tools=self._show_tools,
            controls=buttons,
            streaming=by_edits(channel, streaming) if replaced else streaming,
            most_shown=self._files.most_shown(channel),
            texts=texts,
        )
        reply.has_begun = entry.record.has_begun
        message_ids = entry.record.message_ids or replaced
        writer = Writer(
            channel,
            queued.address,
            reply,
            pacing=self._pacing,
            clock=self._clock,
            guard=partial(guard, shows=True),
            record=lambda ids, text: self._queue.record_shown(lease, ids, text, has_begun=reply.has_begun),
            message_ids=message_ids,
            replaced=replaced,
            taken_up=entry.record.attempts > 1 or entry.record.asked is not None,
        )
        try:
            with unwrap_group():
                async with asyncio.TaskGroup() as group:
                    group.create_task(writer.run())
                    signs = [group.create_task(fill_status_line(channel, reply, writer.wake, self._clock))]
                    if not message_ids:
                        # With a reply already there, the indicator would stay on Slack: an edit does not clear it.
                        shown = show_activity(
                            *(channel, queued.address, reply, self._pacing, self._clock), texts.language
                        )
                        signs.append(group.create_task(shown))
                    turn = TurnContext(lease, entry.record, channel, reply, writer.wake, guard, routed, texts)
                    answer = await until_stopped(self._answer(turn, queued), stop, otherwise=_STOPPED)
                    if answer is _STOPPED:
                        answer = replace(_STOPPED, notice=turn.say(await self._why_stopped(lease.thread)))
                    if not reply.length:
                        # People keep what they have seen if the rest cannot be had.
                        reply.replace(entry.record.text)
                    if isinstance(queued, Question) and queued.has_files and not answer.notice:
                        unread = files_notice(turn.texts, queued.files, reply.sent or entry.record.wording)
                        answer = replace(answer, notice=unread)
                    # A worker that goes on from the record has not seen the tools at work.
                    reply.used_tools = list(answer.tools) or reply.used_tools
                    reply.continues = answer.continues or reply.continues
                    reply.is_part = answer.outcome is not Outcome.ANSWERED
                    told = replace(answer, notice=reply.notice or answer.notice, tools=tuple(reply.used_tools))
                    told = replace(told, continues=reply.continues)
                    writer.noted.whole(partial(self._queue.record_answer, lease, reply.text, told))
                    await self._files.deliver(turn, queued.address, writer)
                    for sign in signs:
                        sign.cancel()
                    reply.end(answer.notice, buttons_after(answer, queued))
                    writer.wake()
        except PlaceGone as error:
            log.info("the place is gone", extra={"thread_key": str(lease.thread), "cause": str(error)})
            if isinstance(error, PlaceMuted):
                await self._muted.note(lease.thread, error)
            answer = AnswerResult(Outcome.UNDELIVERABLE, end_reason=EndReason.GONE)
        return Settlement(
            outcome=answer.outcome,
            idle_timeout_s=self._sessions.idle_after(routed.choices),
            usage=answer.usage,
            history_count=answer.history_count,
            end_reason=answer.end_reason,
            conversation_id=reply.conversation_id,
            first_text_s=None if writer.first_text_at is None else writer.first_text_at - asked_at,
            whole_text_s=self._clock.monotonic() - asked_at,
            renders=reply.looks,
            may_be_rated=answer.outcome is Outcome.ANSWERED and Button.GOOD in buttons,
            exchange=await self._commands.exchange(queued, answer, reply.text),
        )

    async def _answer(self, turn: TurnContext, queued: Queued) -> AnswerResult:
        if turn.record.asked is not None:
            return turn.record.asked
        try:
            match queued:
                case Question():
                    return await self._ask(turn, queued)
                case Command(name=CommandName.RETRY):
                    question = await self._commands.question_to_retry(queued)
                    return await (self._commands.obey(turn, queued) if question is None else self._ask(turn, question))
                case Command():
                    return await self._commands.obey(turn, queued)
                case _:
                    assert_never(queued)
        except PersonAnswers:
            return AnswerResult(Outcome.COMMAND_DONE, notice=turn.say(Notice.PERSON_ANSWERS))
        except AllowanceUsedUp as error:
            notice = used_up(turn.texts, error, self._clock.now())
        except Misconfigured as error:
            self._alarms.tell(error)
            notice = turn.say(Notice.UNAVAILABLE)
        except StoreUnavailable:
            raise
        except Retryable as error:
            log.warning("no answer to be had", extra={"thread_key": str(turn.lease.thread), "cause": str(error)})
            notice = turn.say(Notice.UNAVAILABLE)
        return AnswerResult(Outcome.REFUSED, notice=notice)

    async def _ask(self, turn: TurnContext, question: Question) -> AnswerResult:
        if turn.record.is_superseded and not turn.record.is_stopped:
            return AnswerResult(Outcome.SUPERSEDED, turn.say(Notice.PASSED_OVER))
        if not has_words(question.text):
            return AnswerResult(Outcome.COMMAND_DONE, notice=turn.say(Notice.ONLY_TEXT))
        return await self._asker.ask(turn.asking(question, self._routes.route(question)))

    async def _why_stopped(self, thread: ThreadKey) -> Notice:
        with suppress(StoreUnavailable):
            if await self._queue.is_superseded(thread):
                return Notice.STOPPED_FOR_NEWER
        return Notice.STOPPED
