"""Replies of one worker that wait for the same room: who asks the shared budgets, when, and who goes first."""

import asyncio

import pytest

from bridge.domain.limits.rate_limits import Budget, ChannelLimits, Priority
from bridge.rate_limits.channel_limiter import ChannelLimiter
from tests.unit.bridge.rate_limits.shared_budgets import SharedBudgets
from tests.virtual_time import LoopClock, run_virtually

_BOT = Budget("telegram:1", 22, 1.0, keeps_room=False)
_PACE = ChannelLimits(1.0, (_BOT,), (_BOT,))


def _now() -> float:
    return asyncio.get_running_loop().time()


class Crowd:
    """Replies that each want one call, and who was let through when."""

    def __init__(self, shared: SharedBudgets) -> None:
        self.pacing = ChannelLimiter(LoopClock(), shared)
        self.let_through: list[tuple[str, float]] = []

    async def show(self, name: str, kind: Priority, waits_s: float = 0.0, pace: ChannelLimits = _PACE) -> None:
        """Ask until the call is allowed, as a writer does."""
        began = _now()
        async with self.pacing.live_reply(pace, is_shown=True) as live:
            while True:
                waits = waits_s + _now() - began
                asked = self.pacing.asked(kind, pace.edits, reply=live, is_last=True, waits_s=waits)
                wait_s = (await self.pacing.take(asked)).wait_s
                if wait_s <= 0:
                    break
                await asyncio.sleep(wait_s)
            self.let_through.append((name, _now()))

    async def show_all(self, kinds: list[tuple[Priority, float]]) -> None:
        async with asyncio.TaskGroup() as group:
            for number, (kind, waits_s) in enumerate(kinds):
                group.create_task(self.show(f"r{number}", kind, waits_s))


def test_each_call_of_a_crowd_is_asked_for_once_and_no_place_stays_free() -> None:
    async def play() -> tuple[int, list[float]]:
        shared = SharedBudgets()
        crowd = Crowd(shared)
        await crowd.show_all([(Priority.FINAL, 0.0)] * 60)
        return shared.takes, [at for _, at in crowd.let_through]

    takes, times = run_virtually(play())
    assert takes == 60
    assert times == pytest.approx([0.0] * 22 + [1.02] * 22 + [2.04] * 16, abs=0.001)


def test_a_crowd_goes_by_kind_and_then_the_stalest_first() -> None:
    kinds = [Priority.BETWEEN, Priority.FINAL, Priority.FIRST] * 30
    waits_s = [float(number % 7) + number / 1000 for number in range(90)]

    async def play() -> list[int]:
        crowd = Crowd(SharedBudgets())
        # The first ones fill the second.
        await crowd.show_all([(Priority.FINAL, 100.0)] * 22 + list(zip(kinds, waits_s, strict=True)))
        return [int(name[1:]) - 22 for name, _ in crowd.let_through[22:]]

    went = run_virtually(play())
    expected = sorted(range(90), key=lambda number: (kinds[number], -waits_s[number]))
    # Those of one second come in any order.
    assert [set(went[at : at + 22]) for at in range(0, 90, 22)] == [
        set(expected[at : at + 22]) for at in range(0, 90, 22)
    ]


def test_a_reply_that_stops_waiting_leaves_its_place_to_the_next() -> None:
    few = Budget("few", 1, 10.0, keeps_room=False)
    pace = ChannelLimits(1.0, (few,), (few,))

    async def play() -> list[tuple[str, float]]:
        crowd = Crowd(SharedBudgets())
        await crowd.show("before", Priority.FINAL, pace=pace)
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(crowd.show("gone", Priority.FINAL, 9.0, pace))
            group.create_task(crowd.show("next", Priority.FINAL, 5.0, pace))
            await asyncio.sleep(2.0)
            gone.cancel()
        return crowd.let_through

    assert run_virtually(play()) == [("before", 0.0), ("next", pytest.approx(10.2))]


def test_while_another_worker_has_replies_there_each_one_that_waits_asks_for_its_place() -> None:
    """Its line is the one that all workers share."""

    async def play() -> tuple[int, int]:
        shared = SharedBudgets()
        shared.others_live = 1
        crowd = Crowd(shared)
        await crowd.show_all([(Priority.FINAL, 0.0)] * 30)
        return shared.takes, len(crowd.let_through)

    assert run_virtually(play()) == (38, 30)


def test_a_reply_of_this_worker_that_has_ended_is_not_taken_for_one_of_another() -> None:
    async def play() -> tuple[int, list[str]]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        async with pacing.live_reply(_PACE, is_shown=True) as live:
            async with pacing.live_reply(_PACE, is_shown=True):
                pass
            for _ in range(30):
                await pacing.take(pacing.asked(Priority.BETWEEN, _PACE.edits, reply=live))
        await pacing.tend()
        return shared.takes, [scope for _, scope in shared.told_of]

    assert run_virtually(play()) == (22, [_BOT.scope] * 2)


def test_a_reply_that_made_its_last_call_has_left_already() -> None:
    async def play() -> list[tuple[str, str]]:
        shared = SharedBudgets()
        crowd = Crowd(shared)
        await crowd.show("r1", Priority.FINAL)
        await crowd.pacing.tend()
        return shared.told_of

    assert run_virtually(play()) == []


def test_a_call_that_was_refused_counts_for_nothing() -> None:
    few = Budget("few", 1, 10.0, keeps_room=False)

    async def play() -> float:
        shared = SharedBudgets()
        other, mine = ChannelLimiter(LoopClock(), shared), ChannelLimiter(LoopClock(), shared)
        assert (await other.take(other.asked(Priority.FINAL, (few,)))).wait_s == 0
        await asyncio.sleep(1.0)
        wait_s = (await mine.take(mine.asked(Priority.FINAL, (few,)))).wait_s
        await asyncio.sleep(wait_s)
        return (await mine.take(mine.asked(Priority.FINAL, (few,)))).wait_s

    assert run_virtually(play()) == 0
