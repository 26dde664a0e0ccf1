"""What people send on Telegram beside plain words, and how it is answered."""

import asyncio

import pytest

from bridge.notices import Notice
from sandbox.talkifai.script import Answer
from tests.scenario.messengers import TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]


async def test_what_has_no_words_is_answered_with_a_notice_once_and_a_caption_as_a_question(
    telegram: TelegramMessenger,
) -> None:
    telegram.scene.answers["what is on it?"] = Answer.of("I have your words.")
    standin = telegram.telegram
    person = standin.person("Ada")
    chat = standin.private_chat(person)
    for kind in ("voice", "photo", "sticker", "document", "location"):
        await standin.send_media(person, chat, kind)
    await standin.send_media(person, chat, "photo", caption="what is on it?")

    await telegram.ledger.until(lambda: len(telegram.ledger.shown(str(chat.id))) >= 2)

    said = [shown.text for shown in telegram.ledger.shown(str(chat.id))]
    assert sorted(said) == sorted([Notice.TEXT_ONLY, "I have your words."])
    (record,) = [r for r in telegram.book.records if r.metadata.get("chat") == str(chat.id)]
    assert record.posted == ["what is on it?"]


async def test_a_long_paste_is_one_question_though_it_comes_as_several_messages(telegram: TelegramMessenger) -> None:
    first, second = "long " * 810, "and the rest"
    whole = f"{first.strip()}\n{second}"
    telegram.scene.answers[whole] = Answer.of("All of it was read.")
    talk = await telegram.ask_directly(first)
    await asyncio.sleep(0.6)
    await telegram.follow_up(talk, second)
    await telegram.until_texts(talk, "All of it was read.")
    (record,) = telegram.records(talk)
    assert record.posted == [whole]
