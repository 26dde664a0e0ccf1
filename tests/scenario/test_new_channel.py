"""A channel is added by its folder, a line of the registry and its section of the settings."""

import pytest
from redis.asyncio import Redis

from adapters.registry import CHANNELS, ChannelFactory
from bridge.app.bootstrap import run_worker
from bridge.domain.errors import SettingWrong
from config.bridge import BridgeSettings
from config.reading.validation import validated
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.script import Answer, Say
from sandbox.talkifai.server import TalkifaiStandIn
from tests.scenario.ticker import factory as ticker
from tests.scenario.ticker.factory import SettingsWithTicker

_REGISTRY: tuple[ChannelFactory, ...] = (*CHANNELS, ticker)


def _settings(base_url: str, redis_url: str, **of_ticker: str) -> SettingsWithTicker:
    return validated(
        SettingsWithTicker,
        {
            "talkifai": {"base_url": base_url, "agent_id": TEXT_AGENT_ID, "api_key": SANDBOX_API_KEY},
            "slack": {},
            "telegram": {},
            "redis": {"url": redis_url},
            "bridge": BridgeSettings(),
            "ticker": of_ticker,
        },
    )


async def test_a_new_channel_answers_people(redis: Redis, redis_url: str) -> None:
    del redis  # it is emptied
    async with TalkifaiStandIn() as talkifai:
        talkifai.respond_with(Answer.of(Say("Up by two.")))
        await run_worker(_settings(talkifai.base_url, redis_url, asks="And today?"), factories=_REGISTRY)
        assert [record.posted for record in talkifai.book.records] == [["And today?"]]
    channel = ticker.opened.pop()
    assert (channel.text, channel.is_closed) == ("Up by two.", True)


async def test_what_needs_the_web_server_is_refused_without_one(redis_url: str) -> None:
    """Whichever channel it is, with the setting's name and what to do."""
    settings = _settings("http://127.0.0.1:1", redis_url, asks="x", hook="here")
    with pytest.raises(SettingWrong, match=r"TICKER_HOOK.*unset it"):
        await run_worker(settings, factories=_REGISTRY)
    assert ticker.opened == []
