"""Buttons below Telegram's replies, from the press to what people see."""

import uuid

import pytest

from adapters.redis_store.client.connection import connect
from adapters.redis_store.stores import RedisStores
from bridge.domain.notices import Notice
from bridge.domain.turns import token_of
from sandbox.talkifai.script import Answer, Fail, Say
from tests.english import english
from tests.scenario.messengers import WAIT_S, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_STORY = " ".join(f"Sentence {number} of the answer." for number in range(1, 33))
STOP, RETRY, GOOD, BAD = "⏹ Stop", "🔁 Retry", "👍", "👎"


@pytest.fixture(scope="module")
def bridge_settings(redis_url: str) -> dict[str, str]:
    return {
        "TELEGRAM_FEEDBACK": "on",
        "TELEGRAM_RECEIPT": "on",
        "REDIS_URL": redis_url,
        "BRIDGE_KEY_PREFIX": f"buttons-{uuid.uuid4().hex}",
    }


def labels(telegram: TelegramMessenger, message_id: str) -> list[str]:
    markup = telegram.telegram.world.messages[int(message_id)].keyboard or {"inline_keyboard": []}
    return [button["text"] for row in markup["inline_keyboard"] for button in row]


def is_settled(telegram: TelegramMessenger, talk: Talk) -> bool:
    said = ("turn settled", f":{talk.place}:")
    return any(all(words in line for words in said) for line in telegram.scene.log.splitlines())


async def answered(telegram: TelegramMessenger, press: str) -> str:
    seen = telegram.telegram.seen.press_answers
    await telegram.ledger.until(lambda: press in seen, WAIT_S)
    return seen[press][0]


async def test_a_press_on_stop_ends_the_answer_and_the_next_question_works(telegram: TelegramMessenger) -> None:
    """S17: in a group, by another person; a press that comes too late changes nothing."""
    standin = telegram.telegram
    telegram.scene.answers["tell me"] = Answer.of(Say(_STORY, chunk=12, pause_s=0.2))
    talk = await telegram.ask_in_group("tell me")
    await telegram.until_said(talk, "Sentence 1")
    (reply,) = telegram.replies(talk)
    bob = standin.person("Bob")
    assert labels(telegram, reply.message_id) == [STOP]
    press = await standin.press(bob, int(reply.message_id), STOP)
    late = await standin.press(bob, int(reply.message_id), STOP)
    assert await answered(telegram, press) == english(Notice.STOPPED)
    await telegram.until_said(talk, english(Notice.STOPPED))
    assert labels(telegram, reply.message_id) == [RETRY]
    assert not telegram.texts(talk)[0].startswith(_STORY)
    assert await answered(telegram, late) in {english(Notice.STOPPED), english(Notice.NOTHING_TO_STOP)}

    telegram.scene.answers["and now?"] = Answer.of(_STORY)
    await telegram.follow_up(talk, "and now?")
    await telegram.until_said(talk, _STORY)
    assert labels(telegram, telegram.replies(talk)[-1].message_id) == [GOOD, BAD]


async def test_data_made_up_by_another_client_change_nothing_and_the_true_button_still_works(
    telegram: TelegramMessenger,
) -> None:
    """A24: from another chat, for another turn or action, over real sockets."""
    standin = telegram.telegram
    failing = Answer.of(Say("Half "), Fail("the model broke"))
    telegram.scene.answers |= {"ada asks": failing, "eve asks": Answer.of("No.")}
    talk = await telegram.ask_directly("ada asks")
    await telegram.until_said(talk, english(Notice.FAILED))
    eve_talk = await telegram.ask_directly("eve asks")
    await telegram.until_said(eve_talk, "No.")
    reply, eves = telegram.replies(talk)[-1], telegram.replies(eve_talk)[-1]
    keyboard = standin.world.messages[int(reply.message_id)].keyboard
    assert keyboard is not None
    true = str(keyboard["inline_keyboard"][0][0]["callback_data"])
    eve = standin.person("Eve")
    forged = (true, true.replace("retry", "bad"), f"{true[:-1]}0", true.rpartition(":")[0], "retry:0123456789abcdef")
    for data in forged:  # below a message of her own chat
        press = await standin.press_data(eve, int(eves.message_id), data)
        assert await answered(telegram, press) == english(Notice.BUTTON_TOO_OLD)
    assert [record.posted for record in telegram.records(talk)] == [["ada asks"]]
    telegram.scene.answers["ada asks"] = Answer.of("Whole.")
    await standin.press(standin.person("Ada"), int(reply.message_id), RETRY)
    await telegram.until_said(talk, "Whole.")


async def test_a_press_on_retry_asks_again_once_in_the_same_conversation(telegram: TelegramMessenger) -> None:
    """S1: an answer that failed has the button, for every person and any number of presses."""
    standin = telegram.telegram
    telegram.scene.answers["try this"] = Answer.of(Say("Half an ans"), Fail("the model broke"))
    talk = await telegram.ask_in_group("try this")
    await telegram.until_said(talk, english(Notice.FAILED))
    (reply,) = telegram.replies(talk)
    assert labels(telegram, reply.message_id) == [RETRY]

    telegram.scene.answers["try this"] = Answer.of("A whole answer.")
    bob = standin.person("Bob")
    presses = [await standin.press(bob, int(reply.message_id), RETRY) for _ in range(2)]
    said = [await answered(telegram, press) for press in presses]
    assert said[0] == "The question is asked again."
    assert "already" in said[1]
    await telegram.until_said(talk, "A whole answer.")
    (record,) = telegram.records(talk)
    assert record.posted == ["try this", "try this"]
    assert telegram.texts(talk)[1:] == ["A whole answer."]


async def test_what_people_think_of_an_answer_is_kept(
    telegram: TelegramMessenger, bridge_settings: dict[str, str]
) -> None:
    standin = telegram.telegram
    talk = await telegram.ask_directly("hello there")
    await telegram.until_said(talk, "You asked: hello there")
    (reply,) = telegram.replies(talk)
    await telegram.ledger.until(lambda: labels(telegram, reply.message_id) == [GOOD, BAD], WAIT_S)
    # No person is quick enough to press before the turn is settled.
    await telegram.ledger.until(lambda: is_settled(telegram, talk), WAIT_S)
    edits = len(telegram.calls())
    person = next(one for one in standin.world.people.values() if str(one.id) == talk.place)
    assert await answered(telegram, await standin.press(person, int(reply.message_id), BAD)) == "Thank you!"
    assert await answered(telegram, await standin.press(person, int(reply.message_id), GOOD)) == "Thank you!"
    assert len(telegram.calls()) == edits

    stores = RedisStores(connect(bridge_settings["REDIS_URL"]), prefix=bridge_settings["BRIDGE_KEY_PREFIX"])
    lines = [line for line in await stores.ratings(20) if line["place"] == talk.place]
    await stores.aclose()
    assert [line["rating"] for line in lines] == ["good", "bad"]
    turn = token_of(f"telegram:100:{talk.place}:{talk.questions[0]}")
    (record,) = telegram.records(talk)
    assert {(line["turn"], line["conversation"], line["person"]) for line in lines} == {
        (turn, record.id, talk.place),
    }


async def test_pages_and_commands_carry_no_buttons_but_the_last_one(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["at length"] = Answer.of(" ".join([_STORY] * 8))
    talk = await telegram.ask_directly("at length")
    await telegram.ledger.until(lambda: len(telegram.replies(talk)) >= 2, WAIT_S)
    await telegram.ledger.until(lambda: labels(telegram, telegram.replies(talk)[-1].message_id) == [GOOD, BAD], WAIT_S)
    assert [labels(telegram, reply.message_id) for reply in telegram.replies(talk)[:-1]] == [
        [] for _ in telegram.replies(talk)[:-1]
    ]
    await telegram.follow_up(talk, "/status")
    await telegram.until_said(talk, "A conversation is open here")
    assert labels(telegram, telegram.replies(talk)[-1].message_id) == []
