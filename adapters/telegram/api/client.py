"""The python-telegram-bot client, set up once, and its calls with plain values."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
from telegram import Bot
from telegram.request import BaseRequest

from adapters.telegram import limits
from adapters.telegram.api.request import AiohttpRequest

log = logging.getLogger(__name__)

_LOGGERS_WITH_URLS = ("httpx", "httpcore")


class Method(StrEnum):
    """Methods that are called with plain values. The library warns where it has a method of the very same name."""

    GET_UPDATES = "get_Updates"
    SEND_MESSAGE = "send_Message"
    SEND_DRAFT = "send_Message_Draft"
    EDIT_TEXT = "edit_Message_Text"
    SEND_ACTION = "send_Chat_Action"


async def call(bot: Bot, method: Method, values: Mapping[str, Any], *, within_s: float | None = None) -> Any:
    """Call a method and return its result as it came. Raises `telegram.error.TelegramError`.

    The library's typed calls make an object of each entity and button, on the way there and on the way back: two thirds
    of what a call costs. Values that are None are left out.

    Args:
        bot: Who calls.
        method: Which.
        values: Its parameters, by the names of the Bot API.
        within_s: How long to wait for a connection, and for the answer; None for the usual times.
    """
    wait_s = BaseRequest.DEFAULT_NONE if within_s is None else within_s
    return await bot.do_api_request(method.value, dict(values), read_timeout=wait_s, pool_timeout=wait_s)


@dataclass(frozen=True, slots=True)
class Client:
    """One bot's calls to Telegram."""

    bot: Bot
    polling: AiohttpRequest
    """The connection of `getUpdates` alone, so that no reply can delay it."""

    async def renew_polling(self) -> None:
        """Close the connection of polls, whatever state it is in; the next poll makes another one."""
        try:
            async with asyncio.timeout(limits.CONNECT_TIMEOUT_S):
                await self.polling.shutdown()
        except (TimeoutError, httpx.HTTPError, OSError):
            # It is given up in any case.
            log.debug("telegram: the connection of polls did not close in order")
        await self.polling.initialize()


def build_client(token: str, api_url: str) -> Client:
    """Build the client of one bot. Raises `telegram.error.InvalidToken` for an empty token.

    No rate limiter is attached: pacing is the core's work, and the library's own one delays the last edit of a
    reply behind stale ones.
    """
    polling = AiohttpRequest(1)
    bot = Bot(
        token,
        base_url=f"{api_url.rstrip('/')}/bot",
        request=AiohttpRequest(limits.CONNECTIONS),
        get_updates_request=polling,
    )
    return Client(bot, polling)


def silence_url_logging() -> None:
    """Keep the token out of the log: it is part of every URL, and both HTTP loggers write URLs at INFO or below."""
    for name in _LOGGERS_WITH_URLS:
        logger = logging.getLogger(name)
        # Set on the logger itself, whatever it inherits now: the root may be made more talkative later.
        logger.setLevel(max(logger.level, logging.WARNING))
