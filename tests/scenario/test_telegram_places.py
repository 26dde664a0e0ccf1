"""What happens to Telegram's chats while conversations are open in them."""

import asyncio

import pytest

from sandbox.talkifai.script import Answer, Say
from tests.scenario.messengers import TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_STORY = " ".join(f"Sentence {number} of the story." for number in range(1, 33))


async def test_the_next_question_in_the_supergroup_goes_on_in_the_same_conversation(
    telegram: TelegramMessenger,
) -> None:
    """S15: the conversation goes on under the new id."""
    answers, standin = telegram.scene.answers, telegram.telegram
    answers["before the move"] = Answer.of("Said in the group.")
    answers["after the move"] = Answer.of("Said in the supergroup.")
    person, group = standin.person("Ada"), standin.group("Team", supergroup=False)
    await standin.say(person, group, "before the move", mention=True)
    await telegram.ledger.until(lambda: _texts(telegram, group.id) == ["Said in the group."])

    # An answer that stands there but is not settled yet would be shown once more.
    await asyncio.sleep(0.3)
    supergroup = await standin.upgrade(group, person)
    await standin.say(person, supergroup, "after the move", mention=True)
    await telegram.ledger.until(lambda: _texts(telegram, supergroup.id) == ["Said in the supergroup."])

    assert [r.posted for r in telegram.book.records if r.metadata.get("chat") == str(group.id)] == [
        ["before the move", "after the move"]
    ]
    assert not [r for r in telegram.book.records if r.metadata.get("chat") == str(supergroup.id)]


async def test_an_answer_that_is_being_written_is_finished_in_the_supergroup(telegram: TelegramMessenger) -> None:
    """S15: asked for once, and shown there once."""
    standin = telegram.telegram
    telegram.scene.answers["tell me a long story"] = Answer.of(Say(_STORY, chunk=12, pause_s=0.05))
    person, group = standin.person("Ada"), standin.group("Team", supergroup=False)
    await standin.say(person, group, "tell me a long story", mention=True)
    await telegram.ledger.until(lambda: "Sentence 1" in "".join(_texts(telegram, group.id)))

    supergroup = await standin.upgrade(group, person)
    await telegram.ledger.until(lambda: _texts(telegram, supergroup.id) == [_STORY], 45.0)

    (record,) = [r for r in telegram.book.records if r.metadata.get("chat") == str(group.id)]
    assert record.posted == ["tell me a long story"]
    assert len(telegram.ledger.shown(str(supergroup.id))) == 1


async def test_a_person_who_blocks_the_bot_is_billed_no_longer(telegram: TelegramMessenger) -> None:
    """S14: the session is ended at once, not when it falls idle."""
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "hello")
    # Settled, so that the thread is at rest.
    await telegram.book.until(lambda: bool(telegram.records(talk)))
    telegram.telegram.block(telegram.telegram.private_chat(telegram.telegram.world.people[int(talk.place)]))
    await telegram.until_ended(talk, within_s=10.0)


def _texts(telegram: TelegramMessenger, chat_id: int) -> list[str]:
    return [shown.text for shown in telegram.ledger.shown(str(chat_id))]
