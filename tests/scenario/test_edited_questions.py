"""People change what they asked, while it is answered and after."""

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold, Say
from tests.english import english
from tests.scenario.messengers import WAIT_S, Messenger, SlackMessenger, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

OLD, NEW = "Berlin has four million people.", "Hamburg has two million people."
LONG = " ".join(f"Sentence number {number} of a long answer that needs several pages." for number in range(1, 200))
OFFER = "You changed your question. To ask it again with the new words: "


async def _edit(messenger: Messenger, talk: Talk, text: str) -> None:
    if isinstance(messenger, SlackMessenger):
        messenger.slack.edit_as_person(talk.place, talk.questions[0], text)
    elif isinstance(messenger, TelegramMessenger):
        person, _ = messenger.chats[talk.place]
        await messenger.telegram.edit(person, int(talk.questions[0]), text)


def _retry(messenger: Messenger) -> str:
    return "retry" if messenger.name == "slack" else "/retry"


async def _settled(messenger: Messenger, talk: Talk, turns: int = 1) -> None:
    """Wait until the worker has settled: the last words may show before it has heard that the answer is whole."""
    settled = f"conversation={messenger.records(talk)[0].id} "
    await messenger.book.until(
        lambda: sum("outcome=answered" in line for line in messenger.scene.log.splitlines() if settled in line) >= turns
    )


async def _ask_with(messenger: Messenger, talk: Talk, text: str) -> None:
    """Change the first question once its answer is settled, wait for the offer, and take it."""
    asked = len(messenger.records(talk)[0].posted)
    await _settled(messenger, talk, asked)
    await _edit(messenger, talk, text)
    await messenger.ledger.until(lambda: sum(OFFER in said for said in messenger.texts(talk)) == asked, WAIT_S)
    await messenger.follow_up(talk, _retry(messenger))


async def _until_first_says(messenger: Messenger, talk: Talk, text: str) -> None:
    await messenger.ledger.until(lambda: messenger.texts(talk)[0] == text, WAIT_S)


async def test_an_answered_question_that_is_edited_is_asked_again_only_where_people_want_that(
    messenger: Messenger,
) -> None:
    """M6: an offer, and `retry` asks the new words."""
    messenger.scene.answers |= {"and Berlin?": Answer.of(OLD), "and Hamburg?": Answer.of(NEW)}
    talk = await messenger.ask_directly("and Berlin?")
    await messenger.until_texts(talk, OLD)
    retry = _retry(messenger)
    await _settled(messenger, talk)
    await _edit(messenger, talk, "and Hamburg?")
    await messenger.until_said(talk, OFFER)
    assert messenger.texts(talk)[-1].replace("\u2060", "").rstrip("_").endswith(retry)
    assert messenger.records(talk)[0].posted == ["and Berlin?"]

    await messenger.follow_up(talk, retry)
    await _until_first_says(messenger, talk, NEW)
    assert len(messenger.replies(talk)) == 2  # the answer and the offer
    assert [record.posted for record in messenger.records(talk)] == [["and Berlin?", "and Hamburg?"]]


async def test_new_words_are_answered_in_the_messages_of_the_old_answer_however_often_they_change(
    messenger: Messenger,
) -> None:
    """M6: more pages, then fewer: no word of an older answer stays."""
    names = {"short?": OLD, "long?": LONG, "short again?": NEW}
    messenger.scene.answers |= {asked: Answer.of(Say(said, chunk=len(said))) for asked, said in names.items()}
    talk = await messenger.ask_directly("short?")
    await messenger.until_texts(talk, OLD)
    await _ask_with(messenger, talk, "long?")
    await messenger.until_said(talk, "Sentence number 199 ")
    old, offer, *more = messenger.texts(talk)
    assert old.startswith("Sentence number 1 ")
    assert OFFER in offer
    assert "".join(" ".join([old, *more]).split()) == "".join(LONG.split())

    await _ask_with(messenger, talk, "short again?")
    await _until_first_says(messenger, talk, NEW)
    above = english(Notice.ANSWER_ABOVE)
    await messenger.ledger.until(lambda: sum(above in text for text in messenger.texts(talk)) == len(more))
    assert not any("Sentence" in text for text in messenger.texts(talk))
    assert [record.posted for record in messenger.records(talk)] == [list(names)]


def _offers(messenger: Messenger, talk: Talk) -> list[str]:
    """Return the offers that still have a button, by their messages."""
    shown = [reply.message_id for reply in messenger.replies(talk) if OFFER in reply.text]
    if isinstance(messenger, SlackMessenger):
        messages = messenger.slack.workspace.messages
        return [ts for ts in shown if any(block["type"] == "actions" for block in messages[talk.place, ts].blocks)]
    assert isinstance(messenger, TelegramMessenger)
    keyboards = messenger.telegram.world.messages
    return [message_id for message_id in shown if keyboards[int(message_id)].keyboard]


async def _press(messenger: Messenger, talk: Talk, message_id: str) -> None:
    if isinstance(messenger, SlackMessenger):
        messenger.slack.press(talk.person, talk.place, message_id, "again")
    elif isinstance(messenger, TelegramMessenger):
        person, _ = messenger.chats[talk.place]
        await messenger.telegram.press(person, int(message_id), "🔁 Retry")


async def test_an_offer_that_was_pressed_has_no_button_any_more_and_the_next_one_works_too(
    messenger: Messenger,
) -> None:
    """M6: a question that is changed twice is offered twice."""
    names = {"one more?": OLD, "two more?": NEW, "three more?": "Rome has three million people."}
    messenger.scene.answers |= {asked: Answer.of(said) for asked, said in names.items()}
    talk = await messenger.ask_directly("one more?")
    await messenger.until_texts(talk, OLD)
    for number, (asked, said) in enumerate(list(names.items())[1:], 1):
        await _settled(messenger, talk, number)
        await _edit(messenger, talk, asked)
        await messenger.ledger.until(lambda: len(_offers(messenger, talk)) == 1, WAIT_S)
        await _press(messenger, talk, _offers(messenger, talk)[0])
        await _until_first_says(messenger, talk, said)
        await messenger.ledger.until(lambda: not _offers(messenger, talk), WAIT_S)
    assert sum(OFFER in text for text in messenger.texts(talk)) == 2
    assert [record.posted for record in messenger.records(talk)] == [list(names)]


async def test_new_words_get_a_new_reply_where_the_old_one_was_deleted(messenger: Messenger) -> None:
    """M6: nothing is lost with it."""
    messenger.scene.answers |= {"what of Rome?": Answer.of(OLD), "what of Milan?": Answer.of(NEW)}
    talk = await messenger.ask_directly("what of Rome?")
    await messenger.until_texts(talk, OLD)
    await _settled(messenger, talk)
    (old,) = messenger.replies(talk)
    if isinstance(messenger, SlackMessenger):
        messenger.slack.delete_as_person(talk.place, old.message_id)
    elif isinstance(messenger, TelegramMessenger):
        await messenger.telegram.delete(int(old.message_id))
    await _ask_with(messenger, talk, "what of Milan?")
    await messenger.until_said(talk, NEW)
    assert messenger.texts(talk).count(NEW) == 1


async def test_a_question_that_is_edited_while_it_is_answered_is_stopped_and_its_new_words_are_asked(
    messenger: Messenger,
) -> None:
    """M6: once, and their answer comes in the message of the old one. Words after that are offered, as always."""
    gate = Gate()
    messenger.scene.answers |= {
        "what of Berlin?": Answer.of(OLD, Hold(gate), " And more of it."),
        "what of Hamburg?": Answer.of(NEW),
    }
    talk = await messenger.ask_directly("what of Berlin?")
    await messenger.until_said(talk, OLD)
    await gate.reached()
    (old,) = messenger.replies(talk)
    await _edit(messenger, talk, "what of Hamburg?")
    await messenger.until_said(talk, "Stopped.")
    gate.open()
    await messenger.until_texts(talk, NEW)
    assert [reply.message_id for reply in messenger.replies(talk)] == [old.message_id]
    looks = [frame.text for frame in messenger.ledger.versions(old.message_id)]
    assert any(look.startswith(OLD) and english(Notice.STOPPED) in look for look in looks)

    messenger.scene.answers["what of Kiel?"] = Answer.of("Kiel has a quarter of a million people.")
    await _settled(messenger, talk)
    await _edit(messenger, talk, "what of Kiel?")
    await messenger.ledger.until(lambda: len(_offers(messenger, talk)) == 1, WAIT_S)
    await _press(messenger, talk, _offers(messenger, talk)[0])
    await _until_first_says(messenger, talk, "Kiel has a quarter of a million people.")
    asked = ["what of Berlin?", "what of Hamburg?", "what of Kiel?"]
    assert [record.posted for record in messenger.records(talk)] == [asked]
