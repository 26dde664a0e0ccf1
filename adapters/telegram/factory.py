"""Opens the Telegram bots of one worker, each of which is a channel of its own."""

import asyncio
from collections.abc import Sequence

from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import ChannelTokenRefused


async def open_bots(bots: Sequence[TelegramChannel]) -> None:
    """Ask Telegram who the bots are. Raises `ChannelTokenRefused` where it refuses them all, within 10 s.

    A bot that is refused beside others says so when it is to receive, and again each hour; the others work.
    """
    opened = await asyncio.gather(*(bot.open() for bot in bots), return_exceptions=True)
    failures = [failure for failure in opened if isinstance(failure, BaseException)]
    for failure in failures:
        if not isinstance(failure, ChannelTokenRefused):
            raise failure
    if failures and len(failures) == len(bots):
        raise failures[0]
