"""The stand-in, and the adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.telegram.channel import TelegramChannel
from config.telegram import TelegramSettings
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Roots, rooms_of


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn() as standin:
        yield standin


@pytest.fixture
def roots() -> Roots:
    return Roots()


@pytest.fixture
async def channel(telegram: TelegramStandIn, roots: Roots) -> AsyncIterator[TelegramChannel]:
    opened = TelegramChannel(
        options=TelegramSettings(), token=telegram.token, api_url=telegram.api_url, rooms=rooms_of(roots)
    )
    await opened.open()
    yield opened
    await opened.aclose()
