"""The dispatcher on a real store: order, one worker at a time, handing over, giving up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis_store.client.connection import connect
from adapters.redis_store.schema.store_limits import StoreLimits
from adapters.redis_store.stores import RedisStores
from bridge.domain.errors import ChannelOutage, StoreUnavailable
from bridge.domain.incoming import IntakeResult
from bridge.domain.notices import Notice
from bridge.domain.stream_events import StreamEnded, StreamEvent, TextDelta
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, Lease, Outcome, Settlement
from bridge.runtime.clock import SystemClock
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.runtime.supervisor import Supervisor
from bridge.worker.dispatcher import Dispatcher, DispatchLimits
from tests.english import english, without_reference
from tests.fakes import THREAD, CapableChannel, question
from tests.unit.bridge.conversation.turn_fixture import Stage, echo, stage


def _dispatcher(it: Stage[CapableChannel], limits: DispatchLimits | None = None) -> Dispatcher:
    clock = SystemClock()
    return Dispatcher(
        queue=it.stores.queue,
        turns=it.turns,
        clock=clock,
        supervisor=Supervisor(clock),
        alarms=OperatorAlerts(clock),
        limits=limits or DispatchLimits(),
    )


@asynccontextmanager
async def _running(dispatcher: Dispatcher) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(dispatcher.run())
    try:
        yield task
    finally:
        dispatcher.stop()
        await asyncio.wait_for(task, 10)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - looks at a fake's state, which rings no bell
            await asyncio.sleep(0.005)


async def test_questions_of_one_thread_are_answered_in_order(stores: RedisStores) -> None:
    """D7: two first questions at once: two replies in order, one conversation."""
    it = stage(stores, echo)
    for number in range(1, 6):
        await stores.inbox.append(question(f"q{number}", number=number))
    async with _running(_dispatcher(it)):
        await _until(lambda: len(it.channel.standing) == 5)
    assert [text for _, text in it.agent.sent] == ["q1", "q2", "q3", "q4", "q5"]
    assert len(it.agent.histories) == 1


async def test_a_question_that_lands_while_another_is_answered_needs_no_further_message(stores: RedisStores) -> None:
    """D9: a question lands as the worker lets go of the thread."""
    it = stage(stores, echo)
    async with _running(_dispatcher(it)):
        for number in range(1, 31):
            await stores.inbox.append(question(f"q{number}", number=number))
            await _until(lambda n=number: len(it.agent.sent) >= n)  # type: ignore[misc] # mypy cannot infer the default
        await _until(lambda: len(it.channel.standing) == 30)


async def test_one_thread_that_waits_holds_up_no_other(stores: RedisStores) -> None:
    release = asyncio.Event()

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        if text == "slow":
            await release.wait()
        yield TextDelta(text)
        yield StreamEnded()

    it = stage(stores, script)
    async with _running(_dispatcher(it)):
        await stores.inbox.append(question("slow", number=1))
        await _until(lambda: len(it.agent.sent) == 1)
        other = ThreadKey("fake", "A1", "P2", "T2")
        await stores.inbox.append(question("quick", number=2, thread=other))
        await _until(lambda: it.channel.text == "quick")
        release.set()
        await _until(lambda: len(it.channel.standing) == 2)


async def test_a_stop_lets_a_running_reply_finish(stores: RedisStores) -> None:
    """P6: those that fit finish."""
    go_on = asyncio.Event()

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        yield TextDelta(f"{text} begins and is long enough to show. ")
        await go_on.wait()
        yield TextDelta("And ends.")
        yield StreamEnded()

    it = stage(stores, script)
    dispatcher = _dispatcher(it)
    async with _running(dispatcher) as task:
        await stores.inbox.append(question("q"))
        await _until(lambda: bool(it.channel.standing))
        dispatcher.stop()
        go_on.set()
        await asyncio.wait_for(task, 10)
    assert it.channel.text.endswith("And ends.")


async def test_a_reply_that_outlasts_the_drain_is_released_at_once(stores: RedisStores) -> None:
    """P6: the others are taken over by the next worker."""

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        yield TextDelta(f"{text} begins and is long enough to show. ")
        await asyncio.Event().wait()

    it = stage(stores, script)
    dispatcher = _dispatcher(it, DispatchLimits(drain_s=0.05))
    async with _running(dispatcher):
        await stores.inbox.append(question("q"))
        await _until(lambda: bool(it.channel.standing))
    assert await stores.queue.claim() is not None


async def test_a_claim_that_is_under_way_at_a_stop_is_given_back(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: taken over at once, not only when the lease has run out."""
    it = stage(stores, echo)
    await stores.inbox.append(question("q"))
    claimed, go_on = asyncio.Event(), asyncio.Event()
    really_claim = stores.queue.claim

    async def slow_claim() -> Lease | None:
        lease = await really_claim()
        claimed.set()
        await go_on.wait()
        return lease

    monkeypatch.setattr(stores.queue, "claim", slow_claim)
    dispatcher = _dispatcher(it)
    async with _running(dispatcher):
        await claimed.wait()
        dispatcher.stop()
        await asyncio.sleep(0)
        go_on.set()
    assert await really_claim() is not None
    assert it.agent.sent == []


async def test_a_worker_whose_lease_was_lost_stops_the_turn(stores: RedisStores, redis_url: str) -> None:
    """D8: a worker that lost its thread shows nothing more."""
    del stores
    limits = StoreLimits(lease_s=0.4)
    redis: Redis = connect(redis_url)
    short = RedisStores(redis, limits=limits)

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        yield TextDelta(f"{text} begins and is long enough to show. ")
        await asyncio.Event().wait()

    it = stage(short, script)
    dispatcher = _dispatcher(it, DispatchLimits(lease_s=0.4, drain_s=0.1))
    async with _running(dispatcher):
        await short.inbox.append(question("q"))
        await _until(lambda: bool(it.channel.standing))
        # Another worker has the thread: its fence is higher than ours.
        await redis.hset(short.keys.leases, str(THREAD), "999999")
        await _until(lambda: dispatcher.live_turns == 0)
    await short.aclose()


async def test_heartbeats_keep_the_lease_of_a_silent_stream(stores: RedisStores, redis_url: str) -> None:
    del stores
    short = RedisStores(connect(redis_url), limits=StoreLimits(lease_s=0.5))
    go_on = asyncio.Event()

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        await go_on.wait()
        yield TextDelta(text)
        yield StreamEnded()

    it = stage(short, script)
    async with _running(_dispatcher(it, DispatchLimits(lease_s=0.5))):
        await short.inbox.append(question("q"))
        await _until(lambda: bool(it.agent.sent))
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert await short.queue.claim() is None
        go_on.set()
        await _until(lambda: bool(it.channel.standing))
    assert len(it.agent.sent) == 1
    await short.aclose()


async def test_a_question_that_fails_every_time_is_set_aside_and_its_asker_told(stores: RedisStores) -> None:
    """D13: set aside with its reason after some tries; the next question is served."""
    broken = True

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        if broken and text == "poison":
            raise ZeroDivisionError
        yield TextDelta(text)
        yield StreamEnded()

    it = stage(stores, script)
    async with _running(_dispatcher(it, DispatchLimits(attempts=2, retry_first_s=0.01))):
        await stores.inbox.append(question("poison", number=1))
        assert await stores.inbox.append(question("fine", number=2)) is IntakeResult.ACCEPTED
        await _until(lambda: "fine" in it.channel.text)
    assert english(Notice.FAILED) in map(without_reference, it.notices)
    (letter,) = await stores.dead_letters(10)
    assert letter.reason == "too many attempts"
    assert [outcome for _, outcome in it.channel.settled_questions] == [Outcome.DEAD, Outcome.ANSWERED]


async def test_an_answer_that_its_channel_does_not_take_for_a_day_is_set_aside(stores: RedisStores) -> None:
    """R15: then its thread goes on with the next question."""
    it = stage(stores, echo)
    asked_at = SystemClock().now() - 25 * 3600.0
    old = question("old", number=1)
    await stores.inbox.append(replace(old, origin=replace(old.origin, asked_at=asked_at)))
    lease = await stores.queue.claim()
    assert lease is not None
    await stores.queue.begin(lease)
    await stores.queue.record_answer(replace(lease, question_id=old.id), "Half", AnswerResult(Outcome.ANSWERED))
    await stores.queue.release(lease)
    await stores.inbox.append(question("new", number=2))
    async with _running(_dispatcher(it)):
        await _until(lambda: "Answer to new" in it.channel.text)
    assert [outcome for _, outcome in it.channel.settled_questions] == [Outcome.DEAD, Outcome.ANSWERED]
    (letter,) = await stores.dead_letters(10)
    assert letter.reason == "its channel did not take the answer for a day"


async def test_a_turn_whose_channel_is_away_is_put_off_and_counts_no_attempt(stores: RedisStores) -> None:
    """R15: eight tries are over in minutes, an outage is not."""
    it = stage(stores, echo)
    put_off: list[tuple[float, bool]] = []
    release = stores.queue.release

    async def note(lease: Lease, after_s: float = 0.0, *, counts: bool = True) -> None:
        put_off.append((after_s, counts))
        await release(lease, after_s, counts=counts)

    async def away(*_: object) -> Settlement:
        raise ChannelOutage("away")

    it.turns.run = away  # type: ignore[assignment]  # as if the writer had given up
    stores.queue.release = note  # type: ignore[method-assign]  # looked at in passing
    await stores.inbox.append(question("q"))
    async with _running(_dispatcher(it)):
        await _until(lambda: bool(put_off))
    assert put_off[0] == (120.0, False)
    lease = await stores.queue.claim()
    assert lease is None


async def test_a_thread_that_is_put_off_while_the_store_is_away_is_given_back_as_soon_as_it_is_there(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: no one waits for a lease to run out after a failover in the middle of a turn."""
    it = stage(stores, echo)
    really_run, really_release = it.turns.run, stores.queue.release
    failures = [StoreUnavailable("away")] * 2

    def fails() -> None:
        if failures:
            raise failures.pop()

    async def run(*given: Any) -> Settlement:
        fails()
        return await really_run(*given)

    async def release(lease: Lease, after_s: float = 0.0, *, counts: bool = True) -> None:
        fails()
        await really_release(lease, after_s, counts=counts)

    monkeypatch.setattr(it.turns, "run", run)
    monkeypatch.setattr(stores.queue, "release", release)
    await stores.inbox.append(question("q"))
    async with _running(_dispatcher(it, DispatchLimits(retry_first_s=0.05))):
        await _until(lambda: it.channel.text == "Answer to q")
