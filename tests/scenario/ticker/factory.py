"""A small channel of the tests, as a channel's folder has it: a settings section, a channel, a factory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

from bridge.domain.pages import PageView
from bridge.domain.threads import Address, ThreadKey
from bridge.ports.channel import Accept
from bridge.ports.http import WebRoutes
from bridge.ports.stores.stores import Stores
from config.settings import Settings
from config.values.section import Section
from tests.fakes import FakeChannel, question

NAME = "ticker"


@dataclass(frozen=True, kw_only=True)
class TickerSettings(Section):
    """`TICKER_…`."""

    prefix: ClassVar[str] = "TICKER_"
    credentials: ClassVar[tuple[str, ...]] = ("TICKER_ASKS",)

    asks: str = ""
    """What its one person wants to know."""
    hook: str = ""
    """Where it would call the web server."""


@dataclass(frozen=True, kw_only=True)
class SettingsWithTicker(Settings):
    """The one line that a section is in `config/settings.py`."""

    ticker: TickerSettings


class TickerChannel(FakeChannel):
    """Asks one question, and leaves when its answer is whole."""

    receives_alone = ""

    def __init__(self, asks: str) -> None:
        super().__init__(name=NAME, account="office", latency_s=0.0)
        self._asks = asks
        self._is_answered = asyncio.Event()
        self.is_closed = False

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        connected("Ticker: connected")
        await accept(question(self._asks, thread=ThreadKey(NAME, "office", "paper")))
        await self._is_answered.wait()

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        await super().edit(address, message_id, view)
        if view.final:
            self._is_answered.set()

    async def post(self, address: Address, view: PageView) -> str:
        message_id = await super().post(address, view)
        if view.final:
            self._is_answered.set()
        return message_id


opened: list[TickerChannel] = []
"""What the tests look at."""


def is_enabled(settings: Settings) -> bool:
    return bool(_section(settings).asks)


def needs_web(settings: Settings) -> Mapping[str, str]:
    return {"TICKER_HOOK": "unset it"} if _section(settings).hook else {}


@asynccontextmanager
async def open_channels(
    settings: Settings, stores: Stores, routes: WebRoutes | None
) -> AsyncIterator[Sequence[TickerChannel]]:
    del stores, routes
    channel = TickerChannel(_section(settings).asks)
    opened.append(channel)
    yield [channel]
    channel.is_closed = True


def _section(settings: Settings) -> TickerSettings:
    assert isinstance(settings, SettingsWithTicker)
    return settings.ticker
