"""Where the bot talks in Slack, and what the agent is told there: with the settings of a busy workspace."""

import pytest

from bridge.domain.notices import WORDS, Notice
from sandbox.talkifai.script import Answer, Pause
from tests.english import english
from tests.scenario.messengers import SlackMessenger, Talk

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {
        "SLACK_FOLLOW_UPS": "mention",
        "SLACK_DM": "thread",
        "SLACK_THREAD_CONTEXT": "on",
        "SLACK_WORKFLOWS": "on",
        "SLACK_RECEIPT": "on",
    }


async def test_the_bot_joins_a_private_channels_thread_and_is_told_what_was_said(slack: SlackMessenger) -> None:
    """A8: with the setting on, earlier messages go along as marked quotes."""
    bob, ada = slack.person(), slack.person()
    place = slack.slack.add_channel(f"G{bob[1:]}", "secret")
    root = await slack.slack.say(bob, place, "The plan stands")
    ts = await slack.slack.say(ada, place, f"{slack.slack.mention} is it good?", root)
    talk = Talk(place, root, [ts], ada)
    await slack.ledger.until(lambda: bool(slack.replies(talk)))
    await slack.until_ended(talk, 0)

    (question,) = slack.records(talk)[0].posted
    names = slack.slack.workspace.people
    assert f"> {names[bob].name} ({bob}): The plan stands" in question
    assert question.endswith(f"\n{names[ada].name} ({ada}): is it good?")


async def test_a_follow_up_without_a_mention_is_left_alone_and_told_later(slack: SlackMessenger) -> None:
    slack.scene.answers["one"] = Answer.of("First answer.")
    talk = await slack.ask_in_group("one")
    await slack.until_texts(talk, "First answer.")
    await slack.follow_up(talk, "among ourselves")
    await slack.follow_up(talk, f"{slack.slack.mention} two")
    await slack.ledger.until(lambda: len(slack.replies(talk)) == 2)

    first, second = slack.records(talk)[0].posted
    assert first == "one"
    assert "among ourselves\n\nThe message to answer:\n" in second
    assert second.endswith(": two")


async def test_each_top_level_direct_message_is_a_thread_of_its_own(slack: SlackMessenger) -> None:
    slack.scene.answers |= {"one": Answer.of("First answer."), "two": Answer.of("Second answer.")}
    talk = await slack.ask_directly("one")
    other = Talk(talk.place, await slack.slack.say(talk.person, talk.place, "two"), [], talk.person)
    talk = Talk(talk.place, talk.questions[0], talk.questions, talk.person)
    await slack.until_texts(talk, "First answer.")
    await slack.until_texts(other, "Second answer.")
    assert [record.posted for record in (*slack.records(talk), *slack.records(other))] == [["one"], ["two"]]


async def test_a_file_is_not_read_and_the_text_beside_it_is_answered(slack: SlackMessenger) -> None:
    slack.scene.answers["what is this?"] = Answer.of("I cannot tell.")
    person, place = slack.person(), slack.channel()
    shared = {"subtype": "file_share", "files": [{"id": "F1", "name": "plan.pdf"}]}
    ts = await slack.slack.say(person, place, f"{slack.slack.mention} what is this?", event=shared)
    talk = Talk(place, ts, [ts], person)
    await slack.until_said(talk, "I cannot tell.")
    await slack.until_said(talk, english(Notice.FILES_UNREAD))
    ts = await slack.slack.say(person, place, slack.slack.mention, event=shared)
    await slack.until_said(Talk(place, ts, [ts], person), english(Notice.ONLY_TEXT))


async def test_a_message_in_which_nothing_is_seen_opens_no_conversation(slack: SlackMessenger) -> None:
    direct = await slack.ask_directly("\u2800\u3164\u200b")
    in_channel = await slack.ask_in_group("\u2060")
    direct = Talk(direct.place, direct.questions[0], direct.questions, direct.person)
    for talk in (direct, in_channel):
        await slack.until_said(talk, english(WORDS.descriptions["help"]))
        assert slack.records(talk) == []


async def test_a_guest_is_refused_quietly_and_the_thread_stays_the_peoples(slack: SlackMessenger) -> None:
    """A10: nothing reaches the agent, nothing stands in the channel, and the bot does not stay in the thread."""
    guest = slack.slack.person("Gus", "U0GUEST", is_guest=True)
    place = slack.channel()
    root = await slack.slack.say(guest, place, f"{slack.slack.mention} let me in")
    talk = Talk(place, root, [root], slack.person())
    await slack.slack.sockets.settled()
    await slack.follow_up(talk, f"{slack.slack.mention} and me?")
    await slack.until_said(talk, "and me?")
    assert slack.slack.api.ephemerals == [(place, guest, root, english(Notice.NOT_ADMITTED))]
    assert len(slack.replies(talk)) == 1
    assert len(slack.records(talk)) == 1


async def test_a_workflow_that_mentions_the_bot_is_answered_once(slack: SlackMessenger) -> None:
    slack.scene.answers["what is new?"] = Answer.of("Nothing.")
    place = slack.channel()
    root = await slack.slack.say_as_workflow(place, f"{slack.slack.mention} what is new?")
    talk = Talk(place, root)
    await slack.until_texts(talk, "Nothing.")
    assert [record.posted for record in slack.records(talk)] == [["what is new?"]]


async def test_a_slash_command_ends_ones_own_conversation_and_nobody_elses(slack: SlackMessenger) -> None:
    """A15: another person's command and word do not end it."""
    talk = await slack.ask_in_group("hello there")
    await slack.until_said(talk, "hello there")
    bob = slack.person()
    delivery = slack.slack.slash(bob, talk.place, "end")
    await delivery.settled.wait()
    assert delivery.response["text"] == english(Notice.NONE_OF_YOURS_HERE)
    await slack.slack.say(bob, talk.place, f"{slack.slack.mention} end", talk.root)
    await slack.until_said(talk, english(Notice.NOT_YOURS))

    delivery = slack.slack.slash(talk.person, talk.place, "end")
    await delivery.settled.wait()
    assert delivery.acked
    await slack.until_ended(talk)
    await slack.until_said(talk, english(Notice.ENDED))
    assert len(slack.records(talk)) == 1


async def test_a_question_carries_the_sign_while_it_is_being_answered(slack: SlackMessenger) -> None:
    slack.scene.answers["slowly"] = Answer.of(Pause(1.0), "Done.")
    talk = await slack.ask_in_group("slowly")
    await slack.until_said(talk, "Done.")
    message = slack.slack.workspace.messages[talk.place, talk.root]
    await slack.follow_up(talk, f"{slack.slack.mention} and now?")
    await slack.until_said(talk, "and now?")
    assert message.reactions == set()
    assert (talk.root, "eyes") in slack.slack.api.reacted


async def test_what_is_carried_over_is_not_quoted_from_the_thread_a_second_time(slack: SlackMessenger) -> None:
    """M1: with the thread's earlier messages on, only what was said among people comes beside it."""
    slack.scene.answers["first"] = Answer.of("An answer to carry over.")
    talk = await slack.ask_in_group("first")
    await slack.until_texts(talk, "An answer to carry over.")
    await slack.follow_up(talk, f"{slack.slack.mention} end")
    await slack.until_said(talk, english(Notice.ENDED))
    await slack.follow_up(talk, "among ourselves")
    await slack.follow_up(talk, f"{slack.slack.mention} second")
    await slack.ledger.until(lambda: len(slack.replies(talk)) == 3)

    record = slack.records(talk)[1]
    assert record.carried == ["User: first\nYou: An answer to carry over."]
    assert "among ourselves" in record.posted[0]
    sent = "".join(message.content for message in record.messages if message.role == "user")
    assert sent.count("An answer to carry over.") == 1
