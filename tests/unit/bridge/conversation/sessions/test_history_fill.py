"""What is read again of a conversation that Redis forgot, and what is not: on a real store that forgets."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from adapters.redis_store.client.connection import connect
from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.history_fill import HistoryFill
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.exchanges import CarryOverLimits
from bridge.domain.incoming import CommandName
from bridge.domain.limits.retention import PersonKey
from bridge.domain.sessions import EndReason, HistoryMessage
from bridge.domain.turns import Outcome, Settlement
from bridge.runtime.clock import SystemClock
from tests.fakes import ADA, THREAD, CapableChannel, command, question
from tests.unit.bridge.conversation.turn_fixture import Stage, echo, says, stage


@pytest.fixture
async def others(redis_url: str, stores: RedisStores) -> AsyncIterator[RedisStores]:
    """The stores of another worker, which has looked at them."""
    del stores
    opened = RedisStores(connect(redis_url))
    await opened.sessions.tick(0.0)
    yield opened
    await opened.aclose()


async def _stage(stores: RedisStores) -> Stage[CapableChannel]:
    """Make a stage on which one question is answered, of which TalkifAI's history knows."""
    it = stage(stores, echo)
    await stores.sessions.tick(0.0)
    await it.answer(question("one"))
    it.agent.histories["chat_1"] = [HistoryMessage("user", "one"), HistoryMessage("assistant", "Answer to one")]
    return it


async def _forget_everything(it: Stage[CapableChannel], redis: Redis, *workers: RedisStores) -> None:
    """Let Redis forget, these workers notice that, and all conversations end that they know of."""
    await redis.flushall()
    for stores in workers:
        await stores.sessions.tick(10.0)
        fill = HistoryFill(it.agent, it.stores.exchanges, CarryOverLimits()).fill
        await Reaper(it.agent, stores.sessions, SystemClock(), fill=fill).sweep()


async def _carried(it: Stage[CapableChannel]) -> list[str]:
    return [exchange.question for exchange in await it.stores.exchanges.of_thread(THREAD)]


async def test_what_redis_forgot_is_read_again(stores: RedisStores, redis: Redis, others: RedisStores) -> None:
    """M2: of a conversation that another worker led, out of TalkifAI's history."""
    it = await _stage(stores)
    assert await others.sessions.current(THREAD) is not None
    await _forget_everything(it, redis, others)
    assert await _carried(it) == ["one"]


async def test_new_is_not_undone_by_a_redis_that_forgets_while_the_old_conversation_ends(
    stores: RedisStores, redis: Redis, others: RedisStores
) -> None:
    """M3: not by the worker that obeyed it, nor by another one that knows the old conversation."""
    it = await _stage(stores)
    assert await others.sessions.current(THREAD) is not None
    await it.answer(command(CommandName.NEW, number=2))
    await others.sessions.tick(10.0)
    await _forget_everything(it, redis, stores, others)
    assert await _carried(it) == []
    assert set(it.agent.ended) == {"chat_1", "chat_2"}


async def test_what_is_said_after_new_is_carried_over_all_the_same(stores: RedisStores, redis: Redis) -> None:
    it = await _stage(stores)
    await it.answer(command(CommandName.NEW, number=2))
    await it.answer(question("two", number=3))
    it.agent.histories["chat_2"] = [HistoryMessage("user", "two"), HistoryMessage("assistant", "Answer to two")]
    await _forget_everything(it, redis, stores)
    assert await _carried(it) == ["two"]


async def test_what_the_agent_was_done_with_does_not_come_back_with_a_redis_that_forgets(
    stores: RedisStores, redis: Redis, others: RedisStores
) -> None:
    """M3: neither from the memory of a worker, the one that settled it or another, nor out of the history."""
    it = await _stage(stores)
    await it.answer(question("two", number=2))
    assert await others.sessions.current(THREAD) is not None
    it.agent.script = says("Goodbye!", end_session=True)
    await it.answer(question("three", number=3))
    it.agent.histories["chat_1"] += [HistoryMessage("user", "two"), HistoryMessage("assistant", "Answer to two")]
    assert await _carried(it) == ["three"]
    await others.sessions.tick(10.0)
    await _forget_everything(it, redis, stores, others)
    assert await _carried(it) == ["three"]
    assert set(it.agent.ended) == {"chat_1"}


async def test_what_was_said_in_a_place_that_is_gone_does_not_come_back_with_a_redis_that_forgets(
    stores: RedisStores, redis: Redis, others: RedisStores
) -> None:
    """M3: whether a turn finds the place gone, or the channel says so."""
    it = await _stage(stores)
    lease = await it.put(question("two", number=2))
    await it.take(lease)
    gone = Settlement(Outcome.UNDELIVERABLE, 60.0, end_reason=EndReason.GONE)
    assert not await stores.queue.settle(lease, gone)
    await _forget_everything(it, redis, stores, others)
    assert await _carried(it) == []

    await it.answer(question("three", number=3))
    await stores.places.leave(THREAD.channel, THREAD.account, THREAD.place)
    await stores.sessions.tick(10.0)
    await _forget_everything(it, redis, stores, others)
    assert await _carried(it) == []


async def test_forget_is_not_undone_by_a_redis_that_forgets_while_the_conversation_is_open(
    stores: RedisStores, redis: Redis, others: RedisStores
) -> None:
    """M3: neither from a worker's memory, nor out of the history. What names the person is gone as well."""
    it = await _stage(stores)
    await others.retention.forget(PersonKey(THREAD.channel, "", ADA.id))
    await stores.sessions.tick(10.0)
    assert str(THREAD) not in str(await redis.xrange(stores.keys.drops))
    await others.sessions.tick(10.0)
    assert await others.sessions.current(THREAD) is not None  # it knows the conversation only since then
    await _forget_everything(it, redis, stores, others)
    assert await _carried(it) == []
    assert set(it.agent.ended) == {"chat_1"}
