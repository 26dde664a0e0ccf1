"""What all workers share beside questions and sessions: TalkifAI's quota, who leads, the server's clock."""

import asyncio

import pytest
from redis.asyncio import Redis

from adapters.redis_store.client.connection import connect
from adapters.redis_store.stores import RedisStores
from bridge.domain.incoming import CommandName, Edit, IntakeResult, Withdrawal
from bridge.domain.limits.rate_limits import RateLimit
from bridge.domain.sessions import EndReason
from tests.contract.store_steps import (
    DONE,
    OTHER,
    THREAD,
    ask,
    begin,
    bound,
    claim,
    command,
    origin,
    question_in,
)

_NOW = 1_800_000_000.0


def _said(limit: int, remaining: int, reset_after_s: float = 30.0) -> RateLimit:
    return RateLimit(limit, remaining, _NOW + reset_after_s, _NOW)


async def _taken(stores: RedisStores, count: int, *, is_end: bool = False) -> int:
    return [await stores.quota.take(is_end=is_end) for _ in range(count)].count(0)


async def test_without_a_word_from_talkifai_nothing_is_held_back(stores: RedisStores) -> None:
    assert await _taken(stores, 200) == 200


async def test_a_share_of_the_limit_is_kept_for_ends(stores: RedisStores) -> None:
    """B9: ends are never starved by the organisation's limit."""
    await stores.quota.observe(_said(limit=60, remaining=60))
    assert await _taken(stores, 100) == 54
    assert await _taken(stores, 100, is_end=True) == 6


async def test_a_429_stops_every_worker_until_its_time(stores: RedisStores, redis_url: str) -> None:
    """B9: a 429 stops all workers' requests until its Retry-After."""
    other = RedisStores(connect(redis_url))
    await stores.quota.refuse(7.0)
    for worker in (stores, other):
        for is_end in (False, True):
            assert 6.0 < await worker.quota.take(is_end=is_end) <= 7.0
    await other.aclose()


async def test_after_a_429_with_a_long_wait_one_end_a_minute_is_tried(
    stores: RedisStores, redis: Redis, redis_url: str
) -> None:
    """R14: half an hour of waiting for openings must not keep every conversation open."""
    other = RedisStores(connect(redis_url))
    await stores.quota.refuse(1800.0)
    for _ in range(3):
        waits = [await worker.quota.take(is_end=True) for worker in (stores, other)]
        assert all(50.0 < wait_s <= 60.0 for wait_s in waits)
        await redis.hincrby(stores.keys.quota, "end_at", -60_000)
        assert [await worker.quota.take(is_end=True) for worker in (stores, other)].count(0.0) == 1
        await stores.quota.refuse(1800.0)  # the end was refused too
        assert await stores.quota.take(is_end=False) > 1700.0
    await other.aclose()


async def test_two_workers_never_take_more_than_one_limit(stores: RedisStores, redis_url: str) -> None:
    other = RedisStores(connect(redis_url))
    await stores.quota.observe(_said(limit=50, remaining=30))
    taken = await asyncio.gather(_taken(stores, 40, is_end=True), _taken(other, 40, is_end=True))
    assert sum(taken) == 30
    await other.aclose()


async def test_the_budget_is_full_again_after_the_reset(stores: RedisStores) -> None:
    await stores.quota.observe(_said(limit=20, remaining=0, reset_after_s=0.05))
    wait_s = await stores.quota.take(is_end=False)
    assert 0 < wait_s <= 0.05
    await asyncio.sleep(wait_s + 0.01)
    assert await stores.quota.take(is_end=False) == 0


async def test_answers_that_cross_never_raise_what_is_left(stores: RedisStores) -> None:
    await stores.quota.observe(_said(limit=20, remaining=3))
    await stores.quota.observe(_said(limit=20, remaining=9))
    assert await _taken(stores, 20, is_end=True) == 3


async def test_the_operators_cap_holds_without_a_word_from_talkifai(redis: Redis, redis_url: str) -> None:
    del redis  # emptied the server
    capped = RedisStores(connect(redis_url), requests_per_minute=10)
    assert await _taken(capped, 50, is_end=True) == 10
    await capped.aclose()


async def jumped(stores: RedisStores, elapsed_s: float) -> float:
    """Let a worker look at the clock after that time by its own; return by how much the clock has jumped."""
    await stores.sessions.begin_end(OTHER, "none", EndReason.IDLE)  # after a write the next tick looks
    return (await stores.sessions.tick(elapsed_s)).jump_s


async def test_one_of_two_leads_until_it_gives_up(stores: RedisStores) -> None:
    assert await stores.leader.take("telegram:1", "a", 10)
    assert not await stores.leader.take("telegram:1", "b", 10)
    assert await stores.leader.take("telegram:2", "b", 10)
    await stores.leader.give_up("telegram:1", "b")
    assert await stores.leader.take("telegram:1", "a", 10)
    await stores.leader.give_up("telegram:1", "a")
    assert await stores.leader.take("telegram:1", "b", 10)


async def test_a_leader_that_says_nothing_more_is_replaced(stores: RedisStores) -> None:
    assert await stores.leader.take("telegram:1", "a", 0.05)
    await asyncio.sleep(0.06)
    assert await stores.leader.take("telegram:1", "b", 10)
    assert not await stores.leader.take("telegram:1", "a", 10)


async def test_a_question_that_waits_can_be_changed_and_dropped(stores: RedisStores) -> None:
    """D12: queued: the edit counts, the deleted one is dropped."""
    for name in ("q1", "q2", "q3"):
        await stores.inbox.append(ask(name))
    lease = await stores.queue.claim()
    assert lease is not None
    head = await stores.queue.begin(lease)
    assert head is not None
    assert await stores.inbox.amend(Edit(origin("q1"), "in other words")) is IntakeResult.ASKED_ANEW
    assert await stores.inbox.amend(Edit(origin("q2"), "changed")) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Withdrawal(origin("q3"))) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Edit(origin("q9"), "unknown")) is IntakeResult.NOT_ADDRESSED
    await stores.queue.release(lease)
    assert await _waiting_texts(stores) == ["q1", "in other words", "changed"]


async def test_an_edit_makes_no_question_of_a_command_that_waits(stores: RedisStores) -> None:
    """D12: the same message keeps what it is."""
    help_wanted = command("q1", CommandName.HELP)
    await stores.inbox.append(help_wanted)
    assert await stores.inbox.amend(Edit(origin("q1"), "what is new?")) is IntakeResult.NOT_ADDRESSED
    assert (await begin(stores, await claim(stores))).queued == help_wanted


async def test_a_thread_whose_only_question_was_dropped_is_at_rest(stores: RedisStores) -> None:
    """D12: the deleted one is dropped."""
    await stores.inbox.append(ask("q1"))
    assert await stores.inbox.amend(Withdrawal(origin("q1"))) is IntakeResult.AMENDED
    assert await stores.queue.claim() is None


async def _waiting_texts(stores: RedisStores) -> list[str]:
    """Return the texts that wait in the thread, by answering them all."""
    texts = []
    lease = await claim(stores)
    more = True
    while more:
        texts.append(question_in(await begin(stores, lease)).text)
        more = await stores.queue.settle(lease, DONE)
    return texts


async def test_people_are_told_once_that_their_questions_wait(stores: RedisStores) -> None:
    """D10: one "queued" notice while the thread is busy."""
    became = [await stores.inbox.append(ask(f"q{number}")) for number in range(10)]
    assert became.count(IntakeResult.QUEUED) == 1


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
async def test_deadlines_move_along_when_the_servers_clock_jumps(
    stores: RedisStores, redis: Redis, redis_url: str, jump_s: float
) -> None:
    """P8: the clock jumps an hour: no mass end."""
    other = RedisStores(connect(redis_url))
    for worker in (stores, other):
        assert await jumped(worker, 0.0) == 0
    await bound(stores, "c1", THREAD, idle_timeout_s=60)
    # The server says that time went on; the worker says that it did not: the clock jumped.
    assert await jumped(stores, -jump_s) == pytest.approx(jump_s, abs=5)
    assert await jumped(other, -jump_s) == 0
    # What the clock says and what was noted of it belong together: so the deadline is as far away as it was.
    assert int(await redis.get(stores.keys.clock) or 0) == pytest.approx(jump_s * 1000, abs=5_000)
    await redis.zincrby(stores.keys.idle, -jump_s * 1000, str(THREAD))  # the real clock did not jump
    assert await stores.sessions.unbind_idle(10) == 0
    await redis.zincrby(stores.keys.idle, -61_000, str(THREAD))
    assert await stores.sessions.unbind_idle(10) == 1
    await other.aclose()


async def test_two_workers_that_disagree_about_the_clock_move_nothing_to_and_fro(
    stores: RedisStores, redis: Redis, redis_url: str
) -> None:
    """P8: a worker whose own clock stood still is alone with its jump."""
    other = RedisStores(connect(redis_url))
    for worker in (stores, other):
        await jumped(worker, 0.0)
    assert await jumped(stores, -600.0) == pytest.approx(600, abs=5)
    for _ in range(4):
        for worker in (stores, other):
            assert await jumped(worker, 0.0) == 0
    assert int(await redis.get(stores.keys.clock) or 0) == pytest.approx(600_000, abs=5_000)
    await other.aclose()


async def test_a_window_that_begins_anew_is_not_held_to_what_was_left_of_the_last(stores: RedisStores) -> None:
    await stores.quota.observe(_said(limit=20, remaining=1, reset_after_s=2.0))
    await stores.quota.observe(_said(limit=20, remaining=19, reset_after_s=60.0))
    assert await _taken(stores, 30, is_end=True) == 19


async def test_a_steady_clock_moves_nothing(stores: RedisStores) -> None:
    for _ in range(3):
        assert await jumped(stores, 0.0) == 0
