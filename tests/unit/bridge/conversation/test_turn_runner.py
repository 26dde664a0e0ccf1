"""Turns on a real store: what is asked, what is recovered, what is never done twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.conversation.carry_over import MOST_QUESTION_CHARACTERS
from bridge.domain.errors import (
    AgentKeyRefused,
    AgentOutOfCredits,
    AgentUnavailable,
    ConversationLost,
    LeaseLost,
    PlaceGone,
    StreamBroken,
)
from bridge.domain.incoming import CommandName, Edit, IntakeResult
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from bridge.domain.sessions import EndReason, HistoryMessage
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, TextDelta
from bridge.domain.threads import Address
from bridge.domain.turns import AnswerResult, Outcome, Step
from bridge.texts.sentences import help_text, notice_of
from tests.english import english
from tests.fakes import THREAD, command, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, free, says, stage


def failure(notice: Notice, number: int = 1) -> str:
    """Return a notice with the reference of that question's turn."""
    return notice_of(english, notice, question(number=number).id)


async def test_a_question_is_answered_and_its_session_stays_open(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER[:20], ANSWER[20:]))
    settlement = await it.answer(question())
    assert settlement.outcome is Outcome.ANSWERED
    assert it.channel.text == ANSWER
    session = await stores.sessions.current(THREAD)
    assert session is not None
    assert (session.turns, dict(session.usage), session.history_count) == (1, {"total_tokens": 7}, 2)


async def test_the_next_question_of_a_thread_uses_the_same_conversation(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(question(number=1))
    await it.answer(question("And then?", number=2))
    assert it.agent.sent == [("chat_1", "What is new?"), ("chat_1", "And then?")]


async def test_an_answer_without_a_word_shows_the_empty_notice(stores: RedisStores) -> None:
    """S13: an empty answer shows the "empty" notice."""
    it = stage(stores, says())
    await it.answer(question())
    assert it.notices == [english(Notice.EMPTY)]


async def test_a_question_over_the_limit_is_refused_before_anything_is_opened(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    assert await stores.inbox.append(question()) is IntakeResult.ACCEPTED
    edit = Edit(question().origin, "x" * (3 * MOST_QUESTION_CHARACTERS))
    assert await stores.inbox.amend(edit) is IntakeResult.AMENDED
    lease = await stores.queue.claim()
    assert lease is not None
    settlement = await it.take(lease)
    assert settlement.outcome is Outcome.REFUSED
    assert it.notices == [english(Notice.TOO_LONG)]
    assert it.agent.histories == {}


async def test_an_error_event_ends_the_reply_with_a_notice_below_the_text(stores: RedisStores) -> None:
    async def script(text: str) -> AsyncIterator[StreamEvent]:
        yield TextDelta(f"So far about {text}")
        yield StreamFailed("internal: stack trace with a secret")

    it = stage(stores, script)
    await it.answer(question())
    assert it.channel.text == "So far about What is new?"
    assert it.notices == [failure(Notice.FAILED)]


async def test_a_session_that_the_agent_closes_begins_to_end_with_the_settling(stores: RedisStores) -> None:
    it = stage(stores, says("Goodbye!", end_session=True))
    await it.answer(question())
    assert await stores.sessions.current(THREAD) is None
    (ending,) = await stores.sessions.claim_ends(10, 60.0)
    assert ending.reason is EndReason.AGENT


async def test_a_broken_stream_is_completed_from_the_history(stores: RedisStores) -> None:
    """S1: the complete answer, taken from the history."""
    it = stage(stores, says(ANSWER[:10], end=False))

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        yield TextDelta(ANSWER[:10])
        it.agent.histories["chat_1"] += [HistoryMessage("user", text), HistoryMessage("assistant", ANSWER)]

    it.agent.script = script
    settlement = await it.answer(question())
    assert settlement.outcome is Outcome.ANSWERED
    assert it.channel.text == ANSWER
    assert len(it.agent.sent) == 1


async def test_a_broken_stream_without_an_answer_shows_the_text_so_far_and_a_notice(stores: RedisStores) -> None:
    """S1: if there is no answer in the history, the text so far and an "interrupted" notice."""
    it = stage(stores, says(ANSWER[:10], end=False))
    settlement = await it.answer(question())
    assert settlement.outcome is Outcome.INTERRUPTED
    assert it.channel.text == ANSWER[:10]
    assert it.notices == [failure(Notice.INTERRUPTED)]


async def test_a_question_that_never_arrived_is_sent_again(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    it.agent.ask_errors = [StreamBroken("the connection broke while sending")]
    await it.answer(question())
    assert it.channel.text == ANSWER
    assert len(it.agent.sent) == 1


async def test_a_turn_found_after_sending_takes_the_answer_from_the_history(stores: RedisStores) -> None:
    """D6: killed after the question was sent: the reply, once, and the question is not asked again."""
    it = stage(stores, says(ANSWER))
    await it.answer(question("ok", number=1))
    it.agent.histories["chat_1"] = [HistoryMessage("user", "ok"), HistoryMessage("assistant", ANSWER)]
    lease = await it.put(question("ok", number=2))
    await stores.queue.begin(lease)
    await stores.queue.record_sending(lease, "chat_1", 2)
    await stores.queue.record_shown(lease, ["m1"], "The sec", has_begun=True)
    it.agent.histories["chat_1"] += [HistoryMessage("user", "ok"), HistoryMessage("assistant", "The second answer.")]
    await stores.queue.release(lease)
    again = await stores.queue.claim()
    assert again is not None
    await it.take(again)
    assert len(it.agent.sent) == 1
    assert it.channel.standing["m1"].text == "The second answer."


async def test_a_turn_found_after_sending_is_looked_up_in_the_words_that_were_sent(stores: RedisStores) -> None:
    """D6: names and quotes may read otherwise now, so the record holds what was sent."""
    it = stage(stores, says(ANSWER))
    await it.answer(question("ok", number=1))
    lease = await it.put(question("why?", number=2))
    await stores.queue.begin(lease)
    await stores.queue.record_sending(lease, "chat_1", 0, "Ada: why?")
    it.agent.histories["chat_1"] = [HistoryMessage("user", "Ada: why?"), HistoryMessage("assistant", "Because.")]
    await it.take(lease)
    assert len(it.agent.sent) == 1
    assert it.channel.text.endswith("Because.")


async def test_who_may_not_ask_costs_nothing_and_leaves_the_thread_unknown(stores: RedisStores) -> None:
    """A10: nothing is opened or sent; the person is told."""
    it = stage(stores, says(ANSWER))
    it.channel.admitting = False
    settlement = await it.answer(question())
    assert settlement.outcome is Outcome.EXCLUDED
    assert [call.view.notice for call in it.channel.calls] == [english(Notice.NOT_ADMITTED)]
    assert it.agent.histories == {}
    assert await stores.inbox.append(question(number=2, addressed=False)) is IntakeResult.NOT_ADDRESSED


async def test_what_cannot_be_read_is_said_below_the_answer(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(replace(question(), has_files=True))
    (view,) = it.channel.standing.values()
    assert (view.text, view.notice) == (ANSWER, english(Notice.FILES_UNREAD))


@pytest.mark.parametrize("unseen", ["", " \n", "\u200b\ufe0f\u3164"])
async def test_a_question_without_a_word_costs_no_conversation(stores: RedisStores, unseen: str) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(replace(question(unseen), has_files=True))
    (view,) = it.channel.standing.values()
    assert view.notice == english(Notice.ONLY_TEXT)
    assert it.agent.histories == {}


async def test_a_turn_found_answered_is_only_shown(stores: RedisStores) -> None:
    """D6: killed after the answer was recorded: it is shown in the message that was there."""
    it = stage(stores, says(ANSWER))
    lease = await it.put(question())
    await stores.queue.begin(lease)
    await stores.queue.record_shown(lease, ["m9"], "Rec", has_begun=True)
    asked = AnswerResult(Outcome.INTERRUPTED, english(Notice.FAILED), {"total_tokens": 7}, 4, EndReason.AGENT)
    await stores.queue.record_answer(lease, "Recorded.", asked)
    settlement = await it.take(lease)
    assert it.agent.sent == []
    assert it.channel.standing["m9"].text == "Recorded."
    assert it.channel.standing["m9"].notice == english(Notice.FAILED)
    assert (settlement.outcome, settlement.usage) == (Outcome.INTERRUPTED, {"total_tokens": 7})
    assert (settlement.history_count, settlement.end_reason) == (4, EndReason.AGENT)


async def test_a_turn_whose_conversation_is_gone_is_not_asked_twice(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    lease = await it.put(question())
    await stores.queue.begin(lease)
    await stores.queue.record_sending(lease, "chat_gone", 0)
    settlement = await it.take(lease)
    assert settlement.outcome is Outcome.INTERRUPTED
    assert it.agent.sent == []


async def test_a_text_that_people_have_seen_stays_where_the_rest_cannot_be_had(stores: RedisStores) -> None:
    """S1: a turn is taken over and its conversation is closed: the text so far, and a notice below it."""
    it = stage(stores, says(ANSWER))
    lease = await it.put(question())
    await stores.queue.begin(lease)
    await stores.queue.record_sending(lease, "chat_gone", 0)
    await stores.queue.record_shown(lease, ["m9"], ANSWER[:20], has_begun=True)
    settlement = await it.take(lease)
    assert settlement.outcome is Outcome.INTERRUPTED
    assert it.channel.standing["m9"].text == ANSWER[:20]
    assert it.channel.standing["m9"].notice == failure(Notice.INTERRUPTED)
    assert it.agent.sent == []


async def test_what_is_about_to_be_shown_is_recorded_first(stores: RedisStores) -> None:
    """D6: a worker that takes over knows at least as much of the text as people have seen."""
    it = stage(stores, says(ANSWER, end=False))
    lease = await it.put(question())
    recorded: list[str] = []
    post = it.channel.post

    async def look_then_post(address: Address, view: PageView) -> str:
        entry = await stores.queue.begin(lease)
        assert entry is not None
        recorded.append(entry.record.text)
        return await post(address, view)

    it.channel.post = look_then_post  # type: ignore[method-assign]  # looked at in passing
    await it.take(lease)
    assert recorded == [ANSWER]


async def test_a_lost_conversation_is_replaced_and_the_question_sent_once_more(stores: RedisStores) -> None:
    """B7: a normal answer on a new conversation, the old one ended or known closed."""
    it = stage(stores, says(ANSWER))
    await it.answer(question(number=1))
    it.agent.ask_errors = [ConversationLost("404")]
    await it.answer(question(number=2))
    assert [conversation for conversation, _ in it.agent.sent] == ["chat_1", "chat_2"]
    (ending,) = await stores.sessions.claim_ends(10, 60.0)
    assert (ending.session.conversation.id, ending.reason) == ("chat_1", EndReason.REPLACED)


@pytest.mark.parametrize("error", [AgentKeyRefused("401"), AgentOutOfCredits("402")])
async def test_a_misconfiguration_shows_a_neutral_notice_and_is_told_once(
    stores: RedisStores, error: AgentKeyRefused, caplog: pytest.LogCaptureFixture
) -> None:
    """B8: a neutral notice; the operator sees the cause once, not per message."""
    it = stage(stores, says(ANSWER))
    it.agent.open_errors = [error, error]
    await it.answer(question(number=1))
    await it.answer(question(number=2))
    assert it.notices == [failure(Notice.UNAVAILABLE), failure(Notice.UNAVAILABLE, number=2)]
    assert len([record for record in caplog.records if "an operator has to act" in record.message]) == 1


async def test_a_session_whose_record_is_refused_is_ended_on_the_spot(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    lease = await it.put(question())
    entry = await stores.queue.begin(lease)
    assert entry is not None
    await stores.queue.release(lease)
    assert await stores.queue.claim() is not None
    with pytest.raises(LeaseLost):
        await it.turns.run(lease, entry, free)
    assert it.agent.ended == ["chat_1"]


async def test_a_session_is_recorded_even_when_the_worker_stops_while_it_is_opened(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    opening, go_on = asyncio.Event(), asyncio.Event()
    really_open = it.agent.open

    async def slow_open(user_identifier: str, metadata: dict[str, str], agent_id: str) -> object:
        opening.set()
        await go_on.wait()
        return await really_open(user_identifier, metadata, agent_id)

    it.agent.open = slow_open  # type: ignore[method-assign, assignment] # a slower agent, nothing more
    lease = await it.put(question())
    task = asyncio.ensure_future(it.take(lease))
    await opening.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stores.sessions.current(THREAD) is not None


async def test_a_place_that_is_gone_ends_the_session(stores: RedisStores) -> None:
    """S14: the bot was removed: the session is ended."""
    it = stage(stores, says(ANSWER))
    it.channel.failures = [PlaceGone("removed")]
    settlement = await it.answer(question())
    assert settlement.outcome is Outcome.UNDELIVERABLE
    assert await stores.sessions.counts() == (0, 1)


async def test_what_waits_in_a_place_that_is_gone_opens_no_conversations(stores: RedisStores) -> None:
    """S14: the bot was removed while questions waited: they come to an end with the one that found out."""
    it = stage(stores, says(ANSWER))
    it.channel.failures = [PlaceGone("removed")]
    lease = await it.put(question(number=1))
    for number in (2, 3):
        await stores.inbox.append(question(number=number))
    assert not await stores.queue.settle(lease, await it.take(lease))
    assert await stores.queue.claim() is None
    assert (await stores.counters())["turn.undeliverable"] == 3
    assert len(it.agent.histories) == 1
    await it.answer(question(number=4))
    assert it.channel.text == ANSWER


async def test_start_shows_the_greeting_and_keeps_the_conversation(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER), greeting="Hello! How can I help?")
    await it.answer(command(CommandName.START, number=1))
    assert it.channel.text == "Hello! How can I help?"
    await it.answer(question(number=2))
    assert it.agent.sent == [("chat_1", "What is new?")]


async def test_new_ends_the_conversation_and_opens_another(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(question(number=1))
    await it.answer(command(CommandName.NEW, number=2))
    assert english(Notice.NEW_STARTED) in it.notices
    await it.answer(question(number=3))
    assert [conversation for conversation, _ in it.agent.sent] == ["chat_1", "chat_2"]
    assert await stores.sessions.counts() == (1, 1)


async def test_end_closes_the_conversation_and_says_so(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(question(number=1))
    await it.answer(command(CommandName.END, number=2))
    await it.answer(command(CommandName.END, number=3))
    assert it.notices == [english(Notice.ENDED), english(Notice.NOTHING_OPEN)]


async def test_help_opens_nothing(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(command(CommandName.HELP))
    assert it.notices == [help_text(english, it.channel.command_style)]
    assert it.agent.histories == {}


async def test_an_opening_whose_answer_was_lost_is_not_repeated_and_its_asker_is_told(stores: RedisStores) -> None:
    """B5: another try could leave another conversation that no record names."""
    it = stage(stores, says(ANSWER))
    it.agent.open_errors = [AgentUnavailable("503")]
    settlement = await it.answer(question())
    assert settlement.outcome is Outcome.REFUSED
    assert it.notices == [failure(Notice.UNAVAILABLE)]


async def test_the_step_is_recorded_before_the_question_is_sent(stores: RedisStores) -> None:
    """D6: a worker that finds the turn half-done knows that the question may have been sent."""
    it = stage(stores, says(ANSWER))
    lease = await it.put(question())

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        del text
        entry = await stores.queue.begin(lease)
        assert entry is not None
        assert (entry.record.step, entry.record.conversation_id) == (Step.SENDING, "chat_1")
        yield TextDelta(ANSWER)
        yield StreamEnded()

    it.agent.script = script
    await it.take(lease)
    assert it.channel.text == ANSWER


async def test_status_says_whether_a_conversation_is_open(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    await it.answer(command(CommandName.STATUS, number=1))
    assert it.notices == [english(Notice.NOTHING_OPEN)]
    await it.answer(question(number=2))
    await it.answer(command(CommandName.STATUS, number=3))
    assert it.notices[-1].startswith("A conversation is open here: 1 answer so far.")


async def test_an_answer_that_is_shown_from_its_record_still_names_its_tools(stores: RedisStores) -> None:
    """D6: the finished reply is the same, whichever worker finishes it."""
    it = stage(stores, says(ANSWER))
    it.turns._show_tools = True
    lease = await it.put(question())
    await stores.queue.begin(lease)
    await stores.queue.record_answer(lease, ANSWER, AnswerResult(Outcome.ANSWERED, tools=("web_search",)))
    await it.take(lease)
    assert it.notices == ["Used: web search"]
