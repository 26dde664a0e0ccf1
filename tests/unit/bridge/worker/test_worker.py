"""One worker put together from the core and fakes, on a real store."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.redis_store.stores import RedisStores
from adapters.scheduler import every
from bridge.domain.errors import ChannelTokenRefused
from bridge.domain.incoming import IntakeResult
from bridge.domain.notices import Notice
from bridge.domain.sessions import Conversation, EndReason, Session
from bridge.ports.channel import Accept
from bridge.runtime.cancellation import unwrap_group
from bridge.runtime.clock import SystemClock
from bridge.worker.dependencies import Dependencies
from bridge.worker.dispatcher import DispatchLimits
from bridge.worker.worker import Worker
from tests.english import english
from tests.fakes import THREAD, CapableChannel, FakeAgent, Script, question
from tests.unit.bridge.conversation.turn_fixture import echo


class ReceivingChannel(CapableChannel):
    """A channel whose people are the test."""

    receives_alone = ""
    refuses = False

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        if self.refuses:
            raise ChannelTokenRefused("FAKE_TOKEN: refused")
        connected("Fake: connected")
        self.accept = accept
        await asyncio.Event().wait()


class HangingAgent(FakeAgent):
    """An agent whose `/end` takes its time."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.is_ending, self.may_end = asyncio.Event(), asyncio.Event()

    async def end(self, conversation: Conversation) -> None:
        self.is_ending.set()
        await self.may_end.wait()
        await super().end(conversation)


@asynccontextmanager
async def _every(interval_s: float, job: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call the job once, at the start: the tests of the reaper call it themselves."""
    del interval_s
    await job()
    yield


def _worker(stores: RedisStores, channel: ReceivingChannel) -> Worker:
    outside = Dependencies(
        agent=FakeAgent(echo),
        stores=stores,
        channels=[channel],
        clock=SystemClock(),
        every=_every,
    )
    return Worker(outside, idle_timeout_s=60.0, limits=DispatchLimits(drain_s=1.0))


async def test_a_worker_says_when_it_is_ready_answers_and_stops(
    stores: RedisStores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    channel, stop = ReceivingChannel(latency_s=0.0), asyncio.Event()
    running = asyncio.ensure_future(_worker(stores, channel).run(stop))
    async with asyncio.timeout(10):
        while "ready" not in caplog.text:  # noqa: ASYNC110 - a log rings no bell
            await asyncio.sleep(0.01)
        await channel.accept(question())
        while not channel.standing:  # noqa: ASYNC110 - nor does a fake
            await asyncio.sleep(0.01)
        stop.set()
        await running
    assert "Fake: connected" in caplog.text
    assert channel.text == "Answer to What is new?"


async def test_a_refused_token_ends_the_worker(stores: RedisStores) -> None:
    channel = ReceivingChannel()
    channel.refuses = True
    with pytest.raises(ChannelTokenRefused), unwrap_group():
        await _worker(stores, channel).run(asyncio.Event())


async def test_where_every_channel_is_refused_what_is_open_is_ended_first(stores: RedisStores) -> None:
    """R20: no other worker may come for hours."""
    session = Session(THREAD, Conversation("chat_1", "jwt"), "Fake Agent", "U1", "u", 1.0)
    agent, channel = FakeAgent(echo), ReceivingChannel()
    channel.refuses = True
    await stores.sessions.queue_end(session, EndReason.IDLE)
    outside = Dependencies(agent=agent, stores=stores, channels=[channel], clock=SystemClock(), every=every)
    with pytest.raises(ChannelTokenRefused), unwrap_group():
        await Worker(outside, idle_timeout_s=2.0, limits=DispatchLimits(drain_s=1.0)).run(asyncio.Event())
    assert agent.ended == ["chat_1"]


async def test_a_channel_that_is_refused_leaves_the_others_at_work_and_is_tried_again(
    stores: RedisStores, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B8: the operator sees the cause."""
    monkeypatch.setattr("bridge.worker.worker.REFUSED_AGAIN_S", (0.05, 0.2))
    caplog.set_level(logging.INFO)
    works, refused, stop = ReceivingChannel(latency_s=0.0), ReceivingChannel(name="other"), asyncio.Event()
    refused.refuses = True
    worker = Worker(
        Dependencies(
            agent=FakeAgent(echo),
            stores=stores,
            channels=[works, refused],
            clock=SystemClock(),
            every=_every,
        ),
        idle_timeout_s=60.0,
        limits=DispatchLimits(drain_s=1.0),
    )
    running = asyncio.ensure_future(worker.run(stop))
    async with asyncio.timeout(10):
        while caplog.text.count("an operator has to act: FAKE_TOKEN: refused") < 2:  # noqa: ASYNC110 - a log rings no bell
            await asyncio.sleep(0.01)
        assert "ready: idle sessions" in caplog.text
        await works.accept(question())
        while not works.standing:  # noqa: ASYNC110 - nor does a fake
            await asyncio.sleep(0.01)
        await worker._log_figures()
        refused.refuses = False
        while not hasattr(refused, "accept"):  # noqa: ASYNC110 - nor here
            await asyncio.sleep(0.01)
        stop.set()
        await running
    assert works.text == "Answer to What is new?"
    figures = [record.__dict__["refused_receivers"] for record in caplog.records if record.message == "figures"]
    assert figures[-1] == 1


async def test_a_full_inbox_gets_a_busy_notice_and_a_long_queue_one_queued_notice(stores: RedisStores) -> None:
    """D10: one "queued" notice; beyond the bound a "busy" notice, never silence."""
    channel, stop = ReceivingChannel(latency_s=0.0), asyncio.Event()
    worker = _worker(stores, channel)
    running = asyncio.ensure_future(worker.run(stop))
    # The thread is at work elsewhere, so that everything waits.
    await stores.inbox.append(question(number=0))
    lease = await stores.queue.claim()
    assert lease is not None
    async with asyncio.timeout(10):
        while not hasattr(channel, "accept"):  # noqa: ASYNC110 - a fake rings no bell
            await asyncio.sleep(0.01)
        became = [await channel.accept(question(number=number)) for number in range(1, 60)]
        while len(channel.standing) < 1 + became.count(IntakeResult.FULL):  # noqa: ASYNC110 - nor does it here
            await asyncio.sleep(0.01)
        stop.set()
        await running
    notices = [view.notice for view in channel.standing.values()]
    assert sum(notice.startswith("Your question waits here behind") for notice in notices) == 1
    assert notices.count(english(Notice.BUSY)) == became.count(IntakeResult.FULL) == 10


async def test_the_figures_that_an_operator_watches_are_logged(
    stores: RedisStores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stop = asyncio.Event()
    stop.set()
    await _worker(stores, ReceivingChannel()).run(stop)
    figures = next(record for record in caplog.records if record.message == "figures")
    assert figures.__dict__["open_sessions"] == 0
    assert figures.__dict__["stuck_ends"] == 0


async def test_the_figures_are_told_while_an_end_hangs(
    stores: RedisStores, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B3: a TalkifAI that does not answer is when they are needed most."""
    monkeypatch.setattr("bridge.worker.worker.FIGURES_EVERY_S", 0.1)
    monkeypatch.setattr("bridge.worker.worker.TICK_S", 0.1)
    caplog.set_level(logging.INFO)
    session = Session(THREAD, Conversation("chat_1", "jwt"), "Fake Agent", "U1", "u", 1.0)
    await stores.sessions.queue_end(session, EndReason.IDLE)
    agent, stop = HangingAgent(echo), asyncio.Event()
    channel = ReceivingChannel()
    outside = Dependencies(agent=agent, stores=stores, channels=[channel], clock=SystemClock(), every=every)
    worker = Worker(outside, idle_timeout_s=60.0, limits=DispatchLimits(drain_s=1.0))
    running = asyncio.ensure_future(worker.run(stop))
    async with asyncio.timeout(10):
        await agent.is_ending.wait()
        caplog.clear()
        while "figures" not in caplog.messages:  # noqa: ASYNC110 - a log rings no bell
            await asyncio.sleep(0.01)
        assert agent.ended == []
        agent.may_end.set()
        while not agent.ended:  # noqa: ASYNC110 - nor does a fake
            await asyncio.sleep(0.01)
        stop.set()
        await running
