"""People change what they asked, while it is answered and after."""

import pytest

from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

OLD, NEW = "Berlin has four million people.", "Hamburg has two million people."


async def _edit(messenger: Messenger, talk: Talk, text: str) -> None:
    if isinstance(messenger, SlackMessenger):
        messenger.slack.edit_as_person(talk.place, talk.questions[0], text)
    elif isinstance(messenger, TelegramMessenger):
        person, _ = messenger.chats[talk.place]
        await messenger.telegram.edit(person, int(talk.questions[0]), text)


async def test_an_answered_question_that_is_edited_is_asked_again_only_where_people_want_that(
    messenger: Messenger,
) -> None:
    """M6: an offer, and `retry` asks the new words."""
    messenger.scene.answers |= {"and Berlin?": Answer.of(OLD), "and Hamburg?": Answer.of(NEW)}
    talk = await messenger.ask_directly("and Berlin?")
    await messenger.until_texts(talk, OLD)
    retry = "retry" if messenger.name == "slack" else "/retry"
    # The last words may show before the worker has heard that the answer is whole.
    settled = f"conversation={messenger.records(talk)[0].id} "
    await messenger.book.until(
        lambda: any("outcome=answered" in line for line in messenger.scene.log.splitlines() if settled in line)
    )
    await _edit(messenger, talk, "and Hamburg?")
    await messenger.until_said(talk, "You changed your question. To ask it again with the new words: ")
    assert messenger.texts(talk)[-1].replace("\u2060", "").rstrip("_").endswith(retry)
    assert messenger.records(talk)[0].posted == ["and Berlin?"]

    await messenger.follow_up(talk, retry)
    await messenger.until_said(talk, NEW)
    await _edit(messenger, talk, "and Munich?")
    await messenger.follow_up(talk, retry)
    await messenger.until_said(talk, "There is no question to try again here.")
    assert messenger.texts(talk)[0] == OLD
    assert [record.posted for record in messenger.records(talk)] == [["and Berlin?", "and Hamburg?"]]


async def test_a_question_that_is_edited_while_it_is_answered_is_stopped_and_its_new_words_are_asked(
    messenger: Messenger,
) -> None:
    """M6: once, however often it is edited."""
    gate = Gate()
    messenger.scene.answers |= {
        "what of Berlin?": Answer.of(OLD, Hold(gate), " And more of it."),
        "what of Hamburg?": Answer.of(NEW),
    }
    talk = await messenger.ask_directly("what of Berlin?")
    await messenger.until_said(talk, OLD)
    await gate.reached()
    await _edit(messenger, talk, "what of Hamburg?")
    await messenger.until_said(talk, "Stopped.")
    gate.open()
    await messenger.until_said(talk, NEW)
    stopped, answered = messenger.texts(talk)
    assert stopped.startswith(OLD)
    assert "Stopped." in stopped
    assert answered == NEW
    assert [record.posted for record in messenger.records(talk)] == [["what of Berlin?", "what of Hamburg?"]]
