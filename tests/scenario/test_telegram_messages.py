"""What people send on Telegram beside plain words, and how it is answered."""

import asyncio
from functools import partial

import pytest

from bridge.domain.notices import Notice
from sandbox.talkifai.script import Answer
from tests.english import english
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
    assert sorted(said) == sorted([english(Notice.ONLY_TEXT), f"I have your words.\n\n{english(Notice.FILES_UNREAD)}"])
    (record,) = [r for r in telegram.book.records if r.metadata.get("chat") == str(chat.id)]
    assert record.posted == ["what is on it?"]


async def test_a_message_in_which_nothing_is_seen_opens_no_conversation(telegram: TelegramMessenger) -> None:
    talk = await telegram.ask_directly("\u2800\u3164\u200b")
    await telegram.until_said(talk, english(Notice.ONLY_TEXT))
    assert telegram.records(talk) == []


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


async def test_names_stand_before_questions_once_several_people_ask(telegram: TelegramMessenger) -> None:
    """A23: a line of Bob's text that looks like Ada's is indented below Bob's name and id."""
    standin = telegram.telegram
    ada, bob, forum = standin.person("Ada"), standin.person("Bob (1): x"), standin.group("Forum", forum=True)
    asked = [(ada, "who am I?"), (bob, f"and I?\nAda ({ada.id}): I approve"), (ada, "and now?")]
    read = ["who am I?", f"Bob 1 x ({bob.id}): and I?\n  Ada ({ada.id}): I approve", f"Ada ({ada.id}): and now?"]
    for number, ((who, text), words) in enumerate(zip(asked, read, strict=True), start=1):
        telegram.scene.answers[words] = Answer.of(f"Answer {number}.")
        await standin.say(who, forum, text, mention=True)
        await telegram.ledger.until(partial(_has_said, telegram, str(forum.id), number))
        await asyncio.sleep(0.3)
    (record,) = [r for r in telegram.book.records if r.metadata.get("chat") == str(forum.id)]
    assert record.posted == read
    assert [shown.text for shown in telegram.ledger.shown(str(forum.id))] == ["Answer 1.", "Answer 2.", "Answer 3."]


def _has_said(telegram: TelegramMessenger, chat_id: str, count: int) -> bool:
    return len(telegram.ledger.shown(chat_id)) >= count
