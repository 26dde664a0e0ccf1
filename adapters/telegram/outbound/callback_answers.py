"""Answers every press of a button by its result, so that the client stops waiting."""

import logging
from functools import partial

from telegram import Bot
from telegram.error import TelegramError

from adapters.telegram import limits
from bridge.domain.incoming import TAKE_OVER, Command, Incoming, IntakeResult, Rating, Stop
from bridge.domain.notices import Notice
from bridge.runtime.background_queue import BackgroundQueue
from bridge.texts.catalog import texts_in

log = logging.getLogger(__name__)

_MOST_WAITING = 500
_TO_STOP = {
    IntakeResult.STOPPED: Notice.STOPPED,
    IntakeResult.NOTHING: Notice.NOTHING_TO_STOP,
    IntakeResult.NOT_YOURS: Notice.NOT_YOUR_ANSWER,
    IntakeResult.REFUSED: Notice.NOT_ALLOWED,
}
_TO_RETRY = {
    IntakeResult.ACCEPTED: Notice.ASKED_AGAIN,
    IntakeResult.QUEUED: Notice.ASKED_AGAIN,
    IntakeResult.DUPLICATE: Notice.ALREADY_ASKED_AGAIN,
    IntakeResult.FULL: Notice.BUSY,
    IntakeResult.OVER: Notice.USED_UP_HOUR,
    IntakeResult.REFUSED: Notice.NOT_ALLOWED,
}
_TO_TAKE_OVER = {
    IntakeResult.ALREADY: Notice.PERSON_ANSWERS,
    IntakeResult.DUPLICATE: Notice.PERSON_ANSWERS,
    IntakeResult.NOT_YOURS: Notice.NOT_YOURS_TO_TAKE,
    IntakeResult.OFF: Notice.SWITCHED_OFF,
    IntakeResult.FULL: Notice.BUSY,
    IntakeResult.REFUSED: Notice.NOT_ALLOWED,
}
_TO_RATING = {
    IntakeResult.RATED: Notice.RATED,
    IntakeResult.NOTHING: Notice.TOO_LATE_TO_RATE,
    IntakeResult.REFUSED: Notice.NOT_ALLOWED,
}


def answer_to(press: Incoming, became: IntakeResult) -> str:
    """Return the short words for the person who pressed; empty where there is nothing to say. Pure."""
    notice = _notice_to(press, became)
    return "" if notice is None else texts_in(press.person.locale.language)(notice)


def _notice_to(press: Incoming, became: IntakeResult) -> Notice | None:
    match press:
        case Stop():
            return _TO_STOP.get(became)
        case Command():
            told = _TO_TAKE_OVER if press.name in TAKE_OVER else _TO_RETRY
            return told.get(became)
        case Rating():
            return _TO_RATING.get(became)
        case _:
            return None


class PressAnswers:
    """Answers presses in the background: receiving updates never waits for an answer."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._waiting = BackgroundQueue(_MOST_WAITING)

    def answer(self, query_id: str, words: str) -> None:
        """Answer soon. If too many wait, drop this one: the client stops waiting by itself."""
        self._waiting.add(partial(self._answer, query_id, words))

    async def run(self) -> None:
        """Answer until cancelled."""
        await self._waiting.run()

    async def _answer(self, query_id: str, words: str) -> None:
        """Answer once: an answer that failed may have come too late already."""
        timeout_s = limits.TYPING_TIMEOUT_S
        try:
            await self._bot.answer_callback_query(
                query_id, words or None, read_timeout=timeout_s, pool_timeout=timeout_s
            )
        except TelegramError as exc:
            log.debug("telegram: a press could not be answered (%s)", type(exc).__name__)
