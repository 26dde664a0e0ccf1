"""Who may do what in a group, where administrators alone may end conversations, and how people come in by a link."""

import pytest

from bridge.domain.notices import Notice
from sandbox.talkifai.script import Answer
from tests.english import english
from tests.scenario.messengers import TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"TELEGRAM_GROUP_CONTROL": "admins"}


async def test_a_member_is_told_and_an_administrator_is_obeyed(telegram: TelegramMessenger) -> None:
    standin = telegram.telegram
    ada, bob, forum = standin.person("Ada"), standin.person("Bob"), standin.group("Forum", forum=True)
    forum.admins.add(ada.id)
    telegram.scene.answers["hello all"] = Answer.of("Good day to all of you.")
    place = str(forum.id)
    await standin.say(bob, forum, "hello all", mention=True)
    await telegram.ledger.until(lambda: [s.text for s in telegram.ledger.shown(place)] == ["Good day to all of you."])

    await standin.say(bob, forum, "/end")
    await telegram.ledger.until(lambda: len(telegram.ledger.shown(place)) == 2)
    assert telegram.ledger.shown(place)[1].text == english(Notice.ADMINS_ONLY)
    await standin.say(ada, forum, "/end")
    await telegram.ledger.until(lambda: len(telegram.ledger.shown(place)) == 3)
    assert telegram.ledger.shown(place)[2].text == english(Notice.ENDED)


async def test_the_payload_of_a_link_is_told_to_the_agent(telegram: TelegramMessenger) -> None:
    talk = await telegram.ask_directly("/start spring_sale-7")
    await telegram.until_said(talk, "Hello!")
    (record,) = telegram.records(talk)
    assert record.metadata["start"] == "spring_sale-7"
