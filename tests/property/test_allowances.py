"""However workers' steps interleave, no person gets more than the operator allows."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.redis_store.client.connection import connect
from adapters.redis_store.stores import RedisStores
from bridge.domain.incoming import IntakeResult
from bridge.domain.limits.allowances import Allowances, Asking, Limit
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import ThreadKey
from tests.contract.store_steps import ask, begun, claim

PEOPLE = st.sampled_from(["U1", "U2"])
_SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def _at(thread: str, person: str, question: str = "") -> Asking:
    return Asking(ThreadKey("fake", "A1", "P1", thread), person, question)


@pytest_asyncio.fixture
async def clean(stores: RedisStores) -> AsyncIterator[RedisStores]:
    yield stores


async def _forget(stores: RedisStores) -> None:
    await stores.commands.call("FLUSHDB")


@_SETTINGS
@given(st.lists(st.tuples(PEOPLE, st.integers(0, 30)), max_size=60), st.integers(1, 8), st.integers(1, 12))
async def test_nobody_asks_more_often_in_an_hour_or_a_day_than_allowed(
    clean: RedisStores, asked: list[tuple[str, int]], per_hour: int, per_day: int
) -> None:
    """A20: all at once, each question any number of times."""
    await _forget(clean)
    limits = Allowances(person_questions_per_hour=per_hour, person_messages=per_day)
    taken = await asyncio.gather(
        *(clean.allowances.take_question(_at("T1", person, f"{person}/{number}"), limits) for person, number in asked)
    )
    counted = {(person, number) for (person, number), one in zip(asked, taken, strict=True) if one.over is None}
    for person in ("U1", "U2"):
        wanted = len({number for who, number in asked if who == person})
        assert sum(who == person for who, _ in counted) == min(wanted, per_hour, per_day)
    assert all(0 < one.again_after_s <= 86_400 for one in taken if one.over)


@_SETTINGS
@given(st.lists(st.tuples(PEOPLE, st.integers(0, 20), st.integers(0, 3)), max_size=60), st.integers(1, 6))
async def test_nobody_has_more_questions_stored_in_an_hour_than_allowed(
    clean: RedisStores, redis_url: str, asked: list[tuple[str, int, int]], per_hour: int
) -> None:
    """A20: by two workers at once, each question delivered any number of times; and each stored one may be asked."""
    await _forget(clean)
    other = RedisStores(connect(redis_url))
    became = await asyncio.gather(
        *(
            (clean, other)[at % 2].inbox.append(
                ask(f"{person}/{number}", _at(f"T{number}", person).thread, person=person), per_hour
            )
            for at, (person, number, _) in enumerate(asked)
        )
    )
    await other.aclose()
    stored = {
        (person, number)
        for (person, number, _), one in zip(asked, became, strict=True)
        if one in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
    }
    for person in ("U1", "U2"):
        wanted = len({number for who, number, _ in asked if who == person})
        assert sum(who == person for who, _ in stored) == min(wanted, per_hour)
    limits = Allowances(person_questions_per_hour=per_hour, total_messages=1_000)
    for _ in range(2):  # a turn that is taken up again counts no more
        for person, number in stored:
            assert (await clean.allowances.take_question(_at("T1", person, f"{person}/{number}"), limits)).over is None
    counted = await clean.commands.call("HGET", clean.keys.allowance("total"), "messages")
    assert int(counted or 0) == len(stored)


@_SETTINGS
@given(st.lists(st.tuples(PEOPLE, st.integers(0, 9), st.booleans()), max_size=50), st.integers(1, 4))
async def test_nobody_is_answered_in_more_threads_at_a_time_than_allowed(
    clean: RedisStores, steps: list[tuple[str, int, bool]], at_most: int
) -> None:
    """A20: turns begin and end in any order."""
    await _forget(clean)
    live: set[tuple[str, int]] = set()
    for person, thread, begins in steps:
        asking = _at(f"{person}-{thread}", person)
        if not begins:
            await clean.allowances.leave_turn(asking)
            live.discard((person, thread))
        elif await clean.allowances.take_turn(asking, at_most):
            live.add((person, thread))
        else:
            assert sum(who == person for who, _ in live) == at_most
        assert max(Counter(who for who, _ in live).values(), default=0) <= at_most


async def test_turns_that_end_together_each_wake_a_thread_of_their_own(clean: RedisStores) -> None:
    """A20, A21: no free place stays empty until the pause of a waiting thread is over."""
    asked = [_at(f"T{number}", "U1") for number in range(6)]
    for one in asked:
        await clean.inbox.append(ask(one.thread.thread, one.thread))
        lease = await claim(clean)
        if not await clean.allowances.take_turn(one, 3):
            await clean.queue.release(lease, 15.0, counts=False)
    assert await clean.queue.claim() is None
    for one in asked[:3]:
        await clean.allowances.leave_turn(one)
    woken = [(await claim(clean)).thread for _ in range(3)]
    assert {thread.thread for thread in woken} == {"T3", "T4", "T5"}


@_SETTINGS
@given(st.lists(st.integers(0, 6), min_size=1, max_size=20), st.integers(1, 4))
async def test_nobody_opens_more_conversations_at_a_time_than_allowed(
    clean: RedisStores, threads: list[int], at_most: int
) -> None:
    """A20: openings by several workers at once."""
    await _forget(clean)
    taken = await asyncio.gather(*(clean.allowances.take_session(_at(f"T{n}", "U1"), at_most) for n in threads))
    opened = {number for number, one in zip(threads, taken, strict=True) if one.over is None}
    assert len(opened) == min(at_most, len(set(threads)))
    assert all(one.over in {None, Limit.SESSIONS} for one in taken)


async def test_a_conversation_that_ended_makes_room_for_another(clean: RedisStores) -> None:
    asking, other = _at("T1", "U1"), _at("T2", "U1")
    assert (await clean.allowances.take_session(asking, 1)).over is None
    lease = await begun(clean, "q1", thread=asking.thread)
    session = Session(asking.thread, Conversation("c1", "jwt"), "Ada", "U1", "u", 5.0)
    await clean.sessions.bind(lease, session, 600.0)
    refused = await clean.allowances.take_session(other, 1)
    assert (refused.over, 590 < refused.again_after_s <= 600) == (Limit.SESSIONS, True)
    assert (await clean.allowances.take_session(asking, 1)).over is None  # the same thread: it is replaced


async def test_levels_of_a_budget_are_told_once_each(clean: RedisStores) -> None:
    """A20: operators hear of 80 and of 100 %."""
    limits = Allowances(person_questions_per_hour=0, place_messages=10, total_tokens=100)
    heard = []
    for number in range(12):
        asking = _at("T1", f"U{number}", f"q{number}")
        taken = await clean.allowances.take_question(asking, limits)
        heard += [(level.limit, level.unit, level.percent, number) for level in taken.levels]
        assert taken.over is (Limit.PLACE if number >= 10 else None)
    assert heard == [(Limit.PLACE, "messages", 80, 7), (Limit.PLACE, "messages", 100, 9)]
    for _ in range(2):  # the same answer, settled twice
        levels = await clean.allowances.count_tokens(_at("T1", "U1", "q1"), 90, limits)
        heard += [(level.limit, level.unit, level.percent, 0) for level in levels]
    (level,) = await clean.allowances.count_tokens(_at("T1", "U1", "q2"), 90, limits)
    assert heard[2:] == [(Limit.TOTAL, "tokens", 80, 0)]
    assert (level.limit, level.percent) == (Limit.TOTAL, 100)
    assert (await clean.allowances.take_question(_at("T2", "U9", "q99"), limits)).over is Limit.PLACE
