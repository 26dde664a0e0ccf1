"""The door: what a channel hands over is kept durably, or refused, before the channel may acknowledge it."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bridge.domain.incoming import IntakeResult, Question, QuestionKind
from bridge.domain.notices import Notice
from bridge.ports.work_queue import Inbox
from bridge.runtime.background_queue import BackgroundQueue

log = logging.getLogger(__name__)

_MOST_WAITING_NOTICES = 100
"""Bound of the notices that wait to be shown."""
_NOTICES_AT_A_TIME = 4
"""That many slow chats can be tolerated before another chat's notice has to wait."""
_NOTICES = {
    IntakeResult.FULL: Notice.BUSY,
    IntakeResult.QUEUED: Notice.QUEUED,
    IntakeResult.NOTHING: Notice.NOTHING_TO_STOP,
    IntakeResult.WORDLESS: Notice.TEXT_ONLY,
    IntakeResult.FORBIDDEN: Notice.ADMINS_ONLY,
    IntakeResult.NOT_YOURS: Notice.NOT_YOUR_ANSWER,
}


class Intake:
    """Accepts questions into the inbox.

    Args:
        inbox: Keeps them.
        say: Shows a notice under a question. Raises nothing but cancellation.
    """

    def __init__(self, inbox: Inbox, say: Callable[[Question, Notice], Awaitable[None]]) -> None:
        self._inbox = inbox
        self._say = say
        self._notices = BackgroundQueue(_MOST_WAITING_NOTICES, runners=_NOTICES_AT_A_TIME)

    async def accept(self, question: Question) -> IntakeResult:
        """Keep a question. Raises `StoreUnavailable`: then it must not be acknowledged."""
        if question.kind in {QuestionKind.EDITED, QuestionKind.WITHDRAWN}:
            appended = await self._amend(question)
        elif question.kind is QuestionKind.STOP:
            appended = await self._inbox.stop(question)
        elif question.kind is QuestionKind.RATE:
            appended = await self._inbox.rate(question)
        elif question.kind is QuestionKind.FORBIDDEN:
            appended = IntakeResult.FORBIDDEN
        elif question.kind is QuestionKind.WORDLESS:
            appended = await self._inbox.note_wordless(question)
        else:
            appended = await self._inbox.append(question)
        log.debug("question %s", appended.value, extra={"thread_key": str(question.thread), "question": question.id})
        notice = _NOTICES.get(appended)
        if notice is not None and not question.about:
            self._notices.add(partial(self._say, question, notice))
        return appended

    async def _amend(self, question: Question) -> IntakeResult:
        text = question.text if question.kind is QuestionKind.EDITED else None
        amended = await self._inbox.amend(question.id, question.thread, text)
        return IntakeResult.AMENDED if amended else IntakeResult.NOT_ADDRESSED

    async def tell_notices(self) -> None:
        """Tell people whose question has to wait, or found the inbox full, until cancelled."""
        await self._notices.run()
