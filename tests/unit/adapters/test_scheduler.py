"""The scheduler under a wall clock that is set back and forward: APScheduler's own clock really steps."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta, tzinfo

import pytest

from adapters.scheduler import every
from tests.virtual_time import run_virtually

INTERVAL_S = 1.0
HOUR_S = 3600.0
LONGEST_GAP_S = 2 * INTERVAL_S + 0.1
_STARTED_AT = 1_700_000_000.0


class WallClock:
    """What everything in the scheduler reads as "now": the loop's virtual time and a step."""

    step_s = 0.0

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = self

        class Stepped(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Stepped":
                passed_s = asyncio.get_running_loop().time() + clock.step_s
                return cls.fromtimestamp(_STARTED_AT, tz) + timedelta(seconds=passed_s)

        for module in ("apscheduler.schedulers.base", "apscheduler.executors.base", "adapters.scheduler"):
            monkeypatch.setattr(f"{module}.datetime", Stepped)


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    return WallClock(monkeypatch)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is worth a warning, except where a test expects it."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.get_records("call")] == []


class Calls:
    """A job that notes when it was called, and takes its time."""

    def __init__(self, *lengths_s: float) -> None:
        self.at: list[float] = []
        self.finished = 0
        self.live = 0
        self.most_live = 0
        self._lengths_s = itertools.chain(lengths_s, itertools.repeat(0.0))

    async def __call__(self) -> None:
        self.at.append(asyncio.get_running_loop().time())
        self.live += 1
        self.most_live = max(self.live, self.most_live)
        try:
            await asyncio.sleep(next(self._lengths_s))
            self.finished += 1
        finally:
            self.live -= 1

    @property
    def longest_gap_s(self) -> float:
        return max(later - earlier for earlier, later in itertools.pairwise([0.0, *self.at]))


async def _run(job: Callable[[], Awaitable[None]], for_s: float) -> None:
    async with every(INTERVAL_S, job):
        await asyncio.sleep(for_s)


def test_a_job_is_called_at_each_interval(wall_clock: WallClock) -> None:
    calls = Calls()
    run_virtually(_run(calls, 10.5))
    assert calls.at == pytest.approx(range(1, 11), abs=0.1)
    assert wall_clock.step_s == 0.0


@pytest.mark.parametrize("step_s", [-50 * 365 * 24 * HOUR_S, -HOUR_S, -0.9, 0.9, HOUR_S, 50 * 365 * 24 * HOUR_S])
@pytest.mark.parametrize("after_s", [0.0, 2.0, 5.5])
def test_calls_go_on_when_the_wall_clock_steps(wall_clock: WallClock, step_s: float, after_s: float) -> None:
    """P8: a worker's clock set back or forward neither delays the sweeps nor makes them many."""
    calls = Calls()

    async def step() -> None:
        async with every(INTERVAL_S, calls):
            await asyncio.sleep(after_s)
            wall_clock.step_s = step_s
            await asyncio.sleep(20.0 - after_s)

    run_virtually(step())
    assert calls.longest_gap_s <= LONGEST_GAP_S
    assert 18 <= len(calls.at) <= 21
    assert calls.most_live == 1


def test_calls_go_on_when_the_wall_clock_steps_at_each_moment_of_a_long_call(wall_clock: WallClock) -> None:
    """P8: back and forth by an hour, again and again, at any time of the second."""
    calls = Calls(*[0.3, 2.5] * 50)

    async def step() -> None:
        async with every(INTERVAL_S, calls):
            for number in range(100):
                await asyncio.sleep(1.03)
                wall_clock.step_s += HOUR_S if number % 2 else -HOUR_S

    run_virtually(step())
    assert calls.longest_gap_s <= 2.5 + LONGEST_GAP_S
    assert calls.most_live == 1


@pytest.mark.usefixtures("wall_clock")
def test_a_long_call_keeps_the_next_one_waiting_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """B3: one sweep lasts five minutes on a slow `/end`; the log holds nothing of it, and the next one follows."""
    calls = Calls(300.0)
    run_virtually(_run(calls, 305.0))
    assert calls.at[:2] == pytest.approx([1.0, 302.0], abs=0.2)
    assert calls.most_live == 1
    assert caplog.records == []


@pytest.mark.usefixtures("wall_clock")
def test_an_exception_is_logged_and_the_next_call_comes(caplog: pytest.LogCaptureFixture) -> None:
    """P7: nothing that a sweep raises ends the sweeps."""
    calls = Calls()

    async def fail_at_first() -> None:
        await calls()
        if len(calls.at) == 1:
            raise ValueError("broken once")

    run_virtually(_run(fail_at_first, 5.5))
    (record,) = caplog.records
    assert record.name.startswith("apscheduler")
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "broken once"
    assert len(calls.at) == 5
    caplog.clear()


async def test_the_end_of_the_block_cancels_the_call_that_runs_and_waits_for_it() -> None:
    calls, started = Calls(60.0), asyncio.Event()

    async def job() -> None:
        started.set()
        await calls()

    before = asyncio.all_tasks()
    async with every(0.01, job):
        await started.wait()
    assert (calls.live, calls.finished, len(calls.at)) == (0, 0, 1)
    assert asyncio.all_tasks() == before


async def fail_after_a_while(calls: Calls) -> None:
    async with every(0.005, calls):
        await asyncio.sleep(0.02)
        raise ValueError("the block's own")


async def test_nothing_is_called_after_the_block_however_it_ends() -> None:
    calls = Calls()
    for _ in range(20):
        with pytest.raises(ValueError, match="the block's own"):
            await fail_after_a_while(calls)
        count = len(calls.at)
        await asyncio.sleep(0.015)
        assert len(calls.at) == count
