"""A thread goes on after its conversation was ended: what goes along, when, and how often."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.conversation.carry_over import MOST_QUESTION_CHARACTERS
from bridge.domain.errors import ConversationLost
from bridge.domain.exchanges import CarryOverLimits, Exchange, Summary
from bridge.domain.incoming import CommandName, Edit, IntakeResult
from bridge.domain.limits.retention import PersonKey
from bridge.domain.prompts.carried_words import CARRIED_FOOTER, CARRIED_HEADER
from bridge.domain.sessions import Conversation, EndReason, HistoryMessage
from bridge.domain.stream_events import StreamEnded, StreamEvent, TextDelta
from bridge.domain.threads import Person, ThreadKey
from bridge.domain.turns import Outcome, Step
from tests.fakes import THREAD, FakeChannel, command, question
from tests.unit.bridge.conversation.turn_fixture import Fake, Stage, echo, says, stage, stage_on

ANSWERED_ONCE = "> User: one\n> You: Answer to one"


def carried(quotes: str, words: str) -> str:
    return f"{CARRIED_HEADER}\n{quotes}\n\n{CARRIED_FOOTER}\n{words}"


async def end(it: Stage[Fake]) -> None:
    session = await it.stores.sessions.current(THREAD)
    assert session is not None
    assert await it.stores.sessions.begin_end(THREAD, session.conversation.id, EndReason.IDLE)


async def last_words(text: str) -> AsyncIterator[StreamEvent]:
    yield TextDelta(f"Answer to {text.splitlines()[-1]}")
    yield StreamEnded()


async def test_the_first_question_of_the_next_conversation_takes_along_what_was_said_and_no_other_does(
    stores: RedisStores,
) -> None:
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    await end(it)
    await it.answer(question("two", number=2))
    await it.answer(question("three", number=3))
    await end(it)
    await it.answer(question("four", number=4))
    sent = [words for _, words in it.agent.sent]
    assert sent[:3] == ["one", carried(ANSWERED_ONCE, "two"), "three"]
    said = "\n".join(f"> User: {word}\n> You: Answer to {word}" for word in ("one", "two", "three"))
    assert sent[3] == carried(said, "four")


async def test_all_that_may_be_carried_over_is_asked_for_at_once(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such steps travel as one command: neither waits for the answer to the other."""
    both, exchanges, summary = asyncio.Barrier(2), stores.exchanges.of_thread, stores.exchanges.summary

    async def of_thread(thread: ThreadKey) -> Sequence[Exchange]:
        await both.wait()
        return await exchanges(thread)

    async def summary_of(thread: ThreadKey) -> Summary | None:
        await both.wait()
        return await summary(thread)

    monkeypatch.setattr(stores.exchanges, "of_thread", of_thread)
    monkeypatch.setattr(stores.exchanges, "summary", summary_of)
    it = stage(stores, echo)
    async with asyncio.timeout(5):
        await it.answer(question("one"))
    assert [words for _, words in it.agent.sent] == ["one"]


async def test_nothing_is_carried_over_after_new(stores: RedisStores) -> None:
    """M3: what was said is dropped."""
    it = stage(stores, echo)
    await it.answer(question("one", number=1))
    await it.answer(command(CommandName.NEW, number=2))
    await it.answer(question("two", number=3))
    assert [words for _, words in it.agent.sent] == ["one", "two"]
    await end(it)
    await it.answer(command(CommandName.NEW, number=4))
    await it.answer(question("three", number=5))
    assert it.agent.sent[-1][1] == "three"


async def test_a_conversation_that_the_agent_closed_carries_over_its_last_exchange_alone(stores: RedisStores) -> None:
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    it.agent.script = says("Goodbye!", end_session=True)
    await it.answer(question("two", number=2))
    await it.answer(question("three", number=3))
    assert it.agent.sent[-1][1] == carried("> User: two\n> You: Goodbye!", "three")


async def test_a_conversation_that_is_too_old_or_lost_is_replaced_without_loss(stores: RedisStores) -> None:
    """M2: by age, and by a refusal in mid-thread."""
    it = stage(stores, last_words)
    lease = await it.put(question("one", number=1))
    assert not await stores.queue.settle(lease, await it.take(lease))
    session = await stores.sessions.current(THREAD)
    assert session is not None
    lease = await it.put(question("two", number=2))
    old = replace(session, conversation=Conversation("chat_old", "t"), opened_at=session.opened_at - 21 * 3600)
    await stores.sessions.bind(lease, old, 60.0)
    assert not await stores.queue.settle(lease, await it.take(lease))
    assert it.agent.sent[-1][1] == carried(ANSWERED_ONCE, "two")

    sent_before = len(it.agent.sent)

    async def refuses_once(text: str) -> AsyncIterator[StreamEvent]:
        if len(it.agent.sent) == sent_before + 1:
            raise ConversationLost("401")
        async for event in last_words(text):
            yield event

    it.agent.script = refuses_once
    await it.answer(question("three", number=3))
    said = f"{ANSWERED_ONCE}\n> User: two\n> You: Answer to two"
    assert [words for _, words in it.agent.sent[sent_before:]] == ["three", carried(said, "three")]
    assert it.notices == []


async def test_a_turn_taken_up_after_its_opening_carries_over_once(stores: RedisStores) -> None:
    """M4: the worker died between opening and asking."""
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    await end(it)
    lease = await it.put(question("two", number=2))
    entry = await stores.queue.begin(lease)
    assert entry is not None
    await it.turns._sessions.open_session(lease, entry.queued, it.channel, it.routes.route(entry.queued).choices)
    assert not await stores.queue.settle(lease, await it.take(lease))
    assert [words for _, words in it.agent.sent] == ["one", carried(ANSWERED_ONCE, "two")]


async def test_a_question_whose_answer_we_cut_is_asked_again_without_the_quotes(stores: RedisStores) -> None:
    """M4: they have arrived with it."""
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    await end(it)
    lease = replace(await it.put(question("two", number=2)), question_id=question(number=2).id)
    entry = await stores.queue.begin(lease)
    assert entry is not None
    choices = it.routes.route(entry.queued).choices
    session, _ = await it.turns._sessions.open_session(lease, entry.queued, it.channel, choices)
    wording = carried(ANSWERED_ONCE, "two")
    await stores.queue.record_sending(lease, session.conversation.id, 0, wording)
    await stores.queue.record_shown(lease, ["m1"], "Ans", has_begun=True)
    await stores.queue.record_cut(lease, 3)
    it.agent.histories[session.conversation.id].append(HistoryMessage("user", wording))
    settlement = await it.take(lease)
    assert settlement.outcome is Outcome.ANSWERED
    assert it.agent.sent[-1] == (session.conversation.id, "two")


async def test_what_did_not_fit_is_left_out_from_its_oldest_end(stores: RedisStores) -> None:
    it = stage(stores, says("long " * 800))
    for number in range(1, 5):
        await it.answer(question(f"question {number}", number=number))
    await end(it)
    await it.answer(question("x" * 4000, number=9))
    words = it.agent.sent[-1][1]
    assert len(words) <= MOST_QUESTION_CHARACTERS
    assert words.endswith(f"\n{CARRIED_FOOTER}\n{'x' * 4000}")
    assert "> […]\n> User: question 3" in words
    assert "question 2" not in words


async def test_other_threads_and_other_agents_get_nothing(stores: RedisStores) -> None:
    """M5: what was said stays in its thread, with its agent."""
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    await it.answer(question("elsewhere", number=2, thread=ThreadKey("fake", "A1", "P1", "T2")))
    assert it.agent.sent[-1][1] == "elsewhere"
    await end(it)
    it.channel.agent_id = "another"
    await it.answer(question("two", number=3))
    assert it.agent.sent[-1][1] == "two"


async def test_askers_are_named_where_another_one_goes_on(stores: RedisStores) -> None:
    it = stage_on(FakeChannel(latency_s=0.0, page_size=5000), stores, echo)
    await it.answer(question("one", number=1))
    await end(it)
    await it.answer(question("two", number=2, person=Person("U2", "Bob")))
    assert it.agent.sent[-1][1] == carried("> Ada (U1): one\n> You: Answer to one", "Bob (U2): two")


async def test_status_says_what_is_remembered_and_used(stores: RedisStores) -> None:
    it = stage(stores, says("Yes."))
    await it.answer(question("one", number=1))
    await end(it)
    await it.answer(command(CommandName.STATUS, number=2))
    assert it.notices[-1].endswith("\nThe next one goes on from 1 earlier exchange.")
    await it.answer(question("two", number=3))
    await it.answer(command(CommandName.STATUS, number=4))
    assert it.notices[-1].endswith("\nIt goes on from 1 earlier exchange.\nIt has used 7 tokens.")


@pytest.mark.parametrize("limits", [CarryOverLimits(exchanges=0), CarryOverLimits(kept_s=0.0)])
async def test_nothing_is_carried_over_where_it_is_off_or_too_old(stores: RedisStores, limits: CarryOverLimits) -> None:
    it = stage(stores, echo, carry_over=limits)
    await it.answer(question("one", number=1))
    await end(it)
    await it.answer(question("two", number=2))
    assert [words for _, words in it.agent.sent] == ["one", "two"]


async def test_an_exchange_settled_by_the_next_worker_is_kept_too(stores: RedisStores) -> None:
    """M4: the worker died between the whole answer and its settling."""
    it = stage(stores, last_words)
    lease = await it.put(question("one", number=1))
    settlement = await it.take(lease)
    assert settlement.exchange is not None
    await stores.queue.release(lease)
    lease = await stores.queue.claim() or lease
    entry = await stores.queue.begin(lease)
    assert entry is not None
    assert entry.record.step is Step.ANSWERED
    assert not await stores.queue.settle(lease, await it.take(lease))
    await end(it)
    await it.answer(question("two", number=2))
    assert [words for _, words in it.agent.sent] == ["one", carried(ANSWERED_ONCE, "two")]


async def test_what_a_person_asked_is_forgotten_with_the_person_and_the_others_words_stay(stores: RedisStores) -> None:
    """M3: `forget` leaves nothing of the person to carry over."""
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    await it.answer(question("two", number=2, person=Person("U2", "Bob")))
    await end(it)
    await stores.retention.forget(PersonKey("fake", "", "U1"))
    assert [exchange.question for exchange in await stores.exchanges.of_thread(THREAD)] == ["two"]


async def test_of_a_question_that_was_changed_its_newest_answer_alone_is_carried_over(stores: RedisStores) -> None:
    """M6: however often it was asked again, also where a try came out badly."""
    it = stage(stores, last_words)
    await it.answer(question("zero", number=1))
    await it.answer(question("one", number=2))
    assert await stores.inbox.amend(Edit(question(number=2).origin, "two")) is IntakeResult.OFFERED
    it.agent.script = says("Broken off", end=False)
    await it.answer(command(CommandName.RETRY, number=3))
    it.agent.script = last_words
    await it.answer(command(CommandName.RETRY, number=4))
    await end(it)
    await it.answer(question("three", number=5))
    said = "> User: zero\n> You: Answer to zero\n> User: two\n> You: Answer to two"
    assert it.agent.sent[-1][1] == carried(said, "three")


async def test_of_a_question_that_was_changed_while_it_was_answered_the_new_words_alone_are_carried_over(
    stores: RedisStores,
) -> None:
    """M6: what had come of the old answer was shown, and is not what the thread goes on from."""
    it = stage(stores, last_words)
    lease = await it.put(question("one", number=1))
    settlement = await it.take(lease)
    assert settlement.exchange is not None
    await stores.queue.record_step(lease, Step.SENDING)
    assert await stores.inbox.amend(Edit(question(number=1).origin, "two")) is IntakeResult.ASKED_ANEW
    assert await stores.queue.settle(lease, replace(settlement, outcome=Outcome.STOPPED))
    assert not await stores.queue.settle(lease, await it.take(lease))
    await end(it)
    await it.answer(question("three", number=2))
    assert it.agent.sent[-1][1] == carried("> User: two\n> You: Answer to two", "three")


async def test_a_question_that_is_asked_again_in_another_conversation_goes_without_its_older_answer(
    stores: RedisStores,
) -> None:
    """M6: the new words are not put beside the old ones."""
    it = stage(stores, last_words)
    await it.answer(question("one", number=1))
    await end(it)
    assert await stores.inbox.amend(Edit(question(number=1).origin, "two")) is IntakeResult.OFFERED
    await it.answer(command(CommandName.RETRY, number=2))
    assert [words for _, words in it.agent.sent] == ["one", "two"]
