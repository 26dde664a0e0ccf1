"""Every press of a button is answered, so that the client stops waiting for it: by what became of the press."""

import asyncio
import logging

from telegram import Bot
from telegram.error import TelegramError

from bridge.models import Appended, QuestionKind
from bridge.notices import Notice
from config import telegram_limits as limits

log = logging.getLogger(__name__)

_MOST_WAITING = 500
STALE = "This button is too old."
_AGAIN = "The question is asked again."
_WORDS = {
    (QuestionKind.STOP, Appended.STOPPED): Notice.STOPPED,
    (QuestionKind.STOP, Appended.NOTHING): Notice.NOTHING_TO_STOP,
    (QuestionKind.STOP, Appended.NOT_YOURS): Notice.NOT_YOUR_ANSWER,
    (QuestionKind.RETRY, Appended.ACCEPTED): _AGAIN,
    (QuestionKind.RETRY, Appended.QUEUED): _AGAIN,
    (QuestionKind.RETRY, Appended.DUPLICATE): "The question was asked again already.",
    (QuestionKind.RETRY, Appended.FULL): Notice.BUSY,
    (QuestionKind.RATE, Appended.RATED): "Thank you!",
    (QuestionKind.RATE, Appended.NOTHING): "This answer cannot be rated any more.",
}


def said_of(kind: QuestionKind, became: Appended) -> str:
    """Return the short words for whoever pressed; empty where there is nothing to say. Pure."""
    return _WORDS.get((kind, became), "")


class PressAnswers:
    """Answers presses beside the receiving of updates, which never waits for one."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(_MOST_WAITING)

    def answer(self, query_id: str, words: str) -> None:
        """Answer soon. Where too many wait, this one is left to the client's own patience."""
        if not self._waiting.full():
            self._waiting.put_nowait((query_id, words))

    async def run(self) -> None:
        """Answer until cancelled. An answer that fails is not repeated: it may have come too late already."""
        while True:
            query_id, words = await self._waiting.get()
            timeout_s = limits.TYPING_TIMEOUT_S
            try:
                await self._bot.answer_callback_query(
                    query_id, words or None, read_timeout=timeout_s, pool_timeout=timeout_s
                )
            except TelegramError as exc:
                log.debug("telegram: a press could not be answered (%s)", type(exc).__name__)
