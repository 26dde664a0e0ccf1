"""The python-telegram-bot client, set up once. The one room of this adapter that knows the HTTP library under it."""

import logging
import os

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

from config import telegram_limits as limits

NOT_SENT: tuple[type[Exception], ...] = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Causes of a failed call that prove that nothing of it has left the process."""

os.environ.setdefault("PTB_TIMEDELTA", "1")
"""The library's switch for durations as timedelta. Without it every 429 warns of the coming change."""

_LOGGERS_WITH_URLS = ("httpx", "httpcore")


def build_bot(token: str, api_url: str) -> Bot:
    """Build a client for one bot. Raises `telegram.error.InvalidToken` for an empty token.

    No rate limiter is attached: pacing is the core's work, and the library's own one delays the last edit of a
    reply behind stale ones. Polling has a connection of its own, so that no reply can delay it.
    """
    return Bot(
        token,
        base_url=f"{api_url.rstrip('/')}/bot",
        request=_request(limits.CONNECTIONS, limits.KEPT_CONNECTIONS),
        get_updates_request=_request(1, 1),
    )


def silence_url_logging() -> None:
    """Keep the token out of the log: it is part of every URL, and both HTTP loggers write URLs at INFO or below."""
    for name in _LOGGERS_WITH_URLS:
        logger = logging.getLogger(name)
        # Set on the logger itself, whatever it inherits now: the root may be made more talkative later.
        logger.setLevel(max(logger.level, logging.WARNING))


def _request(connections: int, kept: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=limits.CONNECT_TIMEOUT_S,
        read_timeout=limits.READ_TIMEOUT_S,
        write_timeout=limits.WRITE_TIMEOUT_S,
        pool_timeout=limits.POOL_TIMEOUT_S,
        httpx_kwargs={"limits": httpx.Limits(max_connections=connections, max_keepalive_connections=kept)},
    )
