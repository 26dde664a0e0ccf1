"""Carries out commands: greets, ends, starts anew, tells the status; finds the question that "retry" means."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import assert_never

from bridge.conversation.carry_over import CarryOver
from bridge.conversation.channels import named
from bridge.conversation.sessions.session_manager import SessionManager
from bridge.conversation.turn_context import QuestionTurn, TurnContext
from bridge.domain.errors import PersonAnswers
from bridge.domain.exchanges import Exchange
from bridge.domain.incoming import Command, CommandName, Question, Queued
from bridge.domain.notices import WORDS, CommandStyle, Notice
from bridge.domain.sessions import EndReason, Session
from bridge.domain.take_overs import is_hand_back
from bridge.domain.turns import AnswerResult, Outcome, token_of
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import OpenerControl, OwnCommandStyle, PromptSuggestions
from bridge.ports.stores.work_queue import WorkQueue
from bridge.reply.status_line import wait_for_place
from bridge.runtime.clock import Clock
from bridge.texts.sentences import (
    conversation_status,
    help_text,
    human_answers,
    remembered_status,
    taken_status,
    with_suggestions,
)

_SAID = frozenset({Outcome.ANSWERED, Outcome.STOPPED, Outcome.INTERRUPTED})


class Commands:
    """Carries out commands, which are no questions for the agent."""

    def __init__(
        self,
        queue: WorkQueue,
        sessions: SessionManager,
        carry_over: CarryOver,
        clock: Clock,
        switched_off: Collection[str] = (),
    ) -> None:
        self._switched_off = switched_off
        self._queue = queue
        self._sessions = sessions
        self._carry_over = carry_over
        self._clock = clock

    async def question_to_retry(self, command: Command) -> Question | None:
        """Return the thread's unanswered question under this command's id; None if there is none any more."""
        last = await self._queue.unanswered(command.thread)
        if last is None or (command.about and command.about not in {token_of(last.id), token_of(last.first_id)}):
            return None
        here = replace(last.origin, id=command.id, thread=command.thread, address=command.address)
        # If the place got another id, the ids of its messages are others too.
        replaces = last.replaces if last.thread == command.thread else ()
        return replace(last, origin=here, replaces=replaces, first_id=last.first_id or last.id)

    async def replaced_by(self, queued: Queued) -> tuple[str, ...]:
        """Return the messages of the answer before, if this answer is to replace it: the question was edited since."""
        question: Question | None = None
        if isinstance(queued, Question):
            question = queued
        elif queued.name is CommandName.RETRY:
            question = await self.question_to_retry(queued)
        # Stop at the first unknown message: behind it the messages would not be in the order of the pages.
        return () if question is None else tuple(takewhile(bool, question.replaces))

    async def exchange(self, queued: Queued, answer: AnswerResult, text: str) -> Exchange | None:
        """Return what is kept of the turn: the question, and what people saw of its answer."""
        if answer.outcome not in _SAID:
            return None
        asked: Queued | None = queued
        if isinstance(queued, Command):
            asked = await self.question_to_retry(queued) if queued.name is CommandName.RETRY else None
        return self._carry_over.exchange(asked, text) if isinstance(asked, Question) else None

    async def obey(self, turn: TurnContext, command: Command) -> AnswerResult:
        """Carry out a command. Raises as `SessionManager.open_session`."""
        match command.name:
            case CommandName.RETRY:
                return _done(turn.say(Notice.NOTHING_TO_RETRY))
            case CommandName.HELP:
                return _done(help_text(turn.texts, style_of(turn.channel).without(self._switched_off)))
            case CommandName.STATUS:
                said = await self._status(turn)
                summary = await self._carry_over.summary(turn.lease.thread)
                turn.reply.replace("" if summary is None else summary.text)
                return _done(said if summary is None else f"{turn.say(Notice.SUMMARY_ABOVE)}\n{said}")
            case CommandName.HUMAN | CommandName.AGENT:
                return _done(_of_take_over(turn, command))
            case CommandName.START | CommandName.END | CommandName.NEW:
                return await self._end_or_begin_anew(turn, command)
            case _:
                assert_never(command.name)

    async def _status(self, turn: TurnContext) -> str:
        taken = await self._sessions.taken_over(turn.lease.thread)
        if taken is not None:
            people = await named(turn.channel, turn.lease.thread, [taken.person])
            taken = replace(taken, person=people[taken.person.id])
            return taken_status(turn.texts, taken, self._clock.now(), style_of(turn.channel))
        session = await self._sessions.current(turn.lease.thread)
        remembered = await self._carry_over.remembered(turn.lease.thread)
        if session is None:
            return "\n".join(
                filter(None, [turn.say(Notice.NOTHING_OPEN), remembered_status(turn.texts, len(remembered))])
            )
        others = [one for one in remembered if one.conversation_id != session.conversation.id]
        idle_s = self._sessions.idle_after(turn.routed.choices)
        return conversation_status(turn.texts, session.turns, idle_s, session.usage, carried=len(others))

    async def _end_or_begin_anew(self, turn: TurnContext, command: Command) -> AnswerResult:
        session = await self._sessions.current(turn.lease.thread)
        if command.name is CommandName.START:
            return _done(turn.say(Notice.WELCOME)) if session else await self._greet(turn, command, Notice.WELCOME)
        if command.name is CommandName.NEW and await self._sessions.taken_over(turn.lease.thread):
            raise PersonAnswers
        ended = False
        if session is not None:
            if opener_controls(turn.channel) and session.person_id != command.person.id:
                return _done(turn.say(Notice.NOT_YOURS))
            ended = await self._sessions.begin_end(turn.lease.thread, session.conversation.id, EndReason.COMMAND)
        if command.name is CommandName.NEW:
            await self._carry_over.drop(turn.lease.thread)
            return await self._greet(turn, command, Notice.NEW_STARTED)
        return _done(turn.say(Notice.ENDED if ended else Notice.NOTHING_OPEN))

    async def _greet(self, turn: TurnContext, command: Command, otherwise: Notice) -> AnswerResult:
        """Open a session without a question and show the route's greeting, the agent's, or a sentence of our own."""
        wait = partial(wait_for_place, turn.reply, turn.wake, self._clock)
        choices = turn.routed.choices
        session, greeting = await self._sessions.open_session(turn.lease, command, turn.channel, choices, wait)
        greeting = greeting if choices.greeting is None else choices.greeting
        if choices.prompts and not isinstance(turn.channel, PromptSuggestions):
            greeting = with_suggestions(turn.texts, greeting or turn.say(otherwise), choices.prompts)
        turn.reply.replace(greeting)
        return replace(_done("" if greeting else turn.say(otherwise)), history_count=session.history_count)


def style_of(channel: Channel) -> CommandStyle:
    """Return how people write commands there."""
    return channel.command_style if isinstance(channel, OwnCommandStyle) else WORDS


def opener_controls(channel: Channel) -> bool:
    """Say whether only the person who began a conversation may end it."""
    return isinstance(channel, OpenerControl) and channel.only_opener_controls


def is_for_another_agent(turn: QuestionTurn, session: Session) -> bool:
    """Say whether the question calls another agent, and its asker may end the conversation."""
    may_end = not opener_controls(turn.channel) or session.person_id == turn.question.person.id
    return may_end and turn.routed.calls_another(session.agent_id)


def _of_take_over(turn: TurnContext, command: Command) -> str:
    """Return what to say of a take-over or a hand-back: it took effect at intake."""
    if command.name is CommandName.HUMAN:
        return human_answers(turn.texts, style_of(turn.channel))
    return turn.say(Notice.HANDED_BACK if is_hand_back(command) else Notice.AGENT_ANSWERS)


def _done(notice: str) -> AnswerResult:
    return AnswerResult(Outcome.COMMAND_DONE, notice=notice)
