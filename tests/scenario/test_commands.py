"""What the bridge itself understands, and what it leaves alone."""

import pytest

from bridge.domain.notices import Notice
from sandbox.talkifai.script import Answer, Pause
from tests.english import english
from tests.scenario.messengers import Messenger, SlackMessenger, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

GREETING = "Hello! How can I help you today?"


def _command(messenger: Messenger, word: str) -> str:
    return word if messenger.name == "slack" else f"/{word}"


async def test_start_shows_the_agents_greeting_once(telegram: TelegramMessenger) -> None:
    talk = await telegram.ask_directly("/start")
    await telegram.until_texts(talk, GREETING)

    await telegram.follow_up(talk, "/start")
    await telegram.ledger.until(lambda: len(telegram.replies(talk)) == 2)

    assert telegram.texts(talk)[1] == english(Notice.WELCOME)
    assert [record.posted for record in telegram.records(talk)] == [[]]


async def test_new_ends_the_conversation_and_greets_on_another(messenger: Messenger) -> None:
    messenger.scene.answers["old matter"] = Answer.of("This is about the old matter.")
    messenger.scene.answers["new matter"] = Answer.of("This is about the new matter.")
    talk = await messenger.ask_directly("old matter")
    await messenger.until_texts(talk, "This is about the old matter.")

    await messenger.follow_up(talk, _command(messenger, "new"))
    await messenger.until_texts(talk, "This is about the old matter.", GREETING)
    await messenger.until_ended(talk)
    await messenger.follow_up(talk, "new matter")
    await messenger.until_texts(talk, "This is about the old matter.", GREETING, "This is about the new matter.")

    old, new = messenger.records(talk)
    assert (old.posted, new.posted) == (["old matter"], ["new matter"])
    assert old.ended_at is not None
    assert new.ended_at is None


async def test_end_ends_the_conversation_and_says_so(messenger: Messenger) -> None:
    messenger.scene.answers["hello there"] = Answer.of("Good day to you, my friend.")
    talk = await messenger.ask_directly("hello there")
    await messenger.until_texts(talk, "Good day to you, my friend.")

    await messenger.follow_up(talk, _command(messenger, "end"))
    await messenger.until_said(talk, english(Notice.ENDED))
    await messenger.until_ended(talk)
    await messenger.follow_up(talk, _command(messenger, "end"))
    await messenger.until_said(talk, english(Notice.NOTHING_OPEN))

    (record,) = messenger.records(talk)
    assert messenger.book.end_requests[record.id] == 1


async def test_a_thread_in_a_channel_understands_commands_after_a_mention(slack: SlackMessenger) -> None:
    slack.scene.answers["hello channel"] = Answer.of("Good day to all of you here.")
    talk = await slack.ask_in_group("hello channel")
    await slack.until_texts(talk, "Good day to all of you here.")

    await slack.follow_up(talk, f"{slack.slack.mention} end")
    await slack.until_said(talk, english(Notice.ENDED))

    await slack.until_ended(talk)


async def test_help_explains_and_opens_no_conversation(messenger: Messenger) -> None:
    talk = await messenger.ask_directly(_command(messenger, "help"))
    await messenger.until_said(talk, "Start a new conversation")

    assert len(messenger.replies(talk)) == 1
    assert messenger.records(talk) == []


async def test_bare_words_are_commands_in_a_private_telegram_chat_and_cost_nothing(telegram: TelegramMessenger) -> None:
    """They used to go to the agent, which was billed."""
    talk = await telegram.ask_directly("stop")
    await telegram.until_said(talk, english(Notice.NOTHING_TO_STOP))
    await telegram.follow_up(talk, "status")
    await telegram.until_said(talk, english(Notice.NOTHING_OPEN))
    await telegram.follow_up(talk, "Help")
    await telegram.until_said(talk, "/status: Is a conversation open?")
    assert telegram.records(talk) == []


async def test_people_who_talk_to_each_other_are_left_alone(messenger: Messenger) -> None:
    messenger.scene.answers["a question"] = Answer.of("This is the only answer here.")
    talk = await messenger.ask_in_group("a question")
    await messenger.until_texts(talk, "This is the only answer here.")
    opened = messenger.book.opened

    await messenger.chat_among_people(talk, "did you see the game last night?")
    await messenger.chat_among_people(talk, "new")
    # Asked after them, answered after them: by then they have been read.
    later = await messenger.ask_in_group("a question", beside=talk)
    await messenger.until_texts(later, "This is the only answer here.")

    assert messenger.book.opened == opened + 1
    assert len(messenger.ledger.shown(talk.place)) == 2


async def test_another_bot_that_mentions_the_bridge_is_ignored_in_slack(slack: SlackMessenger) -> None:
    """A11: another bot talks to the bridge."""
    slack.scene.answers["from a person"] = Answer.of("You are a person, so I answer.")
    place = slack.channel()

    await slack.slack.say_as_bot(place, f"{slack.slack.mention} hello from a bot")
    talk = await slack.ask_in_group("from a person")
    await slack.until_texts(talk, "You are a person, so I answer.")
    await slack.slack.say_as_bot(talk.place, "and in the thread", thread_ts=talk.root)
    await slack.follow_up(talk, "from a person")
    await slack.until_texts(talk, *["You are a person, so I answer."] * 2)

    assert slack.ledger.shown(place) == []
    assert [record.posted for record in slack.records(talk)] == [["from a person"] * 2]


async def test_another_bot_that_mentions_the_bridge_is_ignored_in_telegram(telegram: TelegramMessenger) -> None:
    """A11: another bot talks to the bridge."""
    telegram.scene.answers["from a person"] = Answer.of("You are a person, so I answer.")
    group = telegram.telegram.group("Bots")

    await telegram.telegram.say_as_bot(group, f"@{telegram.telegram.bot.username} hello from a bot")
    talk = await telegram.ask_in_group("from a person")
    await telegram.until_texts(talk, "You are a person, so I answer.")

    assert telegram.ledger.shown(str(group.id)) == []


async def test_the_bridges_own_posts_and_edits_come_back_and_cause_nothing(slack: SlackMessenger) -> None:
    """D11: echoes of posts and edits, in a DM, where every message of a person is a question."""
    answer = " ".join(f"Sentence {number} of an answer that is edited." for number in range(1, 25))
    slack.scene.answers["echo"] = Answer.of(answer)
    deliveries = len(slack.slack.deliveries)
    opened = slack.book.opened
    talk = await slack.ask_directly("echo")
    await slack.until_texts(talk, answer)
    await slack.slack.sockets.settled()

    echoes = [delivery for delivery in slack.slack.deliveries[deliveries:] if "bot_id" in str(delivery.payload)]
    assert len(echoes) >= 2
    assert all(delivery.acked for delivery in echoes)
    # Asked after the echoes, answered after them.
    await slack.follow_up(talk, "help")
    await slack.until_said(talk, "Start a new conversation")
    assert (slack.book.opened - opened, len(slack.replies(talk))) == (1, 2)


async def test_stop_keeps_the_text_so_far_and_the_next_question_works(messenger: Messenger) -> None:
    """S17: Stop while streaming: the text so far, marked stopped; the next question works."""
    begin = "This is the beginning of a very long answer. "
    messenger.scene.answers["the long story"] = Answer.of(begin, Pause(4.0), "No one waits for this.")
    messenger.scene.answers["something short"] = Answer.of("Here is something short instead.")
    talk = await messenger.ask_directly("the long story")
    await messenger.until_said(talk, begin.strip())

    await messenger.follow_up(talk, _command(messenger, "stop"))
    await messenger.until_said(talk, english(Notice.STOPPED), within_s=10.0)
    (stopped,) = messenger.texts(talk)
    assert stopped.startswith(begin.strip())
    assert "No one" not in stopped

    await messenger.follow_up(talk, "something short")
    await messenger.until_texts(talk, stopped, "Here is something short instead.")
    (record,) = messenger.records(talk)
    assert record.posted == ["the long story", "something short"]


async def test_stop_where_nothing_is_written_says_so(messenger: Messenger) -> None:
    talk = await messenger.ask_directly(_command(messenger, "stop"))
    await messenger.until_said(talk, english(Notice.NOTHING_TO_STOP))


async def test_retry_asks_the_question_again_whose_answer_was_not_whole(messenger: Messenger) -> None:
    messenger.scene.answers["try me"] = Answer.of("Half of the answer, then ", Pause(4.0), "the rest.")
    talk = await messenger.ask_directly("try me")
    await messenger.until_said(talk, "Half of the answer")
    await messenger.follow_up(talk, _command(messenger, "stop"))
    await messenger.until_said(talk, english(Notice.STOPPED))
    (stopped,) = messenger.texts(talk)

    messenger.scene.answers["try me"] = Answer.of("The whole answer, all of it.")
    await messenger.follow_up(talk, _command(messenger, "retry"))
    await messenger.until_texts(talk, stopped, "The whole answer, all of it.")
    await messenger.follow_up(talk, _command(messenger, "retry"))
    await messenger.until_said(talk, english(Notice.NOTHING_TO_RETRY))
    (record,) = messenger.records(talk)
    assert record.posted == ["try me", "try me"]
