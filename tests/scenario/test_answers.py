"""A question is answered live, in its thread, on that thread's conversation."""

import asyncio

import pytest

from adapters.telegram import limits as telegram_limits
from bridge.domain.notices import Notice
from sandbox.talkifai.script import Answer, End, Fail, Handoff, Pause, Say, Tool
from tests.english import english, without_reference
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_STORY = " ".join(f"Sentence {number} of the answer." for number in range(1, 33))


def _friendly(question: str) -> str:
    return f"You asked: {question}\n\nThat is a good question, and here is what I can tell you about it. 🙂"


async def test_a_reply_grows_before_the_eyes_of_its_asker(messenger: Messenger) -> None:
    question = "tell me a story"
    messenger.scene.answers[question] = Answer.of(Say(_STORY, chunk=12, pause_s=0.055))

    talks = [await messenger.ask_in_group(question), await messenger.ask_directly(question)]
    asked_at = messenger.ledger.frames[-1].at

    for talk in talks:
        await messenger.until_texts(talk, _STORY)
        seen = messenger.versions(talk)
        assert len(seen) >= 3
        assert all(_STORY.startswith(frame.text) for frame in seen)
        assert sorted({len(frame.text) for frame in seen}) == [len(frame.text) for frame in seen]
        # The agent needs 0.35 s to open and 4 s to write; what comes first is there while it still writes.
        assert seen[0].at - asked_at < 3.0
        assert 30 <= len(seen[0].text) < len(_STORY) / 2


async def test_a_follow_up_goes_to_the_same_conversation(messenger: Messenger) -> None:
    talk = await messenger.ask_in_group("what is this?")
    await messenger.until_texts(talk, _friendly("what is this?"))

    await messenger.follow_up(talk, "and what is that?")
    await messenger.until_texts(talk, _friendly("what is this?"), _friendly("and what is that?"))

    assert [record.posted for record in messenger.records(talk)] == [["what is this?", "and what is that?"]]


async def test_a_direct_talk_is_one_conversation(messenger: Messenger) -> None:
    talk = await messenger.ask_directly("are you there?")
    await messenger.until_texts(talk, _friendly("are you there?"))

    await messenger.follow_up(talk, "still there?")
    await messenger.until_texts(talk, _friendly("are you there?"), _friendly("still there?"))

    assert [record.posted for record in messenger.records(talk)] == [["are you there?", "still there?"]]


async def test_two_threads_have_two_conversations(messenger: Messenger) -> None:
    first = await messenger.ask_in_group("the first matter")
    second = await messenger.ask_in_group("the second matter", beside=first)

    await messenger.until_texts(first, _friendly("the first matter"))
    await messenger.until_texts(second, _friendly("the second matter"))

    (one,), (other,) = messenger.records(first), messenger.records(second)
    assert one.id != other.id
    assert (one.posted, other.posted) == (["the first matter"], ["the second matter"])


async def test_two_first_questions_at_once_are_answered_in_order(messenger: Messenger) -> None:
    """D7: two replies in the order of the questions, on one conversation."""
    talk = await messenger.ask_directly("number one")
    if messenger.name == "telegram":
        # What the same person sends sooner is the rest of the first question there.
        await asyncio.sleep(telegram_limits.JOIN_S + 0.1)
    await messenger.follow_up(talk, "number two")

    await messenger.until_texts(talk, _friendly("number one"), _friendly("number two"))

    assert [record.posted for record in messenger.records(talk)] == [["number one", "number two"]]


async def test_a_tool_at_work_shows_and_is_gone_in_the_end(messenger: Messenger) -> None:
    messenger.scene.answers["find it"] = Answer.of(Tool("web_search", 1.0), "Here is what I found for you.")

    talk = await messenger.ask_in_group("find it")
    await messenger.until_texts(talk, "Here is what I found for you.")

    assert "Looking that up: web search…" in messenger.versions(talk)[0].text


async def test_a_hand_off_shows_and_is_gone_in_the_end(messenger: Messenger) -> None:
    messenger.scene.answers["my bill is wrong"] = Answer.of(
        Handoff("Billing Agent", short=True), Pause(1.0), "Billing here, let us have a look at it."
    )

    talk = await messenger.ask_in_group("my bill is wrong")
    await messenger.until_texts(talk, "Billing here, let us have a look at it.")

    assert "Now with Billing Agent" in messenger.versions(talk)[0].text


async def test_an_error_of_the_agent_ends_with_a_notice_below_the_text_so_far(messenger: Messenger) -> None:
    """S4: an error event after partial text."""
    secret = "stack trace of the model server"
    messenger.scene.answers["break"] = Answer.of("It should be this way, I think", Fail(secret))

    talk = await messenger.ask_in_group("break")
    await messenger.until_said(talk, english(Notice.FAILED))

    (text,) = messenger.texts(talk)
    assert text.startswith("It should be this way, I think")
    assert without_reference(text.rstrip("_")).endswith(english(Notice.FAILED))
    assert not any(secret in frame.text for frame in messenger.versions(talk))


async def test_the_words_of_a_failure_stay_inside(messenger: Messenger) -> None:
    """A14: an error before any text shows a fixed sentence, and nothing of the cause."""
    messenger.scene.answers["break at once"] = Answer.of(Fail("KeyError in /srv/agent/run.py"))

    talk = await messenger.ask_in_group("break at once")
    await messenger.until_said(talk, english(Notice.FAILED))

    assert [without_reference(text.strip("_")) for text in messenger.texts(talk)] == [english(Notice.FAILED)]


async def test_an_empty_answer_is_not_silence(messenger: Messenger) -> None:
    """S13: an answer without a word gets a notice."""
    talk = await messenger.ask_in_group("an empty answer, please")
    await messenger.until_said(talk, english(Notice.EMPTY))

    assert len(messenger.replies(talk)) == 1


async def test_an_agent_that_says_goodbye_ends_the_session(messenger: Messenger) -> None:
    farewell = "It was a pleasure. Until next time!"
    messenger.scene.answers["that is all"] = Answer.of(farewell, End(end_session=True))
    talk = await messenger.ask_in_group("that is all")
    await messenger.until_texts(talk, farewell)
    await messenger.until_ended(talk)

    await messenger.follow_up(talk, "one more thing")
    await messenger.until_texts(talk, farewell, _friendly("one more thing"))

    assert [record.posted for record in messenger.records(talk)] == [["that is all"], ["one more thing"]]


async def test_talkifai_learns_who_asked_and_where_in_slack(slack: SlackMessenger) -> None:
    talk = await slack.ask_in_group("who am I?")
    await slack.until_texts(talk, _friendly("who am I?"))

    (record,) = slack.records(talk)
    permalink = f"https://sandbox.slack.com/archives/{talk.place}/p{talk.root.replace('.', '')}"
    assert record.user_identifier == f"slack:T0SANDBOX:{talk.place}:{talk.root}"  # a shared thread has its own memory
    assert record.metadata["team"] == "T0SANDBOX"
    assert record.metadata["permalink"] == permalink


async def test_somebody_without_an_address_is_named_by_team_and_user(scene: Scene, slack: SlackMessenger) -> None:
    person = scene.stage.slack.person("Eve", "U0NOMAIL")
    place = scene.stage.slack.add_channel("D0NOMAIL")
    await scene.stage.slack.say(person, place, "who am I without an address?")

    await slack.ledger.until(lambda: len(slack.ledger.shown(place)) == 1)

    assert [r.user_identifier for r in slack.book.records if r.metadata.get("channel") == place] == [
        "slack:T0SANDBOX:U0NOMAIL"
    ]


async def test_talkifai_learns_who_asked_in_telegram(telegram: TelegramMessenger) -> None:
    talk = await telegram.ask_directly("who am I?")
    await telegram.until_texts(talk, _friendly("who am I?"))

    assert [record.user_identifier for record in telegram.records(talk)] == [f"telegram:{talk.place}"]


async def test_typing_shows_while_the_agent_thinks(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["think"] = Answer.of(Pause(0.5), "I have thought about it for a while.")
    talk = await telegram.ask_directly("think")
    await telegram.until_texts(talk, "I have thought about it for a while.")

    assert (int(talk.place), None, "typing") in telegram.telegram.seen.actions


async def test_a_workflow_is_no_person(slack: SlackMessenger) -> None:
    """A11: and is ignored, as long as the operator does not let it ask."""
    place = slack.channel()
    root = await slack.slack.say_as_workflow(place, f"{slack.slack.mention} what is new?")
    await slack.slack.sockets.settled()
    assert slack.replies(Talk(place, root)) == []


async def test_when_several_people_speak_in_a_thread_each_is_named(slack: SlackMessenger) -> None:
    for question in ("one", "two", "three"):
        slack.scene.answers[question] = Answer.of("Well.")
    talk = await slack.ask_in_group("one")
    await slack.until_texts(talk, "Well.")
    bob = slack.person()
    await slack.slack.say(bob, talk.place, "two", talk.root)
    await slack.ledger.until(lambda: len(slack.replies(talk)) == 2)
    await slack.follow_up(talk, "three")
    await slack.ledger.until(lambda: len(slack.replies(talk)) == 3)

    names = {person.id: person.name for person in slack.slack.workspace.people.values()}
    (record,) = slack.records(talk)
    assert record.posted == ["one", f"{names[bob]} ({bob}): two", f"{names[talk.person]} ({talk.person}): three"]
