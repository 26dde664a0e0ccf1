"""One worker's pacing: how it asks, and how it goes on alone while the shared budgets do not answer."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from bridge.domain.limits.rate_limits import (
    Budget,
    ChannelLimits,
    Priority,
)
from bridge.rate_limits.channel_limiter import ChannelLimiter, reserved
from tests.unit.bridge.rate_limits.shared_budgets import SharedBudgets
from tests.virtual_time import LoopClock, run_virtually

_EDITS = Budget("team:edits", 45, 60.0)
_HARD = Budget("group", 20, 60.0)
_PACE = ChannelLimits(1.2, (), (_EDITS,))


async def _call(pacing: ChannelLimiter, kind: Priority = Priority.BETWEEN, *budgets: Budget) -> float:
    """Ask for a call and make it where it may be made; return how long to wait else."""
    asked = pacing.asked(kind, budgets or (_EDITS,))
    answer = await pacing.take(asked)
    if answer.wait_s <= 0:
        async with pacing.call(asked):
            pass
    return answer.wait_s


def test_one_reply_goes_at_its_floor_and_slows_with_its_age() -> None:
    async def play() -> list[float]:
        pacing = ChannelLimiter(LoopClock())
        async with pacing.live_reply(_PACE, is_shown=True):
            return [pacing.edit_interval_s(_PACE, age_s) for age_s in (0, 20, 40, 100)]

    assert run_virtually(play()) == pytest.approx([1.2, 1.5, 1.8, 2.4])


def test_live_replies_share_what_is_left_over_the_time_they_will_take() -> None:
    async def play(used: int) -> float:
        pacing = ChannelLimiter(LoopClock())
        for _ in range(used):
            await _call(pacing)
        async with pacing.live_reply(_PACE, is_shown=True), pacing.live_reply(_PACE, is_shown=True):
            return pacing.edit_interval_s(_PACE, 0)

    # Answers are taken to stream for 10 s: eight edits and the two last texts are left for two replies.
    assert run_virtually(play(0)) == pytest.approx(1.2)
    assert run_virtually(play(35)) == pytest.approx(2 * 10 / (45 - 35))


@pytest.mark.parametrize(("stream_s", "expected_s"), [(10.0, 50 / (22 - 50 / 10)), (2.0, 50 / 11)])
def test_where_a_second_is_short_live_replies_take_turns_and_leave_their_part_to_last_texts(
    stream_s: float, expected_s: float
) -> None:
    """At most half of the calls: else text that grows would stand still among many short answers."""
    bot = Budget("bot", 22, 1.0, keeps_room=False)
    pace = ChannelLimits(1.1, (bot,), (bot,))

    async def play() -> float:
        pacing = ChannelLimiter(LoopClock())
        for _ in range(50):
            pacing.learn(stream_s)
        async with AsyncExitStack() as stack:
            for _ in range(50):
                await stack.enter_async_context(pacing.live_reply(pace, is_shown=True))
            return pacing.edit_interval_s(pace, 0)

    assert run_virtually(play()) == pytest.approx(expected_s, rel=0.01)


def test_a_reply_needs_room_among_the_edits_from_its_first_post_on() -> None:
    """S8: where posts are not counted with them, as on Slack."""
    posts = Budget("team:posts", 240, 60.0, keeps_room=False)
    pace = ChannelLimits(1.2, (posts,), (replace(_EDITS, calls=2),))

    async def play() -> tuple[list[bool], int]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        granted = []
        async with AsyncExitStack() as stack:
            for _ in range(3):
                name = await stack.enter_async_context(pacing.live_reply(pace, is_shown=False))
                first = pacing.asked(Priority.FIRST, pace.posts, reply=name, reserves=reserved(pace))
                granted.append((await pacing.take(first)).wait_s <= 0)
            live = shared.live_in("team:edits")
        await pacing.tend()
        assert shared.live_in("team:edits") == 0
        return granted, live

    assert run_virtually(play()) == ([True, True, False], 2)


def test_the_share_follows_how_long_answers_really_stream() -> None:
    async def play() -> float:
        pacing = ChannelLimiter(LoopClock())
        for _ in range(50):
            pacing.learn(30.0)
        for _ in range(35):
            await _call(pacing)
        async with pacing.live_reply(_PACE, is_shown=True):
            return pacing.edit_interval_s(_PACE, 0)

    assert run_virtually(play()) == pytest.approx(3.0, rel=0.01)


def test_a_sign_of_life_is_left_out_where_the_budget_is_short() -> None:
    async def play() -> tuple[bool, bool]:
        pacing = ChannelLimiter(LoopClock())
        pace = ChannelLimits(1.0, (_HARD,), (_HARD,), activity=(_HARD,))
        fresh = await pacing.may_show_activity(pace)
        async with pacing.live_reply(pace, is_shown=False):
            for _ in range(13):
                await _call(pacing, Priority.TURN, _HARD)
            return fresh, await pacing.may_show_activity(pace)

    assert run_virtually(play()) == (True, False)


def test_a_call_without_a_budget_goes_at_once_and_asks_nobody() -> None:
    async def play() -> tuple[float, int]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        answer = await pacing.take(pacing.asked(Priority.FINAL, ()))
        return answer.wait_s, shared.asked

    assert run_virtually(play()) == (0, 0)


def test_replies_go_on_while_the_shared_budgets_are_away_and_share_them_again_after_it() -> None:
    """P2: Redis goes away in the middle: running answers go on."""

    async def play() -> tuple[list[float], int, float]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        shared.is_away = True
        waits = [await _call(pacing, Priority.FINAL, _HARD) for _ in range(20)]
        asked = shared.asked
        shared.is_away = False
        await asyncio.sleep(3)
        # What was called meanwhile counts for all now.
        return waits, asked, await _call(pacing, Priority.FINAL, _HARD)

    waits, asked, after = run_virtually(play())
    assert waits == [0.0] * 20
    assert asked == 1
    assert after > 50


def test_a_worker_alone_keeps_to_its_part_of_the_live_replies() -> None:
    async def play() -> list[float]:
        shared = SharedBudgets()
        shared.others_live = 3
        pacing = ChannelLimiter(LoopClock(), shared)
        pace = ChannelLimits(1.0, (), (_HARD,))
        async with pacing.live_reply(pace, is_shown=True):
            shared.is_away = True
            return [await _call(pacing, Priority.FINAL, _HARD) for _ in range(6)]

    assert [wait > 0 for wait in run_virtually(play())] == [False] * 5 + [True]


def test_a_store_that_hangs_holds_a_call_up_for_a_second_and_the_next_ones_not_at_all() -> None:
    async def play() -> tuple[float, float]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        shared.hangs = True
        loop = asyncio.get_running_loop()
        began = loop.time()
        await _call(pacing)
        first = loop.time() - began
        await _call(pacing)
        return first, loop.time() - began - first

    assert run_virtually(play()) == pytest.approx((1.0, 0.0))


def test_while_the_store_hangs_one_call_at_a_time_tries_it_again() -> None:
    async def play() -> tuple[int, list[float]]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        shared.hangs = True
        await _call(pacing)
        await asyncio.sleep(3)
        loop = asyncio.get_running_loop()
        began, before = loop.time(), shared.asked

        async def took_s() -> float:
            await _call(pacing)
            return loop.time() - began

        waits = sorted(await asyncio.gather(*(took_s() for _ in range(5))))
        return shared.asked - before, waits

    asked, took_s = run_virtually(play())
    assert asked == 1
    assert took_s == pytest.approx([0.0, 0.0, 0.0, 0.0, 1.0])


def test_a_429_that_came_while_the_store_was_away_is_told_when_it_is_back() -> None:
    async def play() -> float:
        shared = SharedBudgets()
        pacing, other = ChannelLimiter(LoopClock(), shared), ChannelLimiter(LoopClock(), shared)
        shared.is_away = True
        await pacing.pause("group", 100.0)
        shared.is_away = False
        await asyncio.sleep(3)
        await _call(pacing, Priority.FINAL, _EDITS)
        return await _call(other, Priority.FINAL, _HARD)

    assert run_virtually(play()) == pytest.approx(97.0)


def test_a_reply_that_is_no_longer_shown_needs_no_room() -> None:
    async def play() -> tuple[int, int]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        async with pacing.live_reply(_PACE, is_shown=True):
            during = shared.live_in("team:edits")
        await pacing.tend()
        return during, shared.live_in("team:edits")

    assert run_virtually(play()) == (1, 0)


def test_a_reply_that_ended_while_the_shared_budgets_were_away_needs_no_room_soon_after() -> None:
    """P2: else it would hold up the first texts of others for half a minute."""

    async def play() -> tuple[int, int]:
        shared = SharedBudgets()
        pacing = ChannelLimiter(LoopClock(), shared)
        async with pacing.live_reply(_PACE, is_shown=True) as reply:
            shared.is_away = True
            assert (await pacing.take(pacing.asked(Priority.FINAL, (_EDITS,), reply=reply, is_last=True))).wait_s <= 0
        await pacing.tend()
        shared.is_away = False
        after = shared.live_in("team:edits")
        await asyncio.sleep(3)
        await pacing.tend()
        return after, shared.live_in("team:edits")

    assert run_virtually(play()) == (1, 0)


def test_scopes_that_nobody_uses_are_forgotten() -> None:
    async def play() -> list[int]:
        pacing = ChannelLimiter(LoopClock())
        for number in range(100):
            budget = Budget(f"chat {number}", 1, 1.1)
            async with pacing.live_reply(ChannelLimits(1.0, (budget,), (budget,)), is_shown=False):
                await _call(pacing, Priority.FIRST, budget)
            await pacing.pause(f"chat {number}", 1.0)
        await asyncio.sleep(130)
        await pacing.tend()
        local = pacing._local
        tables: Sequence[Mapping[str, object]] = (
            *(local._calls, local._live, local._unshown, local._not_before, local._lines),
            *(pacing._rooms, pacing._others),
        )
        return [len(table) for table in tables]

    assert run_virtually(play()) == [0] * 7
