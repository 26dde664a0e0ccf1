"""Several bots, each a channel of its own: what one says is never said by another."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.factory import open_bots
from bridge.conversation.channels import Channels
from bridge.domain.errors import ChannelTokenRefused
from bridge.domain.pages import PageView
from bridge.domain.threads import Address, ThreadKey
from bridge.ports.channel_capabilities import ActivityIndicator
from config.telegram import TelegramSettings
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Intake, Roots, receiving, rooms_of

TOKENS = ("100:sandbox", "200:sandbox")


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(TOKENS) as standin:
        yield standin


def _bots(telegram: TelegramStandIn, roots: Roots, *tokens: str) -> list[TelegramChannel]:
    return [
        TelegramChannel(
            options=TelegramSettings(),
            token=token,
            token_name=f"TELEGRAM_BOT_TOKENS, number {number}",
            agent_id=f"agent {number}",
            api_url=telegram.api_url,
            rooms=rooms_of(roots),
        )
        for number, token in enumerate(tokens, start=1)
    ]


async def _close(bots: list[TelegramChannel]) -> None:
    for bot in bots:
        await bot.aclose()


@pytest.fixture
async def bots(telegram: TelegramStandIn, roots: Roots) -> AsyncIterator[list[TelegramChannel]]:
    opened = _bots(telegram, roots, *TOKENS)
    await open_bots(opened)
    yield opened
    await _close(opened)


async def test_each_bot_posts_edits_and_shows_typing_where_it_is_meant(
    telegram: TelegramStandIn, bots: list[TelegramChannel]
) -> None:
    group, channels = telegram.group("Team"), Channels(bots)
    for bot in telegram.bots:
        address = Address(str(bot.id), str(group.id))
        channel = channels.of(ThreadKey("telegram", str(bot.id), str(group.id)))
        assert isinstance(channel, ActivityIndicator)
        await channel.show_activity(address)
        message_id = await channel.post(address, PageView(text="one"))
        await channel.edit(address, message_id, PageView(text="two", final=True))
        message = telegram.world.messages[int(message_id)]
        assert (message.author, message.versions) == (bot, ["one", "two"])
    callers = [(call.method, call.bot_id) for call in telegram.calls_of("sendChatAction", "sendMessage")]
    assert [bot_id for _, bot_id in callers] == [100, 100, 200, 200]


async def test_each_bot_has_its_agent_its_budget_and_its_lease(bots: list[TelegramChannel]) -> None:
    assert [(bot.account, bot.agent_id) for bot in bots] == [("100", "agent 1"), ("200", "agent 2")]
    scopes = [{budget.scope for budget in bot.pace(Address(bot.account, "5")).posts} for bot in bots]
    assert scopes[0].isdisjoint(scopes[1])
    assert [bot.receives_alone for bot in bots] == ["telegram:100", "telegram:200"]
    assert Channels(bots).find(ThreadKey("telegram", "300", "5")) is None


async def test_a_bot_answers_where_it_hears_though_its_token_begins_otherwise(roots: Roots) -> None:
    """What `getMe` returns is its account, in what it takes in and in what it answers."""
    async with TelegramStandIn(("100:sandbox",)) as telegram:
        telegram.world.bots["555:moved"] = telegram.world.bots.pop("100:sandbox")
        bots = _bots(telegram, roots, "555:moved")
        await open_bots(bots)
        ada, intake = telegram.person("Ada"), Intake()
        async with receiving(bots[0], intake):
            await telegram.say(ada, telegram.private_chat(ada), "hello")
            await intake.until_knocks(1)
        assert intake.questions[0].thread.account == "100"
        assert Channels(bots).find(intake.questions[0].thread) is bots[0]
        await _close(bots)


async def test_each_bot_hears_its_own_chats_and_has_its_own_menu(
    telegram: TelegramStandIn, bots: list[TelegramChannel]
) -> None:
    ada, group = telegram.person("Ada"), telegram.group("Team")
    first, second = telegram.bots
    intakes = Intake(), Intake()
    async with receiving(bots[0], intakes[0]), receiving(bots[1], intakes[1]):
        for bot in telegram.bots:
            await telegram.say(ada, telegram.private_chat(ada, bot), f"to {bot.id}")
        await telegram.say(ada, group, f"@{second.username} to the second")
        await telegram.say(ada, group, f"/help@{first.username}")
        await telegram.say(ada, group, f"/end@{first.username}")
        for intake, knocks in zip(intakes, (3, 2), strict=True):
            await intake.until_knocks(knocks)
    assert [question.thread.account for question in intakes[0].questions] == ["100"] * 3
    assert intakes[1].texts == ["to 200", "to the second"]
    assert {bot_id for bot_id, *_ in telegram.seen.commands} == {100, 200}


async def test_a_bot_that_is_refused_is_named_and_the_others_work(telegram: TelegramStandIn, roots: Roots) -> None:
    """A3: by its place, not by its token."""
    bots = _bots(telegram, roots, TOKENS[0], "200:canary")
    await open_bots(bots)
    ada = telegram.person("Ada")
    telegram.private_chat(ada)
    assert await bots[0].post(Address("100", str(ada.id)), PageView(text="here"))
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKENS, number 2") as refused:
            await bots[1].receive(Intake().accept, lambda _: None)
        with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKENS, number 2"):
            await bots[1].post(Address("200", str(ada.id)), PageView(text="here"))
    await _close(bots)
    assert "canary" not in str(refused.value)


async def test_bots_that_are_all_refused_say_so_when_they_are_to_receive(
    telegram: TelegramStandIn, roots: Roots
) -> None:
    """R20: other channels and all ends go on."""
    bots = _bots(telegram, roots, "100:canary", "200:canary")
    await open_bots(bots)
    for number, bot in enumerate(bots, 1):
        with pytest.raises(ChannelTokenRefused, match=f"TELEGRAM_BOT_TOKENS, number {number}"):
            await bot.receive(Intake().accept, lambda _: None)
    await _close(bots)
