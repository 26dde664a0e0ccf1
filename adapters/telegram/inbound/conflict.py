"""What a 409 on `getUpdates` says, and what is done about it: another program has the bot's updates."""

import asyncio
import logging
from urllib.parse import urlsplit

from telegram import Bot
from telegram.error import Conflict, TelegramError

from adapters.telegram import limits

log = logging.getLogger(__name__)

_ANOTHER_POLLER = (
    "telegram: another process polls with the same token: only one may. Stop the other one, or give it a bot of its own"
)
_WEBHOOK = "telegram: a webhook is set, so updates cannot be polled, and it is set again whenever it is removed"


async def leave_webhook_mode(bot: Bot) -> None:
    """Remove a webhook, and say whose it was: a program that it served goes silent. Raises `TelegramError`.

    What waits for it is kept, and polled.
    """
    url = (await bot.get_webhook_info()).url
    await bot.delete_webhook(drop_pending_updates=False)
    if url:
        host = urlsplit(url).hostname
        log.warning("telegram: the webhook at %s is removed: updates are polled", host, extra={"bot": bot.id})


class Conflicts:
    """Steps back for a while, and says so, but not at every try."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._told_at: dict[str, float] = {}
        self._removed_at: float | None = None
        self._met: tuple[float, str] | None = None

    @property
    def trouble(self) -> str:
        """What another program does to the bot's updates; empty where nothing was seen of it for a while."""
        if self._met is None or asyncio.get_running_loop().time() - self._met[0] > limits.CONFLICT_OVER_AFTER_S:
            return ""
        return self._met[1]

    async def step_back_s(self, exc: Conflict) -> float:
        """Return how long to wait before the next poll. A webhook is removed: the settings say that updates are polled.

        Workers that serve by webhook would set it again and again, so that is done once in a while only.
        """
        if "webhook" not in exc.message.lower():
            self._tell(_ANOTHER_POLLER)
            return limits.CONFLICT_PAUSE_S
        now = asyncio.get_running_loop().time()
        if self._removed_at is not None and now - self._removed_at < limits.WEBHOOK_REMOVED_ONCE_IN_S:
            self._tell(_WEBHOOK)
            return limits.CONFLICT_PAUSE_S
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("telegram: a webhook was set and cannot be removed (%s)", type(error).__name__)
            return limits.CONFLICT_PAUSE_S
        self._removed_at = now
        log.warning("telegram: a webhook was set while updates were polled: it is removed", extra={"bot": self._bot.id})
        return 0.0

    def _tell(self, sentence: str) -> None:
        now = asyncio.get_running_loop().time()
        self._met = now, sentence
        if sentence not in self._told_at or now - self._told_at[sentence] >= limits.CONFLICT_TOLD_EVERY_S:
            self._told_at[sentence] = now
            log.error("%s", sentence, extra={"bot": self._bot.id})
