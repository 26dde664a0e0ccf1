"""A long conversation goes on in a fresh one, from the agent's own summary."""

import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.compaction import COMPACT_FROM
from bridge.domain.errors import AgentUnavailable
from bridge.domain.exchanges import MOST_SUMMARY, CarryOverLimits, Summary
from bridge.domain.incoming import CommandName
from bridge.domain.limits.retention import PersonKey
from bridge.domain.notices import EXCHANGES_READ
from bridge.domain.prompts.asked_words import exchanges_in
from bridge.domain.prompts.carried_words import SUMMARY_PROMPT
from bridge.domain.sessions import Conversation, EndReason, HistoryMessage, Session
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, TextDelta
from tests.fakes import THREAD, command, question
from tests.unit.bridge.conversation.turn_fixture import Stage, stage

ON = CarryOverLimits(exchanges=2, compacts=True)
SUMMARY = "Ada wants the small plan.\nBob: not yet decided."


class _Agent:
    """Answers questions, and the one for a summary as a test says."""

    def __init__(self, summary: str = SUMMARY) -> None:
        self.summary = summary
        self.asked: list[str] = []

    async def script(self, text: str) -> AsyncIterator[StreamEvent]:
        self.asked.append(text)
        if text != SUMMARY_PROMPT:
            yield TextDelta(f"Answer to {text.splitlines()[-1]}.")
            yield StreamEnded({"total_tokens": 1})
        elif self.summary:
            yield TextDelta(self.summary)
            yield StreamEnded({"total_tokens": 100})
        else:
            yield StreamFailed("no")


async def _ask(it: Stage, first: int, count: int) -> None:  # type: ignore[type-arg]  # any channel
    for number in range(first, first + count):
        await it.answer(question(f"q{number}", number=number))


async def test_before_the_agent_forgets_a_fresh_conversation_takes_along_its_summary(stores: RedisStores) -> None:
    """M11: the summary is asked for once, is not shown, and its tokens are in the ledger's line."""
    agent = _Agent()
    it = stage(stores, agent.script, carry_over=ON)
    await _ask(it, 1, COMPACT_FROM)
    assert SUMMARY_PROMPT not in agent.asked
    await _ask(it, COMPACT_FROM + 1, 2)
    assert agent.asked.count(SUMMARY_PROMPT) == 1
    first, second = dict.fromkeys(conversation for conversation, _ in it.agent.sent)
    carried = next(text for conversation, text in it.agent.sent if conversation == second)
    assert "> Summary of all before that: Ada wants the small plan.\n>   Bob: not yet decided.\n> User: q13" in carried
    assert carried.endswith(f"q{COMPACT_FROM + 1}")
    assert SUMMARY not in it.channel.text
    (ending,) = await stores.sessions.claim_ends(9, 9)
    assert (ending.session.conversation.id, ending.reason) == (first, EndReason.COMPACTED)
    assert ending.session.usage["total_tokens"] == COMPACT_FROM + 100

    await it.answer(command(CommandName.STATUS, number=90))
    assert [view.text for view in it.channel.standing.values()][-1] == SUMMARY
    await it.answer(command(CommandName.NEW, number=91))
    assert await stores.exchanges.summary(THREAD) is None


async def test_without_a_summary_the_conversation_goes_on_and_at_last_a_fresh_one_has_the_last_exchanges(
    stores: RedisStores,
) -> None:
    """M11: failure falls back to the plain carry-over."""
    agent = _Agent(summary="")
    it = stage(stores, agent.script, carry_over=ON)
    await _ask(it, 1, EXCHANGES_READ)
    assert len({conversation for conversation, _ in it.agent.sent}) == 1
    assert agent.asked.count(SUMMARY_PROMPT) == EXCHANGES_READ - COMPACT_FROM
    await _ask(it, EXCHANGES_READ + 1, 1)
    assert len({conversation for conversation, _ in it.agent.sent}) == 2
    assert "> User: q20" in agent.asked[-1]
    assert "Summary of all" not in agent.asked[-1]


def test_a_summary_is_no_exchange_of_the_thread() -> None:
    """M11: nor where a history is read again for what Redis forgot."""
    session = Session(THREAD, Conversation("c1", "jwt"), "Ada", "U1", "u", 1.0)
    said = [("user", "q1"), ("assistant", "a1"), ("user", SUMMARY_PROMPT), ("assistant", SUMMARY)]
    found = exchanges_in([HistoryMessage(role, content) for role, content in said], session)
    assert [(one.question, one.answer) for one in found] == [("q1", "a1")]


async def test_an_agent_that_is_away_for_a_moment_costs_no_memory(stores: RedisStores) -> None:
    it = stage(stores, _Agent().script, carry_over=ON)
    await _ask(it, 1, COMPACT_FROM)
    it.agent.ask_errors = [AgentUnavailable("503")]
    await _ask(it, COMPACT_FROM + 1, 1)
    assert len({conversation for conversation, _ in it.agent.sent}) == 1


async def test_a_long_summary_is_kept_by_its_beginning_and_sealed_and_forgotten(redis: Redis) -> None:
    """M11: within its bound, encrypted with the key; with the person it goes."""
    key = "x7mM0i0f1y6y9mWl8s3m3m3m3m3m3m3m3m3m3m3m3m0="
    stores = RedisStores(redis, secret_keys=[key])
    it = stage(stores, _Agent("secret " * 1000).script, carry_over=ON)
    await _ask(it, 1, COMPACT_FROM + 1)
    kept = await stores.exchanges.summary(THREAD)
    assert kept is not None
    assert len(kept.text) == MOST_SUMMARY
    assert b"secret secret" not in (await redis.get(stores.keys.summary(THREAD)) or b"")
    await stores.retention.forget(PersonKey(THREAD.channel, "", question().person.id))
    assert await stores.exchanges.summary(THREAD) is None


@pytest.mark.parametrize("dies_after", ["asking", "keeping"])
async def test_a_worker_that_dies_in_between_leaves_no_conversation_open_and_loses_nothing(
    stores: RedisStores, dies_after: str
) -> None:
    """M11: between asking, keeping, ending and opening."""
    agent = _Agent()
    it = stage(stores, agent.script, carry_over=ON)
    await _ask(it, 1, COMPACT_FROM)
    lease = await it.put(question("q99", number=99))
    assert await stores.queue.begin(lease) is not None
    session = await stores.sessions.current(THREAD)
    assert session is not None
    await stores.exchanges.begin_summary(THREAD, session.conversation.id)
    async with it.agent.ask(session.conversation, SUMMARY_PROMPT) as events:
        assert await anext(events) == TextDelta(SUMMARY)
    if dies_after == "keeping":
        kept = await _kept(stores, session.conversation.id)
        assert kept
    await stores.queue.release(lease)
    again = await stores.queue.claim()
    assert again is not None
    assert not await stores.queue.settle(again, await it.take(again))
    assert agent.asked.count(SUMMARY_PROMPT) == (2 if dies_after == "asking" else 1)
    assert "> Summary of all before that: " in agent.asked[-1]
    (ending,) = await stores.sessions.claim_ends(9, 9)
    assert ending.session.conversation.id == session.conversation.id
    now = await stores.sessions.current(THREAD)
    assert now is not None
    assert {now.conversation.id, session.conversation.id} == set(it.agent.histories)


async def _kept(stores: RedisStores, conversation_id: str) -> bool:
    summary = Summary(THREAD, SUMMARY, conversation_id, "", time.time())
    return await stores.exchanges.keep_summary(summary, {})
