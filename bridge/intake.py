"""The door: what a channel hands over is kept durably, or refused, before the channel may acknowledge it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.models import Appended, Question
from bridge.ports import Inbox

log = logging.getLogger(__name__)

_MOST_BUSY_NOTICES = 100
"""Bound of the "busy" notices that wait to be shown."""


class Intake:
    """Accepts questions into the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._turned_away: asyncio.Queue[Question] = asyncio.Queue(_MOST_BUSY_NOTICES)
        self.counts: dict[Appended, int] = dict.fromkeys(Appended, 0)

    async def accept(self, question: Question) -> Appended:
        """Keep a question. Raises `StoreUnavailable`: then it must not be acknowledged."""
        appended = await self._inbox.append(question)
        self.counts[appended] += 1
        if appended is Appended.ACCEPTED:
            log.debug("question accepted", extra={"thread_key": str(question.thread), "question": question.id})
        elif appended is Appended.FULL:
            log.warning("inbox full", extra={"thread_key": str(question.thread)})
            if not self._turned_away.full():
                self._turned_away.put_nowait(question)
        return appended

    async def tell_turned_away(self, tell: Callable[[Question], Awaitable[None]]) -> None:
        """Tell people whose question found the inbox full, until cancelled. `tell` must not raise."""
        while True:
            await tell(await self._turned_away.get())
