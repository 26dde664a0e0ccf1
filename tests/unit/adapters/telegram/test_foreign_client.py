"""Another people's client library gets on with the stand-in: it does not only mirror what the bridge assumes."""

from collections.abc import AsyncIterator

import pytest
from telebot import asyncio_helper
from telebot.async_telebot import AsyncTeleBot
from telebot.asyncio_helper import ApiTelegramException
from telebot.types import InlineKeyboardButton, InlineKeyboardMarkup, Message

from sandbox.telegram.flood import Limits
from sandbox.telegram.server import TelegramStandIn
from sandbox.telegram.world import Chat


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn() as standin:
        yield standin


@pytest.fixture
async def bot(telegram: TelegramStandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncTeleBot]:
    monkeypatch.setattr(asyncio_helper, "API_URL", telegram.api_url + "/bot{0}/{1}")
    yield AsyncTeleBot(telegram.token)
    await asyncio_helper.session_manager.session.close()
    asyncio_helper.session_manager.session = None


@pytest.fixture
def chat(telegram: TelegramStandIn) -> Chat:
    return telegram.private_chat(telegram.person("Ada"))


async def test_a_foreign_bot_hears_and_answers(telegram: TelegramStandIn, bot: AsyncTeleBot, chat: Chat) -> None:
    assert chat.person is not None
    assert (await bot.get_me()).is_bot

    async def answer(message: Message) -> None:
        button = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more")]])
        await bot.reply_to(message, "Hello <b>you</b>", parse_mode="HTML", reply_markup=button)

    bot.register_message_handler(answer, commands=["start"])
    await telegram.say(chat.person, chat, "/start")
    await bot.process_new_updates(await bot.get_updates(timeout=5))
    shown = telegram.ledger.shown(str(chat.id))
    assert [one.text for one in shown] == ["Hello you"]
    press = await telegram.press(chat.person, int(shown[0].message_id), "More")
    query = (await bot.get_updates(timeout=5))[-1].callback_query
    assert query is not None
    assert await bot.answer_callback_query(query.id, "More to come")
    assert telegram.seen.press_answers[press] == ["More to come"]


async def test_a_foreign_bot_is_refused_what_telegram_refuses(bot: AsyncTeleBot, chat: Chat) -> None:
    for mode, broken in (("MarkdownV2", "Done."), ("HTML", "<b>half")):
        with pytest.raises(ApiTelegramException, match="can't parse entities") as refused:
            await bot.send_message(chat.id, broken, parse_mode=mode)
        assert refused.value.error_code == 400
    sent = await bot.send_message(chat.id, "*Done*\\.", parse_mode="MarkdownV2")
    assert (sent.text, [entity.type for entity in sent.entities or []]) == ("Done.", ["bold"])
    edited = await bot.edit_message_text("Changed", chat.id, sent.message_id)
    assert isinstance(edited, Message)
    assert edited.edit_date


async def test_a_foreign_bot_meets_the_chats_limit_in_groups(telegram: TelegramStandIn, bot: AsyncTeleBot) -> None:
    forum = telegram.group("Team", forum=True)
    topics = [telegram.topic(forum, name) for name in "abcd"]
    telegram.limit(Limits())
    for topic in topics[:3]:
        await bot.send_message(forum.id, "x", message_thread_id=topic)
    with pytest.raises(ApiTelegramException, match="Too Many Requests") as refused:
        await bot.send_message(forum.id, "x", message_thread_id=topics[3])
    assert refused.value.result_json["parameters"]["retry_after"] >= 1
