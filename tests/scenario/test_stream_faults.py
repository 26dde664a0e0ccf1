"""Streams that break, services that refuse: the answer still arrives, once."""

import time

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Fault
from sandbox.talkifai.script import Answer, End, KeepAlive, Say, Tool
from tests.english import english
from tests.scenario.messengers import Messenger, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_STORY = " ".join(f"Sentence {number} of the answer." for number in range(1, 25))


@pytest.mark.parametrize("cut_at_byte", [200, 900])
async def test_a_stream_that_is_cut_gives_the_whole_answer(messenger: Messenger, cut_at_byte: int) -> None:
    """S1: the stream is cut, and the answer is taken from the history."""
    question = f"cut me at {cut_at_byte}"
    messenger.scene.answers[question] = Answer.of(Say(_STORY, chunk=12, pause_s=0.02))
    messenger.stage.talkifai.faults.arm(Fault("ask", {"message": question}, cut_at_byte=cut_at_byte))

    talk = await messenger.ask_in_group(question)
    await messenger.until_texts(talk, _STORY)

    assert [record.posted for record in messenger.records(talk)] == [[question]]
    # A conversation whose stream broke goes on as if nothing had happened.
    messenger.scene.answers["go on"] = Answer.of("We go on where we were.")
    await messenger.follow_up(talk, "go on")
    await messenger.until_texts(talk, _STORY, "We go on where we were.")
    assert [record.posted for record in messenger.records(talk)] == [[question, "go on"]]


async def test_a_question_whose_answer_never_began_is_asked_once(messenger: Messenger) -> None:
    """S1: the connection breaks before the first byte; the history has both."""
    question = "lost on the way back"
    messenger.scene.answers[question] = Answer.of(Say(_STORY, chunk=40, pause_s=0.01))
    messenger.stage.talkifai.faults.arm(Fault("ask", {"message": question}, lose_answer=True))

    talk = await messenger.ask_directly(question)
    await messenger.until_texts(talk, _STORY)

    assert [record.posted for record in messenger.records(talk)] == [[question]]


async def test_a_question_after_an_answer_without_text_is_sent_once(messenger: Messenger) -> None:
    """R8: that answer left one message in the history, not two; then a stream breaks before its first event."""
    messenger.scene.answers["say nothing"] = Answer.of(End())
    messenger.scene.answers["and now"] = Answer.of("Now there is something to say.")
    talk = await messenger.ask_directly("say nothing")
    await messenger.until_said(talk, english(Notice.EMPTY))
    messenger.stage.talkifai.faults.arm(Fault("ask", {"message": "and now"}, lose_answer=True))
    await messenger.follow_up(talk, "and now")
    await messenger.until_said(talk, "Now there is something to say.")

    assert [record.posted for record in messenger.records(talk)] == [["say nothing", "and now"]]


async def test_equal_questions_whose_answers_are_kept_as_several_messages_get_their_own(messenger: Messenger) -> None:
    """R9: tools were at work, the words are the same each time, and the streams break."""
    numbers = iter(range(1, 10))

    def respond(_question: str) -> Answer:
        number = next(numbers)
        return Answer.of(f"Look {number}: one moment. ", Tool("search", 0.1), f"This is what I found at look {number}.")

    talkifai = messenger.stage.talkifai
    talkifai.keeps_parts = True
    talkifai.respond_with(respond)
    try:
        talk = await messenger.ask_directly("look")
        texts = [f"Look {number}: one moment. This is what I found at look {number}." for number in range(1, 5)]
        await messenger.until_texts(talk, texts[0])
        for number, fault in enumerate((Fault("ask", cut_at_byte=150), Fault("ask", lose_answer=True)), start=1):
            fault.where = {"message": "look"}
            talkifai.faults.arm(fault)
            await messenger.follow_up(talk, "look")
            await messenger.until_texts(talk, *texts[: number + 1])
        await messenger.follow_up(talk, "look")
        await messenger.until_texts(talk, *texts)
    finally:
        talkifai.keeps_parts = False
        talkifai.respond_with(messenger.scene.respond)

    assert [record.posted for record in messenger.records(talk)] == [["look"] * 4]


async def test_a_slow_agent_is_waited_for(messenger: Messenger) -> None:
    """S3: an agent that thinks, with nothing but keep-alive comments, is not hurt."""
    question = f"think hard, {messenger.name}"
    messenger.scene.answers[question] = Answer.of(KeepAlive(4, 0.5), "That was hard, but here it is.")

    talk = await messenger.ask_directly(question)
    await messenger.until_texts(talk, "That was hard, but here it is.")

    assert [record.posted for record in messenger.records(talk)] == [[question]]


async def test_a_limit_on_edits_is_obeyed_and_the_last_text_is_whole(messenger: Messenger) -> None:
    """S8: 429 with Retry-After while editing."""
    wait_s = 3
    messenger.scene.answers["limited"] = Answer.of(Say(_STORY, chunk=12, pause_s=0.06))
    faults = messenger.faults
    talk = await messenger.ask_directly("limited")
    faults.arm(Fault(messenger.edit_call, {messenger.fact: talk.place}, status=429, retry_after_s=wait_s))
    await messenger.ledger.until(lambda: any(fault.retry_after_s == wait_s for _, fault in faults.hit))
    hit_at = time.monotonic()
    await messenger.until_texts(talk, _STORY)

    at = [call.at for call in messenger.calls() if str(call.params.get(messenger.fact)) == talk.place]
    # The refused call itself was noticed within the tenth of a second in which the ledger is looked at again.
    assert [moment for moment in at if hit_at + 0.05 < moment < hit_at + wait_s - 0.2] == []
    assert max(at) >= hit_at + wait_s - 0.2
    assert len(messenger.replies(talk)) == 1


async def test_a_chat_that_is_limited_holds_nobody_else_up(telegram: TelegramMessenger) -> None:
    """S9: one chat is limited, all others go on."""
    telegram.scene.answers["limited chat"] = Answer.of("This one had to wait for its chat.")
    telegram.scene.answers["free chat"] = Answer.of("This one did not have to wait.")
    talk = await telegram.ask_directly("limited chat")
    telegram.telegram.faults.arm(Fault("sendMessage", {"chat_id": talk.place}, status=429, retry_after_s=4))
    others = [await telegram.ask_directly("free chat") for _ in range(3)]
    for other in others:
        await telegram.until_texts(other, "This one did not have to wait.")
    assert telegram.texts(talk) == []

    await telegram.until_texts(talk, "This one had to wait for its chat.")


@pytest.mark.parametrize("text", ["A short answer, shown at once.", _STORY])
async def test_a_post_whose_answer_is_lost_is_not_said_twice(messenger: Messenger, text: str) -> None:
    """S16: the connection breaks after a post was sent, before its answer."""
    question = f"lose the first post of {len(text)}"
    messenger.scene.answers[question] = Answer.of(Say(text, chunk=12, pause_s=0.02))
    messenger.faults.arm(Fault(messenger.post_call, lose_answer=True))

    talk = await messenger.ask_in_group(question)
    await messenger.ledger.until(lambda: text in messenger.texts(talk), 30.0)
    messenger.scene.answers["and now"] = Answer.of("Now all is well again.")
    await messenger.ask_in_group("and now", beside=talk)
    await messenger.book.until(lambda: messenger.book.records[-1].posted == ["and now"])

    texts = messenger.texts(talk)
    assert len(texts) == len(set(texts))
    assert texts.count(text) == 1
    assert [record.posted for record in messenger.records(talk)] == [[question]]
