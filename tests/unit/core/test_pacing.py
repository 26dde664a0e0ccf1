import asyncio

import pytest

from bridge.models import Budget, Pace
from bridge.pacing import STRICT_AFTER_429_S, Pacing
from tests.virtual_time import LoopClock, run_virtually

_SOFT = Budget("team:edits", 45, 60.0, hard=False)
_HARD = Budget("chat", 1, 1.1)
_PACE = Pace(1.2, (), (_SOFT,))


def test_one_reply_goes_at_its_floor_and_slows_with_its_age() -> None:
    async def play() -> list[float]:
        pacing = Pacing(LoopClock())
        with pacing.live_reply(_PACE):
            return [pacing.edit_interval_s(_PACE, age_s) for age_s in (0, 15, 40, 100)]

    assert run_virtually(play()) == pytest.approx([1.2, 1.8, 2.4, 3.0])


def test_a_few_replies_go_at_full_pace_while_the_budget_is_unused_and_share_it_then() -> None:
    async def play() -> tuple[float, float]:
        pacing = Pacing(LoopClock())
        with pacing.live_reply(_PACE), pacing.live_reply(_PACE), pacing.live_reply(_PACE):
            fresh = pacing.edit_interval_s(_PACE, 0)
            for _ in range(40):
                with pacing.call([_SOFT]):
                    pass
            return fresh, pacing.edit_interval_s(_PACE, 0)

    assert run_virtually(play()) == pytest.approx((1.2, 4.0))


def test_in_between_edits_leave_room_for_the_last_text_of_every_live_reply() -> None:
    async def play() -> tuple[float, float]:
        pacing = Pacing(LoopClock())
        with pacing.live_reply(_PACE), pacing.live_reply(_PACE):
            for _ in range(43):
                with pacing.call([_SOFT]):
                    pass
            return pacing.delay_s([_SOFT], urgent=False), pacing.delay_s([_SOFT], urgent=True)

    waits, urgent = run_virtually(play())
    assert waits == pytest.approx(60.0)
    assert urgent == 0


def test_a_hard_budget_is_never_exceeded() -> None:
    async def play() -> float:
        pacing = Pacing(LoopClock())
        with pacing.call([_HARD]):
            pass
        await asyncio.sleep(0.4)
        return pacing.delay_s([_HARD], urgent=True)

    assert run_virtually(play()) == pytest.approx(0.7)


def test_beyond_a_documented_minimum_calls_go_one_at_a_time_until_a_429() -> None:
    async def play() -> list[float]:
        pacing = Pacing(LoopClock())
        for _ in range(45):
            with pacing.call([_SOFT]):
                pass
        found = [pacing.delay_s([_SOFT], urgent=True)]
        with pacing.call([_SOFT]):
            found.append(pacing.delay_s([_SOFT], urgent=True))
        pacing.pause("team:edits", 10.0)
        found.append(pacing.delay_s([_SOFT], urgent=True))
        await asyncio.sleep(11)
        found.append(pacing.delay_s([_SOFT], urgent=True))
        return found

    free, one_at_a_time, paused, strict = run_virtually(play())
    assert (free, paused) == (0, 10.0)
    assert 0 < one_at_a_time < 1
    assert strict > 40


def test_one_scopes_429_is_nobody_elses() -> None:
    """S9: one chat is limited: all others go on."""

    async def play() -> float:
        pacing = Pacing(LoopClock())
        pacing.pause("chat", 100.0)
        return pacing.delay_s([Budget("other chat", 1, 1.1)], urgent=True)

    assert run_virtually(play()) == 0


def test_scopes_that_nobody_uses_are_forgotten() -> None:
    async def play() -> int:
        pacing = Pacing(LoopClock())
        for number in range(100):
            with pacing.call([Budget(f"chat {number}", 1, 1.1)]):
                pass
            pacing.pause(f"chat {number}", 1.0)
        await asyncio.sleep(STRICT_AFTER_429_S + 10)
        pacing.forget_idle_scopes()
        return len(pacing._calls) + len(pacing._not_before) + len(pacing._strict_until)

    assert run_virtually(play()) == 0
