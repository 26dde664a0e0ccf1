"""Takes what was said in a thread along into its next conversation, with the first question."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bridge.conversation.channels import named
from bridge.conversation.files.reader import FileReader
from bridge.conversation.turn_context import QuestionTurn
from bridge.domain.errors import QuestionTooLong
from bridge.domain.exchanges import CarryOverLimits, Exchange, Summary
from bridge.domain.files import ReadFile
from bridge.domain.incoming import Question
from bridge.domain.prompts.attached_words import length_of, with_attached
from bridge.domain.prompts.carried_words import with_carried
from bridge.domain.prompts.speaker_names import is_another_speaker, needs_speaker, with_speaker_name
from bridge.domain.sessions import Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import PromptContext
from bridge.ports.channel_capabilities import Prompting
from bridge.ports.stores.exchanges import Exchanges
from bridge.runtime.clock import Clock
from bridge.texts.catalog import Texts
from bridge.texts.sentences import continues_from

MOST_QUESTION_CHARACTERS = 10_000
"""TalkifAI's limit of one message."""
_FRAME = 200
"""Characters that the asker's name may take beside the question."""


class CarryOver:
    """Decides what is carried over.

    Settling a turn stores its exchange and the id of its conversation, so an end needs no work. The first question of
    a conversation takes along what was said in other conversations of the thread, never in its own.
    """

    def __init__(self, store: Exchanges, clock: Clock, limits: CarryOverLimits, files: FileReader) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._limits = limits

    async def remembered(self, thread: ThreadKey) -> Sequence[Exchange]:
        """Return what is kept of the thread, oldest first."""
        if not self._limits.exchanges:
            return ()
        since = self._clock.now() - self._limits.kept_s
        return _newest_of_each([exchange for exchange in await self._store.of_thread(thread) if exchange.at >= since])

    async def into(self, session: Session) -> Sequence[Exchange]:
        """Return what goes along into a new session: what the same agent said in others, and people to each other."""
        return [
            exchange
            for exchange in await self.remembered(session.thread)
            if exchange.is_remark
            or (exchange.conversation_id != session.conversation.id and exchange.agent_id == session.agent_id)
        ]

    async def summary(self, thread: ThreadKey) -> Summary | None:
        """Return the summary from which the thread goes on."""
        found = await self._store.summary(thread) if self._limits.exchanges else None
        return found if found is not None and found.text else None

    async def summary_into(self, session: Session) -> str:
        """Return the summary that goes along into a new session: the same agent's. Empty where there is none."""
        found = await self.summary(session.thread)
        if found is None or found.conversation_id == session.conversation.id or found.agent_id != session.agent_id:
            return ""
        return found.text

    async def drop(self, thread: ThreadKey) -> None:
        """Forget what was said: the thread begins anew."""
        await self._store.drop(thread, self._clock.now())

    def exchange(self, question: Question, answer: str) -> Exchange | None:
        """Return what is to be kept of a turn; None where there is nothing."""
        if not self._limits.exchanges or not answer.strip():
            return None
        kept = Exchange.kept(question.text, answer, question.person, self._clock.now())
        return replace(kept, question_id=question.first_id or question.id)

    async def wording(self, turn: QuestionTurn, session: Session, *, is_first: bool) -> str:
        """Return what is sent for the question and its files. Once a second person asks, each asker is named.

        Raises `QuestionTooLong`.
        """
        room = MOST_QUESTION_CHARACTERS - len(turn.question.text)
        read = await self._files.read(turn.channel, turn.question, room)
        turn.reply.sent = await self._words(turn, session, read, is_first=is_first)
        return turn.reply.sent

    async def _words(self, turn: QuestionTurn, session: Session, read: Sequence[ReadFile], *, is_first: bool) -> str:
        carried: Sequence[Exchange] = ()
        summary = ""
        if is_first:  # asked for together: one command of the store
            carried, summary = await asyncio.gather(self.into(session), self.summary_into(session))
        # A question that is asked again goes without its older answer.
        asked = turn.question.first_id or turn.question.id
        carried = [exchange for exchange in carried if exchange.question_id != asked]
        if not (carried or summary):
            return await _with_files(turn, session, read, is_first=is_first)
        several = any(exchange.person.id != turn.question.person.id for exchange in carried)
        if several:
            people = await named(turn.channel, turn.lease.thread, [exchange.person for exchange in carried])
            carried = [replace(exchange, person=people[exchange.person.id]) for exchange in carried]
        try:
            words = await _with_files(turn, session, read, is_first=False, several=several)
        except QuestionTooLong:
            # The asker's name does not fit beside the question. Without the quotes it may not be needed.
            return await _with_files(turn, session, read, is_first=is_first)
        return with_carried(words, carried, MOST_QUESTION_CHARACTERS, named=several, summary=summary)

    async def line(self, texts: Texts, session: Session, idle_s: float) -> str:
        """Return the line that says from when the thread goes on; empty if it never fell idle."""
        at, now = max((exchange.at for exchange in await self.into(session)), default=0.0), self._clock.now()
        return continues_from(texts, at, now) if idle_s <= now - at <= self._limits.kept_s else ""


def _newest_of_each(exchanges: Sequence[Exchange]) -> Sequence[Exchange]:
    """Leave out older answers to a question that was changed, or asked again. Oldest first."""
    newest = {exchange.question_id: exchange for exchange in exchanges}
    return [one for one in exchanges if not one.question_id or newest[one.question_id] is one]


async def _with_files(
    turn: QuestionTurn, session: Session, read: Sequence[ReadFile], *, is_first: bool, several: bool = False
) -> str:
    """Append the files to the question. Whatever the channel adds has to leave room for them."""
    named = several or session.several_speak or is_another_speaker(turn.question, session)
    room = MOST_QUESTION_CHARACTERS - length_of(read, MOST_QUESTION_CHARACTERS - len(turn.routed.text) - _FRAME)
    try:
        words = await _worded(turn, PromptContext(is_first, named, room))
    except QuestionTooLong:
        words = await _worded(turn, PromptContext(is_first, named, MOST_QUESTION_CHARACTERS))
    return with_attached(words, read, MOST_QUESTION_CHARACTERS)


async def _worded(turn: QuestionTurn, told: PromptContext) -> str:
    question = replace(turn.question, text=turn.routed.text)
    told = replace(told, names_speaker=told.names_speaker or needs_speaker(question))
    if isinstance(turn.channel, Prompting):
        return await turn.channel.wording(question, told)
    return with_speaker_name(question, told)
