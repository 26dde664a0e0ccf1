"""The python-telegram-bot client, set up once, and its calls with plain values."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import httpx
from orjson import Fragment, dumps
from telegram import Bot
from telegram.request import BaseRequest

from adapters.http_transport import Connections, Times, true_errors
from adapters.telegram import limits
from adapters.telegram.api.request import AiohttpRequest
from bridge.domain.errors import ChannelUnavailable, FileUnreadable

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
    # The library looks for files in each element of a list; what is encoded already it takes as it is.
    told = {name: Fragment(dumps(value)) if isinstance(value, list) else value for name, value in values.items()}
    return await bot.do_api_request(method.value, told, read_timeout=wait_s, pool_timeout=wait_s)


@dataclass(frozen=True, slots=True, repr=False)
class Client:
    """One bot's calls to Telegram."""

    bot: Bot
    polling: AiohttpRequest
    """The connection of `getUpdates` alone, so that no reply can delay it."""
    files: Connections
    """Those that files are read over."""
    files_url: str
    """What the address of every file of this bot begins with. The token is in it."""

    async def read_file(self, address: str, at_most: int) -> bytes:
        """Return the first bytes of a file. Follows no redirect. Raises `FileUnreadable`, `ChannelUnavailable`."""
        if not address.startswith(self.files_url):
            raise FileUnreadable("Telegram names an address for a file that is not its own")
        times = Times(limits.POOL_TIMEOUT_S, limits.CONNECT_TIMEOUT_S, limits.READ_TIMEOUT_S)
        read = bytearray()
        try:
            answer = await self.files.send("GET", address, {"Accept-Encoding": "identity"}, None, times)
            try:
                if answer.status != HTTPStatus.OK:
                    raise FileUnreadable(f"Telegram answered {answer.status} to a download")
                with true_errors():
                    async for chunk in answer.content.iter_any():
                        read += chunk
                        if len(read) >= at_most:
                            break
            finally:
                self.files.release(answer)
        except httpx.HTTPError as error:
            raise ChannelUnavailable(f"Telegram gave no file: {type(error).__name__}") from None
        return bytes(read[:at_most])

    async def aclose(self) -> None:
        """Close all connections. Safe to repeat."""
        await self.bot.shutdown()
        await self.files.aclose()

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
    files_url = f"{api_url.rstrip('/')}/file/bot"
    bot = Bot(
        token,
        base_url=f"{api_url.rstrip('/')}/bot",
        base_file_url=files_url,
        request=AiohttpRequest(limits.CONNECTIONS),
        get_updates_request=polling,
    )
    return Client(bot, polling, Connections(limits.FILE_CONNECTIONS), f"{files_url}{token}/")


def silence_url_logging() -> None:
    """Keep the token out of the log: it is part of every URL, and both HTTP loggers write URLs at INFO or below."""
    for name in _LOGGERS_WITH_URLS:
        logger = logging.getLogger(name)
        # Set on the logger itself, whatever it inherits now: the root may be made more talkative later.
        logger.setLevel(max(logger.level, logging.WARNING))
