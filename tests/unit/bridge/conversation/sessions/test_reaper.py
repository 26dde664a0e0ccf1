"""The reaper on a real store: every session that is to end is ended, whatever TalkifAI answers first."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.errors import AgentRateLimited, AgentUnavailable, BridgeError, ConversationLost
from bridge.domain.sessions import Opening
from bridge.domain.threads import ThreadKey
from bridge.runtime.clock import SystemClock
from tests.contract.store_steps import LetTimePass
from tests.fakes import THREAD, CapableChannel, question
from tests.unit.bridge.conversation.turn_fixture import Stage, echo, stage


async def _with_session(stores: RedisStores, *, idle_timeout_s: float) -> Stage[CapableChannel]:
    it = stage(stores, echo)
    it.turns._sessions.idle_timeout_s = idle_timeout_s
    await it.answer(question())
    return it


async def test_an_idle_session_is_ended_once(stores: RedisStores) -> None:
    it = await _with_session(stores, idle_timeout_s=0.05)
    reapers = [Reaper(it.agent, stores.sessions, SystemClock()) for _ in range(4)]
    await asyncio.sleep(0.06)
    await asyncio.gather(*(reaper.sweep() for reaper in reapers))
    assert it.agent.ended == ["chat_1"]
    assert await stores.sessions.counts() == (0, 0)
    (line,) = await stores.ledger(10)
    assert (line["reason"], line["turns"], line["thread"]) == ("idle", 1, THREAD.thread)


async def test_a_session_in_use_is_left_alone(stores: RedisStores) -> None:
    """B6: live turns are not reaped."""
    it = await _with_session(stores, idle_timeout_s=0.05)
    lease = await it.put(question(number=2))
    await asyncio.sleep(0.06)
    await Reaper(it.agent, stores.sessions, SystemClock()).sweep()
    assert it.agent.ended == []
    await stores.queue.release(lease)


@pytest.mark.parametrize("error", [AgentUnavailable("503"), AgentRateLimited(0.01)])
async def test_an_end_that_fails_is_repeated_until_it_is_confirmed(
    stores: RedisStores, error: BridgeError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B3: repeated until closed."""
    monkeypatch.setattr("bridge.conversation.sessions.reaper._PAUSE_FIRST_S", 0.01)
    it = await _with_session(stores, idle_timeout_s=0.01)
    it.agent.end_errors = [error, error]
    reaper = Reaper(it.agent, stores.sessions, SystemClock())
    async with asyncio.timeout(10):
        while await stores.sessions.counts() != (0, 0):
            await reaper.sweep()
            await asyncio.sleep(0.01)
    assert it.agent.ended == ["chat_1"]
    assert len(await stores.ledger(10)) == 1


async def test_the_question_after_an_idle_end_opens_a_new_conversation(stores: RedisStores) -> None:
    it = await _with_session(stores, idle_timeout_s=0.01)
    await asyncio.sleep(0.02)
    await Reaper(it.agent, stores.sessions, SystemClock()).sweep()
    await it.answer(question(number=2))
    assert [conversation for conversation, _ in it.agent.sent] == ["chat_1", "chat_2"]


async def test_an_end_that_is_told_slowly_holds_up_no_other(stores: RedisStores) -> None:
    """B2: the channel hears of it beside the ends."""
    it = await _with_session(stores, idle_timeout_s=0.01)
    told: asyncio.Queue[ThreadKey] = asyncio.Queue()

    async def tell(thread: ThreadKey) -> None:
        told.put_nowait(thread)
        await asyncio.Event().wait()

    reaper = Reaper(it.agent, stores.sessions, SystemClock(), tell)
    await asyncio.sleep(0.02)
    await reaper.sweep()
    assert reaper.ended == 1
    telling = asyncio.ensure_future(reaper.tell_ends())
    assert await told.get() == THREAD
    telling.cancel()


async def test_a_token_that_is_refused_counts_as_closed_only_after_a_minute(stores: RedisStores, redis: Redis) -> None:
    """R13: one stray 401 must not leave a conversation open."""
    it = await _with_session(stores, idle_timeout_s=0.01)
    clock = LateClock()
    reaper = Reaper(it.agent, stores.sessions, clock)
    await asyncio.sleep(0.02)
    it.agent.end_errors = [ConversationLost("401")]
    await reaper.sweep()
    assert await stores.sessions.counts() == (0, 1)
    wait_s = float(await redis.zscore(stores.keys.ends, "chat_1") or 0) / 1000 - time.time()
    assert 28.0 < wait_s < 31.0
    await redis.zadd(stores.keys.ends, {"chat_1": 0})
    clock.passed_s += 5.0
    await reaper.sweep()
    assert it.agent.ended == ["chat_1"]

    await it.answer(question(number=2))
    await asyncio.sleep(0.02)
    it.agent.end_errors = [ConversationLost("401")] * 3
    for left in (2, 1, 0):
        assert await stores.sessions.unbind_idle(10) >= 0
        await redis.zadd(stores.keys.ends, {"chat_2": 0})
        clock.passed_s += 5.0
        await reaper.sweep()
        assert len(it.agent.end_errors) == left
    assert await stores.sessions.counts() == (0, 0)
    assert it.agent.ended == ["chat_1"]


async def test_a_session_without_its_token_is_lost_and_said_to_be(
    stores: RedisStores, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """R13: nothing can end it, so it does not count as ended."""
    it = await _with_session(stores, idle_timeout_s=0.01)
    await redis.hdel(stores.keys.session(THREAD), "token")
    await asyncio.sleep(0.02)
    await Reaper(it.agent, stores.sessions, SystemClock()).sweep()
    assert it.agent.ended == []
    (line,) = await stores.ledger(10)
    assert line["reason"] == "lost"
    assert await stores.sessions.possible_orphans() == 1
    assert "cannot be ended" in caplog.text


async def test_a_long_limit_puts_an_end_off_for_a_minute_at_most(stores: RedisStores, redis: Redis) -> None:
    """R14: it may have been meant for openings alone."""
    it = await _with_session(stores, idle_timeout_s=0.01)
    it.agent.end_errors = [AgentRateLimited(1800.0)]
    await asyncio.sleep(0.02)
    await Reaper(it.agent, stores.sessions, SystemClock()).sweep()
    assert float(await redis.zscore(stores.keys.ends, "chat_1") or 0) / 1000 - time.time() < 61.0


async def test_a_lost_opening_is_said_once_with_what_support_needs(
    stores: RedisStores, let_time_pass: LetTimePass, caplog: pytest.LogCaptureFixture
) -> None:
    """R11: the metadata by which TalkifAI finds it, who asked, where and when."""
    it = stage(stores, echo)
    await stores.sessions.note_opening(Opening("0pen1d", THREAD, "U1", "u@example.com", "", 5.5))
    await let_time_pass(61)
    reapers = [Reaper(it.agent, stores.sessions, SystemClock()) for _ in range(3)]
    for reaper in reapers:
        await reaper.report_lost_openings()
    (said,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "bridge_opening = 0pen1d" in said.getMessage()
    assert (said.__dict__["person"], said.__dict__["thread_key"]) == ("U1", str(THREAD))


async def test_an_end_is_tried_again_after_thousands_of_failures(stores: RedisStores, redis: Redis) -> None:
    """B3: a day without TalkifAI is over a thousand tries, more doublings than a number holds."""
    it = await _with_session(stores, idle_timeout_s=0.01)
    it.agent.end_errors = [AgentUnavailable("503")]
    await redis.hset(stores.keys.end_attempts, "chat_1", "5000")
    await asyncio.sleep(0.02)
    clock = LateClock()
    reaper = Reaper(it.agent, stores.sessions, clock)
    await reaper.sweep()
    assert (it.agent.end_errors, it.agent.ended) == ([], [])
    await redis.zadd(stores.keys.ends, {"chat_1": 0})  # its pause is over
    clock.passed_s += 5.0
    await reaper.sweep()
    assert it.agent.ended == ["chat_1"]


class LateClock(SystemClock):
    """The system's time, so many seconds later."""

    late_s = 0.0
    passed_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.passed_s

    def now(self) -> float:
        return super().now() + self.late_s


async def test_an_end_that_fails_for_an_hour_is_an_alarm_and_one_whose_clock_jumped_is_none(
    stores: RedisStores, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """B3: an alarm after an hour of tries, in the log and in the figures; and none before."""
    it = await _with_session(stores, idle_timeout_s=0.01)
    it.agent.end_errors = [AgentUnavailable("503")] * 30
    clock = LateClock()
    reaper = Reaper(it.agent, stores.sessions, clock)
    await asyncio.sleep(0.02)

    async def attempt() -> None:
        await reaper.sweep()
        await redis.zadd(stores.keys.ends, {"chat_1": 0})  # its pause is over
        clock.passed_s += 5.0  # as often as the store is looked at where nothing was due

    await attempt()
    clock.late_s = 7200.0
    await attempt()
    assert reaper.stuck == 0  # two tries in two hours: it is the clock
    clock.late_s = 0.0
    for _ in range(23):
        await attempt()
    assert reaper.stuck == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    clock.late_s = 3700.0
    await attempt()
    assert reaper.stuck == 1
    (alarm,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert alarm.__dict__["conversation"] == "chat_1"
