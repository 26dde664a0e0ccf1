"""The door: what a channel hands over is kept durably, or refused, before the channel may acknowledge it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.domain.incoming import IntakeResult, Question, QuestionKind
from bridge.domain.notices import Notice
from bridge.ports.work_queue import Inbox

log = logging.getLogger(__name__)

_MOST_WAITING_NOTICES = 100
"""Bound of the notices that wait to be shown."""
_NOTICES = {
    IntakeResult.FULL: Notice.BUSY,
    IntakeResult.QUEUED: Notice.QUEUED,
    IntakeResult.NOTHING: Notice.NOTHING_TO_STOP,
    IntakeResult.WORDLESS: Notice.TEXT_ONLY,
    IntakeResult.FORBIDDEN: Notice.ADMINS_ONLY,
    IntakeResult.NOT_YOURS: Notice.NOT_YOUR_ANSWER,
}


class Intake:
    """Accepts questions into the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._notices: asyncio.Queue[tuple[Question, Notice]] = asyncio.Queue(_MOST_WAITING_NOTICES)

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
        if notice is not None and not question.about and not self._notices.full():
            self._notices.put_nowait((question, notice))
        return appended

    async def _amend(self, question: Question) -> IntakeResult:
        text = question.text if question.kind is QuestionKind.EDITED else None
        amended = await self._inbox.amend(question.id, question.thread, text)
        return IntakeResult.AMENDED if amended else IntakeResult.NOT_ADDRESSED

    async def tell_notices(self, tell: Callable[[Question, Notice], Awaitable[None]]) -> None:
        """Tell people whose question has to wait, or found the inbox full, until cancelled. `tell` must not raise."""
        while True:
            question, notice = await self._notices.get()
            await tell(question, notice)
