"""What becomes of a question that comes while another one is answered."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from bridge.access.routes import RouteTable
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Origin, Question, Queued
from bridge.domain.notices import Phrase
from bridge.ports.stores.work_queue import Inbox
from bridge.texts.catalog import Texts

SayWords = Callable[[Origin, Callable[[Texts], str]], Awaitable[None]]
"""Shows a sentence under a message, in its sender's language. Raises nothing but cancellation."""


class Busy:
    """Knows the mode of each route, and tells people behind how many others their question waits."""

    def __init__(self, inbox: Inbox, routes: RouteTable, say: SayWords, *, interrupts: bool) -> None:
        self._inbox = inbox
        self._routes = routes
        self._say = say
        self._interrupts = interrupts

    def interrupts(self, queued: Queued) -> bool:
        """Say whether this stops the running answer to the same person."""
        if not isinstance(queued, Question):
            return False
        chosen = self._routes.route(queued).choices.interrupts
        return self._interrupts if chosen is None else chosen

    async def say_place(self, queued: Queued) -> None:
        """Tell the asker how many questions are before this one; say nothing if it no longer waits.

        Raises nothing but cancellation: without the store there is no such notice.
        """
        place = 0
        with suppress(StoreUnavailable):
            place = await self._inbox.place_of(queued)
        if place:
            phrase = Phrase.QUEUED_BEHIND_OTHERS if self.interrupts(queued) else Phrase.QUEUED_AT
            await self._say(queued.origin, lambda texts: texts(phrase, count=place))
