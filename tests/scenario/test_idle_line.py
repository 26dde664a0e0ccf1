"""The line of a thread that fell idle, in both services."""

import asyncio

import pytest

from bridge.domain.notices import Notice
from sandbox.talkifai.script import Answer
from tests.english import english
from tests.scenario.messengers import Messenger, SlackMessenger, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

LINE = english(Notice.FELL_IDLE)
BEFORE, AFTER = "The small plan has ten seats.", "It costs ten a month."


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_IDLE_TIMEOUT": "2", "BRIDGE_IDLE_LINE": "on"}


async def test_a_thread_that_falls_idle_says_so_once_and_goes_on(messenger: Messenger) -> None:
    """M1: one line in the thread after each end; it is no part of what is said."""
    messenger.scene.answers |= {"which plan?": Answer.of(BEFORE), "what does it cost?": Answer.of(AFTER)}
    talk = await messenger.ask_in_group("which plan?")
    await messenger.until_texts(talk, BEFORE, LINE)

    await messenger.follow_up(talk, "what does it cost?")
    await messenger.until_said(talk, "Continues from ")
    assert messenger.texts(talk)[-1].startswith(AFTER)
    await messenger.until_ended(talk, 2)
    await messenger.until_said(talk, LINE)

    _, second = messenger.records(talk)
    assert second.carried == [f"User: which plan?\nYou: {BEFORE}"]
    assert not any(LINE in message.content for record in messenger.records(talk) for message in record.messages)
    assert [text == LINE for text in messenger.texts(talk)] == [False, True, False, True]


async def test_an_end_by_command_is_not_followed_by_the_line(messenger: Messenger) -> None:
    messenger.scene.answers["which plan?"] = Answer.of(BEFORE)
    talk = await messenger.ask_directly("which plan?")
    await messenger.until_texts(talk, BEFORE)
    await messenger.follow_up(talk, "end" if messenger.name == "slack" else "/end")
    await messenger.until_ended(talk)
    await messenger.until_said(talk, english(Notice.ENDED))
    await asyncio.sleep(3.0)
    assert LINE not in messenger.texts(talk)


async def test_slack_shows_both_lines_as_small_grey_blocks(slack: SlackMessenger) -> None:
    slack.scene.answers |= {"which plan?": Answer.of(BEFORE), "what does it cost?": Answer.of(AFTER)}
    talk = await slack.ask_in_group("which plan?")
    await slack.until_texts(talk, BEFORE, LINE)
    await slack.follow_up(talk, "what does it cost?")
    await slack.until_said(talk, "Continues from ")

    alone, reply = [call.params["blocks"] for call in slack.calls() if "context" in str(call.params.get("blocks"))][-2:]
    assert alone == [{"type": "context", "elements": [{"type": "plain_text", "text": LINE}]}]
    assert [block["type"] for block in reply[:2]] == ["markdown", "context"]
    assert reply[0]["text"] == AFTER


async def test_telegram_shows_the_line_in_italics(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["which plan?"] = Answer.of(BEFORE)
    talk = await telegram.ask_in_group("which plan?")
    await telegram.until_texts(talk, BEFORE, LINE)
    call = [call for call in telegram.calls() if call.params.get("text") == LINE][-1]
    assert [entity["type"] for entity in call.params["entities"]] == ["italic"]
