"""The stand-in with two people and two places, and the adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.redis_store import RedisStores
from adapters.slack.channel import SlackChannel
from adapters.slack.limits import SlackLimits
from bridge.domain.threads import Address
from config.slack import SlackSettings
from sandbox.slack import SlackStandIn
from tests.contract.slack.workspaces_fixture import Street, street_of


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(time_scale=0.01) as standin:
        standin.echoes = False
        standin.person("Ada", "U0ADA", "ada@example.com")
        standin.person("Bob", "U0BOB")
        standin.add_channel("C1", "general")
        standin.add_channel("D1")
        yield standin


@pytest.fixture
def limits() -> SlackLimits:
    """A test with `@pytest.mark.parametrize("limits", [...])` has others."""
    return SlackLimits()


@pytest.fixture
async def channel(slack: SlackStandIn, limits: SlackLimits) -> AsyncIterator[SlackChannel]:
    channel = SlackChannel(
        options=SlackSettings(),
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=slack.api_url,
        limits=limits,
    )
    await channel.open()
    slack.calls.clear()
    yield channel
    await channel.aclose()


@pytest.fixture
async def address(slack: SlackStandIn) -> Address:
    root = await slack.say("U0ADA", "C1", f"{slack.mention} hi")
    return Address(account=slack.workspace.team_id, place="C1", thread=root)


@pytest.fixture
async def street(stores: RedisStores, limits: SlackLimits) -> AsyncIterator[Street]:
    async with street_of(stores, limits) as opened:
        yield opened
