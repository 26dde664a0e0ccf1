"""`status` on both services: a line says what is done, and each page is shown once, whole."""

import pytest

from sandbox.faults import Fault
from sandbox.ledger import Frame
from sandbox.talkifai.script import Answer, Handoff, Pause, Say, Tool
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_STORY = " ".join(f"Sentence {number} of the answer." for number in range(1, 33))
_SLOWLY = Answer.of(Say(_STORY, chunk=12, pause_s=0.055))
_USED = "Used: web search"


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"SLACK_STREAMING": "status", "TELEGRAM_STREAMING": "status", "BRIDGE_SHOW_TOOLS": "on"}


def _statuses(slack: SlackMessenger, talk: Talk) -> list[str]:
    return [status for place, thread, status in slack.slack.api.statuses if (place, thread) == (talk.place, talk.root)]


def _of_bot(messenger: Messenger, talk: Talk) -> list[Frame]:
    return [frame for frame in messenger.ledger.frames if (frame.place, frame.author) == (talk.place, "bot")]


async def test_in_a_slack_thread_the_answer_is_posted_once_under_a_status_line(slack: SlackMessenger) -> None:
    slack.scene.answers["a story in a thread"] = _SLOWLY
    talk = await slack.ask_in_group("a story in a thread")
    await slack.until_texts(talk, _STORY)

    assert [(frame.change, frame.text) for frame in _of_bot(slack, talk)] == [("posted", _STORY)]
    assert "Writing…" in _statuses(slack, talk)
    assert not any(word in status for status in _statuses(slack, talk) for word in ("Sentence", "answer"))


async def test_in_a_private_chat_a_draft_says_what_is_done_and_one_message_notifies(
    telegram: TelegramMessenger,
) -> None:
    telegram.scene.answers["a story in private"] = _SLOWLY
    talk = await telegram.ask_directly("a story in private")
    await telegram.until_texts(talk, _STORY)

    *drafted, gone, posted = _of_bot(telegram, talk)
    assert {frame.text for frame in drafted} <= {"Thinking…", "Writing…", "Writing… (500 characters)"}
    assert drafted
    assert (gone.change, posted.change, posted.text) == ("deleted", "posted", _STORY)
    assert not telegram.telegram.world.messages[int(posted.message_id)].silent


@pytest.mark.parametrize("service", ["slack", "telegram"])
async def test_where_nothing_else_can_say_it_one_message_does_and_becomes_the_text(
    service: str, slack: SlackMessenger, telegram: TelegramMessenger
) -> None:
    messenger: Messenger = slack if service == "slack" else telegram
    question = f"a story for {service}"
    messenger.scene.answers[question] = _SLOWLY
    # A direct message in Slack outside a thread, and a group in Telegram.
    talk = await (slack.ask_directly(question) if service == "slack" else telegram.ask_in_group(question))
    await messenger.until_texts(talk, _STORY)

    *said, whole = messenger.versions(talk)
    assert {frame.text.strip("_") for frame in said} <= {"Thinking…", "Writing…", "Writing… (500 characters)"}
    assert said
    assert (whole.change, whole.text) == ("edited", _STORY)


async def test_a_quick_answer_is_one_message_without_a_status(messenger: Messenger) -> None:
    messenger.scene.answers["quickly"] = Answer.of("As quickly as I can.")
    talk = await messenger.ask_directly("quickly")
    await messenger.until_texts(talk, "As quickly as I can.")

    assert [frame.change for frame in _of_bot(messenger, talk)] == ["posted"]


async def test_a_tool_is_named_while_it_works_and_listed_in_the_end(slack: SlackMessenger) -> None:
    slack.scene.answers["find it"] = Answer.of(Tool("web_search", 3.0), Handoff("Billing Agent"), Pause(2.0), "Found.")
    talk = await slack.ask_in_group("find it")
    await slack.until_texts(talk, f"Found.\n\n_{_USED}_")

    said = _statuses(slack, talk)
    assert said.index("Looking that up: web search…") < said.index("Now with Billing Agent")
    assert len(_of_bot(slack, talk)) == 1


async def test_a_tool_is_named_in_a_draft(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["find it there"] = Answer.of(Tool("web_search", 3.5), "Found.")
    talk = await telegram.ask_directly("find it there")
    await telegram.until_texts(talk, f"Found.\n\n{_USED}")

    assert "Looking that up: web search…" in {frame.text for frame in _of_bot(telegram, talk)}


async def test_a_long_answer_is_shown_page_by_page_each_once_and_whole(messenger: Messenger) -> None:
    """S12: pages in order, nothing lost or doubled."""
    text = " ".join(f"Sentence {number} of a long answer." for number in range(700))
    messenger.scene.answers["at length"] = Answer.of(Say(text, chunk=200, pause_s=0.04))
    talk = await messenger.ask_in_group("at length")
    await messenger.ledger.until(lambda: " ".join(messenger.texts(talk)).split() == text.split(), 40.0)

    with_text = [frame for frame in _of_bot(messenger, talk) if "Sentence" in frame.text]
    assert len(with_text) == len({frame.message_id for frame in with_text}) == len(messenger.replies(talk)) > 2


async def test_a_refused_draft_becomes_a_message(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["without drafts"] = _SLOWLY
    refused = "Bad Request: TEXTDRAFT_PEER_INVALID"
    telegram.faults.arm(Fault("sendMessageDraft", status=400, error=refused, times=-1))
    talk = await telegram.ask_directly("without drafts")
    await telegram.until_texts(talk, _STORY)
    telegram.faults.clear()

    assert [frame.change for frame in telegram.versions(talk)][:1] == ["posted"]
    assert telegram.versions(talk)[-1].change == "edited"
    assert len(telegram.replies(talk)) == 1
