"""What people press below a reply in Slack, with the whole bridge behind it."""

import asyncio
from typing import Any

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Fault, Gate
from sandbox.ledger import Shown
from sandbox.talkifai.script import Answer, Hold, Say
from tests.english import english
from tests.scenario.messengers import SlackMessenger, Talk

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

BEGIN, REST = "The answer begins with these words, and they are enough to show. ", "With this it ends."


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"SLACK_FEEDBACK": "on"}


async def writing(slack: SlackMessenger, question: str, *, directly: bool = False) -> tuple[Talk, Gate]:
    """Ask, and return when the answer has begun; what follows comes when the gate is opened."""
    gate = Gate()
    slack.scene.answers[question] = Answer.of(Say(BEGIN, chunk=len(BEGIN)), Hold(gate), REST)
    talk = await (slack.ask_directly(question) if directly else slack.ask_in_group(question))
    await slack.until_said(talk, BEGIN.strip())
    return talk, gate


def reply(slack: SlackMessenger, talk: Talk) -> Shown:
    return slack.replies(talk)[-1]


def labels(slack: SlackMessenger, talk: Talk) -> list[str]:
    """Return what can be pressed below the newest reply, by the first words of the values."""
    blocks: list[dict[str, Any]] = slack.slack.workspace.messages[talk.place, reply(slack, talk).message_id].blocks
    elements = [element for block in blocks for element in block.get("elements", [])]
    found: list[dict[str, Any]] = []
    for element in elements:
        found += element.get("options") or [element[name] for name in _NAMES if name in element] or [element]
    return [one["value"].split()[0] for one in found]


_NAMES = ("positive_button", "negative_button")


async def told(slack: SlackMessenger, talk: Talk, label: str, user: str, number: int = -1) -> str:
    """Press below one of the replies, and return what the person alone is told."""
    answered = Gate()
    slack.faults.arm(Fault("chat.postEphemeral", {"channel": talk.place}, hold_answer=answered))
    slack.slack.press(user, talk.place, slack.replies(talk)[number].message_id, label)
    await answered.reached()
    answered.open()
    return [text for place, person, _, text in slack.slack.api.ephemerals if (place, person) == (talk.place, user)][-1]


async def test_stop_keeps_the_text_so_far_and_is_for_the_asker(slack: SlackMessenger) -> None:
    """S17, A15: another person's press is refused, in a message that only they see."""
    talk, gate = await writing(slack, "tell me at length")
    assert labels(slack, talk) == ["stop"]
    assert await told(slack, talk, "stop", slack.person()) == english(Notice.NOT_YOUR_ANSWER)

    slack.slack.press(talk.person, talk.place, reply(slack, talk).message_id, "stop")
    await slack.until_texts(talk, f"{BEGIN.strip()}\n\n_{english(Notice.STOPPED)}_")
    gate.open()
    assert labels(slack, talk) == ["retry"]
    assert slack.slack.api.ephemerals[-1][3] == english(Notice.NOT_YOUR_ANSWER)

    slack.scene.answers["tell me at length"] = Answer.of("In short: yes.")
    slack.slack.press(talk.person, talk.place, reply(slack, talk).message_id, "retry")
    await slack.until_said(talk, "In short: yes.")
    assert len(slack.replies(talk)) == 2


async def test_a_finished_answer_is_rated_and_its_conversation_ended_from_the_menu(slack: SlackMessenger) -> None:
    """A15: the menu ends the conversation for who began it alone."""
    slack.scene.answers["what is new?"] = Answer.of("Nothing.")
    talk = await slack.ask_in_group("what is new?")
    await slack.until_texts(talk, "Nothing.")
    assert labels(slack, talk) == ["good", "bad", "new", "end"]
    other = slack.person()
    # The next question is begun when the turn before it is settled: from then on its answer can be rated.
    await slack.follow_up(talk, "and then?")
    await slack.until_said(talk, "and then?")
    assert await told(slack, talk, "good", other, number=0) == english(Notice.RATED)
    assert await told(slack, talk, "end", other, number=0) == english(Notice.NOT_YOURS)
    assert len(slack.replies(talk)) == 2

    slack.slack.press(talk.person, talk.place, slack.replies(talk)[0].message_id, "end")
    await slack.until_ended(talk)
    await slack.until_said(talk, english(Notice.ENDED))


async def test_a_new_conversation_begins_from_the_menu(slack: SlackMessenger) -> None:
    slack.scene.answers["what is new?"] = Answer.of("Nothing.")
    talk = await slack.ask_directly("what is new?")
    await slack.until_texts(talk, "Nothing.")
    slack.slack.press(talk.person, talk.place, reply(slack, talk).message_id, "new")
    await slack.until_ended(talk)
    await slack.ledger.until(lambda: len(slack.replies(talk)) == 2, 30.0)  # the agent greets
    assert len(slack.records(talk)) == 2


async def test_the_command_stops_what_is_being_answered_here(slack: SlackMessenger) -> None:
    talk, gate = await writing(slack, "a long story", directly=True)
    delivery = slack.slack.slash(talk.person, talk.place, "stop")
    await delivery.settled.wait()
    assert delivery.response["text"] == english(Notice.STOPPED)
    await slack.until_texts(talk, f"{BEGIN.strip()}\n\n_{english(Notice.STOPPED)}_")
    gate.open()
    async with asyncio.timeout(20.0):
        while True:  # until the turn is settled there is something to stop
            again = slack.slack.slash(talk.person, talk.place, "stop")
            await again.settled.wait()
            if again.response["text"] != english(Notice.STOPPED):
                break
    assert again.response["text"] == english(Notice.NOTHING_TO_STOP)
    assert len(slack.replies(talk)) == 1


async def test_buttons_cost_no_call_of_their_own(slack: SlackMessenger) -> None:
    slack.scene.answers["briefly?"] = Answer.of("Yes.")
    talk = await slack.ask_in_group("briefly?")
    await slack.until_texts(talk, "Yes.")
    calls = [call.method for call in slack.calls() if call.params.get("channel") == talk.place]
    assert calls == ["chat.postMessage"]
    assert labels(slack, talk) == ["good", "bad", "new", "end"]
