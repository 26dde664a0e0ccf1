"""The python-telegram-bot client, set up once. The one room of this adapter that knows the HTTP library under it."""

import asyncio
import logging
from dataclasses import dataclass

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

from adapters.http_transport import HttpTransport
from adapters.telegram import limits

log = logging.getLogger(__name__)

_LOGGERS_WITH_URLS = ("httpx", "httpcore")


@dataclass(frozen=True, slots=True)
class Client:
    """One bot's calls to Telegram."""

    bot: Bot
    polling: HTTPXRequest
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
    polling = _request(1)
    bot = Bot(
        token,
        base_url=f"{api_url.rstrip('/')}/bot",
        request=_request(limits.CONNECTIONS),
        get_updates_request=polling,
    )
    return Client(bot, polling)


def silence_url_logging() -> None:
    """Keep the token out of the log: it is part of every URL, and both HTTP loggers write URLs at INFO or below."""
    for name in _LOGGERS_WITH_URLS:
        logger = logging.getLogger(name)
        # Set on the logger itself, whatever it inherits now: the root may be made more talkative later.
        logger.setLevel(max(logger.level, logging.WARNING))


def _request(connections: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=limits.CONNECT_TIMEOUT_S,
        read_timeout=limits.READ_TIMEOUT_S,
        pool_timeout=limits.POOL_TIMEOUT_S,
        httpx_kwargs={"transport": HttpTransport(connections=connections)},
    )
