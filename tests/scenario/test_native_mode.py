"""`native` on both services: Slack's own streams in threads of direct messages, Telegram's drafts in private chats."""

import asyncio
import itertools
from typing import Any

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Fault
from sandbox.ledger import Frame
from sandbox.talkifai.script import Answer, Pause, Say, Tool
from sandbox.telegram.flood import Limits
from tests.english import english
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_STORY = "\n".join(f"- Sentence **{number}** of the `answer`." for number in range(1, 33))
_CODE = "Look:\n\n```python\n" + "\n".join(f"print({number})" for number in range(60)) + "\n```\n\nThat is all."


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {
        "SLACK_STREAMING": "native",
        "TELEGRAM_STREAMING": "native",
        "BRIDGE_ALLOW_MENTIONS": "U0BOSS,here,@anna_k",
    }


def _slowly(text: str) -> Answer:
    return Answer.of(Say(text, chunk=12, pause_s=5.0 * 12 / len(text)))


def _unclosed(text: str) -> str:
    """Take away what only closes a half-written end."""
    return text.rstrip("`*\n")


async def _ask_in_dm_thread(slack: SlackMessenger, text: str) -> Talk:
    """Ask in a thread under something that the bot is not asked, such as another app's message."""
    place = slack.slack.add_channel(slack.channel().replace("C", "D"))
    root = await slack.slack.say_as_bot(place, "A reminder from another app")
    return Talk(place, root, [await slack.slack.say(slack.person(), place, text, root)])


def _of_bot(messenger: Messenger, talk: Talk) -> list[Frame]:
    return [frame for frame in messenger.ledger.frames if (frame.place, frame.author) == (talk.place, "bot")]


def _methods(slack: SlackMessenger, talk: Talk) -> list[str]:
    return [call.method for call in slack.slack.calls if call.params.get("channel") == talk.place]


@pytest.mark.parametrize("text", [_STORY, _CODE], ids=["list", "code"])
async def test_a_slack_stream_grows_and_is_one_message(slack: SlackMessenger, text: str) -> None:
    question = f"stream {len(text)}"
    slack.scene.answers[question] = _slowly(text)
    talk = await _ask_in_dm_thread(slack, question)
    await slack.until_texts(talk, text)
    await slack.ledger.until(lambda: slack.slack.api.streams.live == [])

    texts = [frame.text for frame in _of_bot(slack, talk)]
    assert len(texts) > 3
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))
    methods = _methods(slack, talk)
    assert methods[0] == "chat.startStream"
    assert methods[-1] == "chat.stopStream"
    assert set(methods[1:-1]) == {"chat.appendStream"}


async def test_a_telegram_draft_grows_and_one_message_follows(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["draft it"] = _slowly("A sentence of the answer. " * 32)
    talk = await telegram.ask_directly("draft it")
    await telegram.until_texts(talk, ("A sentence of the answer. " * 32).strip())

    # The draft may show the whole text a moment before the message does.
    await telegram.ledger.until(lambda: _of_bot(telegram, talk)[-1].change == "posted")
    *drafted, gone, posted = _of_bot(telegram, talk)
    texts = [frame.text for frame in drafted]
    assert len(texts) >= 3
    assert len({frame.message_id for frame in drafted}) == 1
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise([*texts, posted.text]))
    assert (gone.change, posted.change) == ("deleted", "posted")
    at = [
        call.at for call in telegram.telegram.calls_of("sendMessageDraft") if str(call.params["chat_id"]) == talk.place
    ]
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= 1.0


async def test_telegrams_own_stop_below_a_draft_ends_the_answer(telegram: TelegramMessenger) -> None:
    """S17: the words so far become the message."""
    telegram.scene.answers["stop me"] = Answer.of(Say(_STORY, chunk=12, pause_s=0.3))
    talk = await telegram.ask_directly("stop me")
    standin = telegram.telegram

    def drafts() -> list[Any]:
        return [call for call in standin.calls_of("sendMessageDraft") if str(call.params["chat_id"]) == talk.place]

    await telegram.ledger.until(lambda: len(drafts()) >= 2, 30.0)
    assert drafts()[-1].params["can_stop"] is True
    person = next(one for one in standin.world.people.values() if str(one.id) == talk.place)
    await standin.stop_draft(standin.private_chat(person), int(drafts()[-1].params["draft_id"]))
    await telegram.until_said(talk, english(Notice.STOPPED))
    said = [message.text for message in standin.world.messages.values() if str(message.chat.id) == talk.place]
    assert len(said) == 2
    assert said[1].startswith("• Sentence")
    assert "Sentence 32" not in said[1]


async def test_a_private_chat_is_notified_once_of_an_answer_of_several_pages(telegram: TelegramMessenger) -> None:
    """S12: pages in order, nothing lost or doubled."""
    text = " ".join(f"Sentence {number} of a long answer." for number in range(400))
    telegram.scene.answers["draft at length"] = Answer.of(Say(text, chunk=100, pause_s=0.04))
    talk = await telegram.ask_directly("draft at length")
    await telegram.ledger.until(lambda: " ".join(telegram.texts(talk)).split() == text.split(), 40.0)

    messages = [telegram.telegram.world.messages[int(reply.message_id)] for reply in telegram.replies(talk)]
    assert [message.silent for message in messages] == [False] + [True] * (len(messages) - 1)
    assert len(messages) > 2
    assert [len(message.versions) for message in messages] == [1] * len(messages)


async def test_a_long_answer_rolls_over_to_the_next_stream(slack: SlackMessenger) -> None:
    """S12: pages in order, nothing lost or doubled."""
    text = " ".join(f"Sentence {number} of a long answer." for number in range(600))
    slack.scene.answers["stream at length"] = Answer.of(Say(text, chunk=200, pause_s=0.05))
    talk = await _ask_in_dm_thread(slack, "stream at length")
    await slack.ledger.until(lambda: " ".join(slack.texts(talk)).split() == text.split(), 40.0)
    await slack.ledger.until(lambda: slack.slack.api.streams.live == [])

    assert all(len(reply) < 9_000 for reply in slack.texts(talk))
    assert _methods(slack, talk).count("chat.startStream") == _methods(slack, talk).count("chat.stopStream") > 1


async def test_elsewhere_replies_are_edited(messenger: Messenger) -> None:
    messenger.scene.answers["in the open"] = _slowly("A sentence of the answer. " * 32)
    talk = await messenger.ask_in_group("in the open")
    await messenger.until_said(talk, ("A sentence of the answer. " * 32).strip())

    assert [frame.change for frame in messenger.versions(talk)][:2] == ["posted", "edited"]


@pytest.mark.parametrize("code", ["message_not_in_streaming_state", "stopped_by_user"])
async def test_a_stream_that_breaks_off_goes_on_as_edits(slack: SlackMessenger, code: str) -> None:
    question = f"break it by {code}"
    slack.scene.answers[question] = _slowly(_STORY)
    talk = await _ask_in_dm_thread(slack, question)
    slack.faults.arm(Fault("chat.appendStream", where={"channel": talk.place}, after=1, error=code))
    await slack.until_texts(talk, _STORY)

    texts = [frame.text for frame in _of_bot(slack, talk)]
    assert all(later.startswith(_unclosed(earlier)) for earlier, later in itertools.pairwise(texts))
    assert slack.slack.api.streams.live == []
    assert _methods(slack, talk)[-1] == "chat.update"


@pytest.mark.parametrize("call", ["chat.appendStream", "chat.stopStream"])
async def test_a_lost_answer_to_a_stream_doubles_nothing(slack: SlackMessenger, call: str) -> None:
    """S16: never the same text twice."""
    question = f"lose an answer of {call}"
    slack.scene.answers[question] = _slowly(_STORY)
    talk = await _ask_in_dm_thread(slack, question)
    slack.faults.arm(Fault(call, where={"channel": talk.place}, lose_answer=True))
    await slack.until_texts(talk, _STORY)

    assert all(_STORY.startswith(_unclosed(frame.text)) for frame in _of_bot(slack, talk))
    await slack.ledger.until(lambda: slack.slack.api.streams.live == [])


async def test_a_lost_start_of_a_stream_is_found_and_goes_on_in_place(slack: SlackMessenger) -> None:
    """S16: the page is known by its text."""
    slack.scene.answers["lose the start"] = _slowly(_STORY)
    slack.faults.arm(Fault("chat.startStream", lose_answer=True))
    talk = await _ask_in_dm_thread(slack, "lose the start")
    await slack.until_texts(talk, _STORY)

    assert slack.slack.api.streams.live == []


async def test_a_refused_draft_becomes_a_message_that_grows(telegram: TelegramMessenger) -> None:
    telegram.scene.answers["no draft"] = _slowly("A sentence of the answer. " * 32)
    telegram.faults.arm(Fault("sendMessageDraft", status=404, error="Not Found", after=1, times=-1))
    talk = await telegram.ask_directly("no draft")
    await telegram.until_said(talk, ("A sentence of the answer. " * 32).strip())
    telegram.faults.clear()

    assert [frame.change for frame in telegram.versions(talk)][:2] == ["posted", "edited"]
    assert len(telegram.replies(talk)) == 1


async def test_a_tool_in_the_middle_of_a_stream_shows_under_the_thread(slack: SlackMessenger) -> None:
    begin = "I have to look that up for you, one moment. "
    slack.scene.answers["look in between"] = Answer.of(begin, Tool("web_search", 3.0), Pause(2.0), "There it is.")
    talk = await _ask_in_dm_thread(slack, "look in between")
    await slack.until_texts(talk, begin + "There it is.")

    said = [status for place, _, status in slack.slack.api.statuses if place == talk.place]
    assert said[-2:] == ["Looking that up: web search…", ""]
    assert "_" not in "".join(frame.text for frame in _of_bot(slack, talk))


async def test_only_whom_the_operator_allows_is_mentioned(messenger: Messenger) -> None:
    """A5: the list is the only exception, over any chunks."""
    text = "For <@U0BOSS> and <!here>, not <@U0B> or <!channel>. For @anna_k, not @anna or @anna_kk. Done."
    messenger.scene.answers["call them"] = Answer.of(Say(text, chunk=3, pause_s=0.02))
    stage = messenger.stage
    before = len(stage.slack.pings), len(stage.telegram.pings)
    talk = await messenger.ask_directly("call them")
    await messenger.until_said(talk, "Done.")

    assert set(stage.slack.pings[before[0] :]) == ({"<@U0BOSS>", "<!here>"} if messenger.name == "slack" else set())
    assert set(stage.telegram.pings[before[1] :]) == ({"@anna_k"} if messenger.name == "telegram" else set())


async def test_ten_streams_and_ten_drafts_at_once_stay_within_the_limits(
    slack: SlackMessenger, telegram: TelegramMessenger
) -> None:
    """S8: no call is answered 429."""
    slack.slack.limits.enabled = True
    telegram.telegram.limit(Limits())
    slack.scene.answers["all at once"] = _slowly("A sentence of the answer. " * 32)
    streams = [await _ask_in_dm_thread(slack, "all at once") for _ in range(10)]
    drafts = [await telegram.ask_directly("all at once") for _ in range(10)]
    whole = "A sentence of the answer. " * 32
    await asyncio.gather(
        *(slack.until_said(talk, whole.strip()) for talk in streams),
        *(telegram.until_said(talk, whole.strip()) for talk in drafts),
    )
    slack.slack.limits.enabled = False
    telegram.telegram.limit()

    assert not slack.slack.limits.answered
    assert not telegram.telegram.flood_gate.refused


@pytest.mark.parametrize("code", ["channel_type_not_supported", "user_not_found"])
async def test_where_slack_starts_no_stream_the_reply_is_edited(slack: SlackMessenger, code: str) -> None:
    slack.scene.answers[code] = _slowly(_STORY)
    slack.faults.arm(Fault("chat.startStream", error=code))
    talk = await _ask_in_dm_thread(slack, code)
    await slack.until_texts(talk, _STORY)
    slack.faults.clear()

    methods = [method for method in _methods(slack, talk) if method != "chat.startStream"]
    assert methods[0] == "chat.postMessage"
    assert set(methods[1:]) == {"chat.update"}


def _settled_lines(slack: SlackMessenger, talk: Talk) -> str:
    return "\n".join(line for line in slack.scene.log.splitlines() if f":{talk.place}:" in line)


async def test_new_words_are_answered_in_the_message_of_a_stream_that_is_over(slack: SlackMessenger) -> None:
    """M6: by edits, because a stopped stream takes nothing more."""
    slack.scene.answers |= {"old words": Answer.of("The old answer."), "new words": _slowly(_STORY)}
    talk = await _ask_in_dm_thread(slack, "old words")
    await slack.until_texts(talk, "The old answer.")
    (old,) = slack.replies(talk)
    await slack.book.until(lambda: "outcome=answered" in _settled_lines(slack, talk))
    slack.slack.edit_as_person(talk.place, talk.questions[0], "new words")
    await slack.until_said(talk, "You changed your question.")
    starts = _methods(slack, talk).count("chat.startStream")
    person = talk.place.replace("D", "U", 1)
    slack.slack.person("Ada Lovelace", person, "ada@example.com")
    await slack.slack.say(person, talk.place, "retry", talk.root)
    await slack.ledger.until(lambda: slack.texts(talk)[0].count("Sentence") == 32, 30.0)
    assert slack.replies(talk)[0].message_id == old.message_id
    assert len(slack.replies(talk)) == 2  # the answer and the offer
    assert _methods(slack, talk).count("chat.startStream") == starts
