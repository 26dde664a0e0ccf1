"""Several bots as one channel: what one says is never said by another."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.telegram.bots import TelegramBots
from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import ChannelTokenRefused, ChannelUnavailable
from bridge.domain.pages import PageView
from bridge.domain.threads import Address, ThreadKey
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram.test_telegram_receiver import Intake, receiving
from tests.contract.telegram_steps import Roots, rooms_of

TOKENS = ("100:sandbox", "200:sandbox")


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(TOKENS) as standin:
        yield standin


def _bots(telegram: TelegramStandIn, roots: Roots, *tokens: str) -> TelegramBots:
    return TelegramBots(
        [
            TelegramChannel(
                token=token,
                token_name=f"TELEGRAM_BOT_TOKENS, number {number}",
                agent_id=f"agent {number}",
                api_url=telegram.api_url,
                rooms=rooms_of(roots),
            )
            for number, token in enumerate(tokens, start=1)
        ]
    )


@pytest.fixture
async def bots(telegram: TelegramStandIn, roots: Roots) -> AsyncIterator[TelegramBots]:
    opened = _bots(telegram, roots, *TOKENS)
    await opened.open()
    yield opened
    await opened.aclose()


async def test_each_bot_posts_edits_and_shows_typing_where_it_is_meant(
    telegram: TelegramStandIn, bots: TelegramBots
) -> None:
    group = telegram.group("Team")
    for bot in telegram.bots:
        address = Address(str(bot.id), str(group.id))
        await bots.show_activity(address)
        message_id = await bots.post(address, PageView(text="one"))
        await bots.edit(address, message_id, PageView(text="two", final=True))
        message = telegram.world.messages[int(message_id)]
        assert (message.author, message.versions) == (bot, ["one", "two"])
    callers = [(call.method, call.bot_id) for call in telegram.calls_of("sendChatAction", "sendMessage")]
    assert [bot_id for _, bot_id in callers] == [100, 100, 200, 200]


async def test_each_bot_has_its_agent_its_budget_and_its_lease(bots: TelegramBots) -> None:
    threads = [ThreadKey("telegram", account, "5") for account in ("100", "200", "300")]
    assert [bots.agent_id(thread) for thread in threads[:2]] == ["agent 1", "agent 2"]
    assert [bots.serves(thread) for thread in threads] == [True, True, False]
    scopes = [{budget.scope for budget in bots.pace(Address(account, "5")).posts} for account in ("100", "200")]
    assert scopes[0].isdisjoint(scopes[1])
    assert [bot.receives_alone for bot in bots.bots] == ["telegram:100", "telegram:200"]
    with pytest.raises(ChannelUnavailable, match="300"):
        await bots.post(Address("300", "5"), PageView(text="by whom?"))


async def test_each_bot_hears_its_own_chats_and_has_its_own_menu(telegram: TelegramStandIn, bots: TelegramBots) -> None:
    ada, group = telegram.person("Ada"), telegram.group("Team")
    first, second = telegram.bots
    intakes = Intake(), Intake()
    async with receiving(bots.bots[0], intakes[0]), receiving(bots.bots[1], intakes[1]):
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
    await bots.open()
    ada = telegram.person("Ada")
    telegram.private_chat(ada)
    assert await bots.post(Address("100", str(ada.id)), PageView(text="here"))
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKENS, number 2") as refused:
            await bots.bots[1].receive(Intake().accept, lambda _: None)
        with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKENS, number 2"):
            await bots.post(Address("200", str(ada.id)), PageView(text="here"))
    await bots.aclose()
    assert "canary" not in str(refused.value)


async def test_where_all_bots_are_refused_the_start_fails(telegram: TelegramStandIn, roots: Roots) -> None:
    bots = _bots(telegram, roots, "100:canary", "200:canary")
    with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKENS, number 1"):
        await bots.open()
    await bots.aclose()
