"""Makes the Telegram bots that the settings name, each a channel. As `adapters.registry.ChannelFactory`.

Telegram's library is loaded where a channel is opened or checked: a worker without one has 10 MB less.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from adapters.telegram import CHANNEL
from adapters.telegram.options import polls_as
from bridge.domain.errors import ChannelTokenRefused
from bridge.domain.take_overs import MayTakeOver, TakeOverOptions
from bridge.ports.channel import IsReceived
from bridge.ports.http import WebRoutes
from bridge.ports.stores.stores import Stores
from bridge.runtime.findings import Finding
from config.settings import Settings

if TYPE_CHECKING:
    from adapters.telegram.channel import TelegramChannel

NAME = CHANNEL


def is_enabled(settings: Settings) -> bool:
    """Say whether a bot is set."""
    return settings.telegram.enabled


def needs_web(settings: Settings) -> Mapping[str, str]:
    """Return the settings that need the web server, each with what to do without one."""
    return {} if settings.telegram.webhook_url is None else {"TELEGRAM_WEBHOOK_URL": "unset it to poll"}


@asynccontextmanager
async def open_channels(
    settings: Settings, stores: Stores, routes: WebRoutes | None
) -> "AsyncIterator[Sequence[TelegramChannel]]":
    """Open one channel for each bot."""
    _load_library()
    from adapters.telegram.channel import TelegramChannel  # noqa: PLC0415 - the reason stands above
    from adapters.telegram.inbound.update_handler import ChatStores  # noqa: PLC0415 - the reason stands above
    from adapters.telegram.inbound.webhook import Hook  # noqa: PLC0415 - the reason stands above

    section = settings.telegram
    bots = [
        TelegramChannel(
            token=bot.token.get_secret_value(),
            token_name=bot.token_name,
            agent_id=bot.agent_id,
            hook=Hook(section.webhook_url, routes, bot.webhook_secret.get_secret_value())
            if section.webhook_url and routes
            else None,
            api_url=section.api_url,
            rooms=ChatStores(stores.reply_roots, stores.places),
            options=section,
            allow_mentions=settings.bridge.allow_mentions.telegram,
            switched_off=TakeOverOptions(MayTakeOver(settings.bridge.human)).switched_off,
        )
        for bot in section.bots
    ]
    async with AsyncExitStack() as stack:
        for bot in bots:
            stack.push_async_callback(bot.aclose)
        await open_bots(bots)
        yield bots


async def open_bots(bots: "Sequence[TelegramChannel]") -> None:
    """Ask Telegram who the bots are, within 10 s. One that is refused says so when it is to receive."""
    opened = await asyncio.gather(*(bot.open() for bot in bots), return_exceptions=True)
    for failure in opened:
        if isinstance(failure, BaseException) and not isinstance(failure, ChannelTokenRefused):
            raise failure


async def check(settings: Settings, is_received: IsReceived) -> Sequence[Finding]:
    """Try each bot's token. As `adapters.registry.Checked`."""
    from adapters.telegram.api.check import check_bot  # noqa: PLC0415 - the reason stands above

    section = settings.telegram
    tried = [
        check_bot(
            bot.token.get_secret_value(),
            bot.token_name,
            section.api_url,
            group_trigger=section.group_trigger,
            webhook_url=section.webhook_url or "",
            may_poll=not await is_received(polls_as(bot.token.get_secret_value().partition(":")[0])),
        )
        for bot in section.bots
    ]
    return [finding for findings in await asyncio.gather(*tried) for finding in findings]


def agents(settings: Settings) -> Mapping[str, str]:
    """Return the agents of the bots, each with the setting that names it."""
    return {bot.agent_id: "TELEGRAM_AGENT_IDS" for bot in settings.telegram.bots if bot.agent_id}


def set_up() -> Sequence[tuple[str, str]]:
    """Return what to ask for. As `adapters.registry.SetUp`."""
    return [("TELEGRAM_BOT_TOKEN", "Telegram: write /newbot to @BotFather and copy the token")]


async def try_answers(settings: Settings, answers: Mapping[str, str]) -> Sequence[Finding]:
    """Try the token. As `adapters.registry.SetUp`."""
    from adapters.telegram.api.check import check_bot  # noqa: PLC0415 - the reason stands above

    ((name, token),) = answers.items()
    section = settings.telegram
    return await check_bot(
        token,
        name,
        section.api_url,
        group_trigger=section.group_trigger,
        webhook_url=section.webhook_url or "",
        may_poll=False,
    )


def _load_library() -> None:
    """Load python-telegram-bot without what opens Telegram's passports: that loads cryptography, which has 6 MB."""
    unused = "cryptography.hazmat.backends"
    if "telegram" in sys.modules or unused in sys.modules:
        return
    sys.modules[unused] = None  # type: ignore[assignment]
    try:
        import_module("telegram")
    finally:
        del sys.modules[unused]
