"""The channels' limits: one set of promises, kept by Redis for all workers and by one process alone."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from redis.asyncio import Redis

from adapters.redis_store.client.connection import connect
from adapters.redis_store.stores import RedisStores
from bridge.domain.limits.rate_limits import LIVE_FOR_S, Budget, CallRequest, LiveReply, Priority
from bridge.ports.stores.coordination import CallBudgets
from bridge.rate_limits.local_budgets import LocalBudgets
from bridge.runtime.clock import SystemClock

_GROUP = Budget("telegram:1:-5", 20, 60.0)
_EDITS = Budget("slack:T1:chat.update", 48, 60.0)
_SHORT = Budget("telegram:1:5", 3, 0.3, keeps_room=False)
_NUMBERS = itertools.count(1)


def _call(
    kind: Priority, *budgets: Budget, reply: str = "", waits_s: float = 0.0, is_last: bool = False
) -> CallRequest:
    return CallRequest(f"call {next(_NUMBERS)}", kind, budgets, reply, is_last, waits_s)


def _reply(name: str, *scopes: Budget, is_shown: bool = True) -> LiveReply:
    return LiveReply(name, scopes, () if is_shown else tuple(budget.scope for budget in scopes))


async def _use(budgets: CallBudgets, count: int, budget: Budget) -> None:
    for _ in range(count):
        assert (await budgets.take(_call(Priority.FINAL, budget))).wait_s == 0


@pytest.fixture(params=["redis", "local"])
async def budgets(request: pytest.FixtureRequest, stores: RedisStores) -> CallBudgets:
    return stores.budgets if request.param == "redis" else LocalBudgets(SystemClock())


@pytest.fixture
async def other(redis_url: str) -> AsyncIterator[CallBudgets]:
    """What another worker sees."""
    stores = RedisStores(connect(redis_url))
    yield stores.budgets
    await stores.aclose()


# ---------------------------------------------------------------- what both promise


async def test_no_more_calls_than_the_budget_has(budgets: CallBudgets) -> None:
    await _use(budgets, 20, _GROUP)
    answer = await budgets.take(_call(Priority.FINAL, _GROUP))
    assert answer.wait_s > 0


async def test_a_window_that_is_over_is_free_again(budgets: CallBudgets) -> None:
    await _use(budgets, 3, _SHORT)
    answer = await budgets.take(_call(Priority.FINAL, _SHORT))
    assert 0 < answer.wait_s <= 0.31
    await asyncio.sleep(answer.wait_s + 0.01)
    assert (await budgets.take(_call(Priority.FINAL, _SHORT))).wait_s == 0


async def test_a_call_counts_in_all_its_scopes_or_in_none(budgets: CallBudgets) -> None:
    bot = Budget("telegram:1", 30, 60.0, keeps_room=False)
    await _use(budgets, 20, _GROUP)
    assert (await budgets.take(_call(Priority.FINAL, bot, _GROUP))).wait_s > 0
    await _use(budgets, 30, bot)


async def test_in_between_edits_leave_room_for_the_last_text_of_every_live_reply(budgets: CallBudgets) -> None:
    await budgets.join([_reply(f"r{number}", _EDITS) for number in range(10)])
    taken = [await budgets.take(_call(Priority.BETWEEN, _EDITS, reply="r1")) for _ in range(40)]
    assert [answer.wait_s for answer in taken].count(0) == 38
    await _use(budgets, 10, _EDITS)


async def test_first_texts_leave_room_for_all_last_ones(budgets: CallBudgets) -> None:
    ten = [_reply(f"r{number}", _GROUP, is_shown=False) for number in range(10)]
    await budgets.join(ten)
    first = [await budgets.take(_call(Priority.FIRST, _GROUP, reply=reply.id)) for reply in ten]
    assert [answer.wait_s for answer in first] == [0] * 10
    assert (await budgets.take(_call(Priority.BETWEEN, _GROUP, reply="r1"))).wait_s > 0
    last = [await budgets.take(_call(Priority.FINAL, _GROUP, reply=reply.id, is_last=True)) for reply in ten]
    assert [answer.wait_s for answer in last] == [0] * 10


async def test_where_not_all_can_have_a_first_text_the_last_ones_come_in_time(budgets: CallBudgets) -> None:
    twenty = [_reply(f"r{number}", _GROUP, is_shown=False) for number in range(20)]
    await budgets.join(twenty)
    assert (await budgets.take(_call(Priority.FIRST, _GROUP, reply="r1"))).wait_s > 0
    last = [await budgets.take(_call(Priority.FINAL, _GROUP, reply=reply.id, is_last=True)) for reply in twenty]
    assert [answer.wait_s for answer in last] == [0] * 20


async def test_a_reply_that_has_made_its_last_call_needs_no_more_room(budgets: CallBudgets) -> None:
    (room,) = (await budgets.join([_reply("r1", _GROUP), _reply("r2", _GROUP)])).values()
    assert (room.live, room.calls) == (2, 18)
    await budgets.take(_call(Priority.FINAL, _GROUP, reply="r1", is_last=True))
    await budgets.leave([_reply("r2", _GROUP)])
    (room,) = (await budgets.join([_reply("r3", _GROUP)])).values()
    assert (room.live, room.calls) == (1, 18)


async def test_signs_of_life_are_the_first_to_be_left_out(budgets: CallBudgets) -> None:
    await _use(budgets, 15, _GROUP)
    assert (await budgets.take(_call(Priority.COSMETIC, _GROUP))).wait_s > 0
    assert (await budgets.take(_call(Priority.BETWEEN, _GROUP))).wait_s == 0


async def test_typing_signs_of_a_crowd_leave_half_of_a_bots_calls_to_its_texts(budgets: CallBudgets) -> None:
    bot = Budget("telegram:1", 22, 60.0, keeps_room=False)
    signs = [await budgets.take(_call(Priority.COSMETIC, bot)) for _ in range(22)]
    assert [sign.wait_s for sign in signs].count(0) == 11
    texts = [await budgets.take(_call(Priority.FIRST, bot)) for _ in range(22)]
    assert [text.wait_s for text in texts].count(0) == 11


async def test_a_429_stops_its_scope_until_its_time_and_no_other(budgets: CallBudgets) -> None:
    """S9: one chat is limited: all others go on."""
    await budgets.pause(_GROUP.scope, 30.0)
    assert 29 < (await budgets.take(_call(Priority.FINAL, _GROUP))).wait_s <= 30
    assert (await budgets.take(_call(Priority.FINAL, _EDITS))).wait_s == 0
    await budgets.pause(_SHORT.scope, 0.05)
    await asyncio.sleep(0.06)
    assert (await budgets.take(_call(Priority.FINAL, _SHORT))).wait_s == 0


async def test_the_longer_of_two_429s_counts(budgets: CallBudgets) -> None:
    await budgets.pause(_GROUP.scope, 30.0)
    await budgets.pause(_GROUP.scope, 1.0)
    assert (await budgets.take(_call(Priority.FINAL, _GROUP))).wait_s > 29


async def test_a_first_text_goes_only_where_the_last_one_will_find_room(budgets: CallBudgets) -> None:
    """S8: half a sentence that stands for a minute is worse than a whole answer in a while."""
    posts = Budget("slack:T1:post", 240, 60.0, keeps_room=False)
    edits = replace(_EDITS, calls=3)
    first = [replace(_call(Priority.FIRST, posts, reply=f"r{n}"), reserves=(edits,)) for n in range(5)]
    assert [(await budgets.take(asked)).wait_s > 0 for asked in first] == [False, False, False, True, True]
    # Asked again after a post that failed, a reply has its room already.
    assert (await budgets.take(first[0])).wait_s == 0
    # A reply that needs no more edits leaves room for another one; a call that was made takes it up for a minute.
    await budgets.leave([LiveReply("r1", (edits,))])
    assert (await budgets.take(first[3])).wait_s == 0
    assert (await budgets.take(replace(_call(Priority.FINAL, edits, reply="r0"), is_last=True))).wait_s == 0
    assert (await budgets.take(first[4])).wait_s > 0


async def test_a_first_text_whose_last_one_has_no_room_yet_learns_when_time_will_have_made_it(
    budgets: CallBudgets,
) -> None:
    edits = replace(_EDITS, calls=2, window_s=12.0)
    first = replace(_call(Priority.FIRST, _SHORT, reply="r1"), reserves=(edits,))
    await budgets.join([_reply("r2", edits)])
    await _use(budgets, 1, edits)
    # A call counts from 0.24 s on, and is over within the 10 s ahead 2 s later.
    assert (await budgets.take(first)).wait_s == pytest.approx(2.24, abs=0.5)
    await budgets.join([_reply("r3", edits)])
    # Time alone makes no room for both of the replies that are shown, and for this one.
    assert (await budgets.take(first)).wait_s == pytest.approx(5.0)


async def test_a_first_text_waits_for_a_429_that_would_hold_the_last_one_up(budgets: CallBudgets) -> None:
    first = replace(_call(Priority.FIRST, _SHORT, reply="r1"), reserves=(_EDITS,))
    await budgets.pause(_EDITS.scope, 30.0)
    assert (await budgets.take(first)).wait_s > 0


async def test_a_call_that_waits_for_time_alone_learns_when_its_place_comes(budgets: CallBudgets) -> None:
    """So a crowd does not ask again all at once, and no free place stays unused."""
    few = Budget("few", 2, 1.0, keeps_room=False)
    await budgets.join([_reply(f"r{number}", few) for number in range(5)])
    await _use(budgets, 2, few)
    asked = [_call(Priority.FINAL, few, reply=f"r{number}", waits_s=9.0 - number) for number in range(5)]
    waits = [(await budgets.take(one)).wait_s for one in asked]
    assert waits == pytest.approx([1.02, 1.02, 2.04, 2.04, 3.06], abs=0.3)
    # With one reply less before it, the last one moves up.
    await budgets.leave([_reply("r0", few)])
    assert (await budgets.take(asked[-1])).wait_s < 2.4


async def test_where_replies_that_end_make_room_a_call_asks_again_soon_and_else_when_time_has_made_some(
    budgets: CallBudgets,
) -> None:
    await budgets.join([_reply(f"r{number}", _GROUP) for number in range(10)])
    await _use(budgets, 10, _GROUP)
    assert 0 < (await budgets.take(_call(Priority.BETWEEN, _GROUP, reply="r1"))).wait_s <= 0.7
    await _use(budgets, 10, _GROUP)
    assert (await budgets.take(_call(Priority.FINAL, _GROUP, reply="r1"))).wait_s > 55


@dataclass(frozen=True, slots=True)
class _Waiting:
    kind: Priority
    reply: str
    waits_s: float


async def test_who_waits_for_the_same_room_goes_by_kind_and_then_the_stalest_first(budgets: CallBudgets) -> None:
    few = Budget("few", 2, 0.6, keeps_room=False)
    line = [
        _Waiting(Priority.BETWEEN, "fresh", 1.0),
        _Waiting(Priority.BETWEEN, "stale", 9.0),
        _Waiting(Priority.FINAL, "ended", 0.1),
    ]
    await budgets.join([_reply(waiting.reply, few) for waiting in line])
    await _use(budgets, 2, few)
    for waiting in (*line, *line):
        asked = _call(waiting.kind, few, reply=waiting.reply, waits_s=waiting.waits_s)
        assert (await budgets.take(asked)).wait_s > 0
    await asyncio.sleep(0.62)

    answers = {}
    for waiting in line:
        asked = _call(waiting.kind, few, reply=waiting.reply, waits_s=waiting.waits_s + 0.62)
        answers[waiting.reply] = (await budgets.take(asked)).wait_s
    # Two places, and the first caller leaves them to those before it.
    assert answers["ended"] == 0
    assert answers["stale"] == 0
    assert answers["fresh"] > 0


async def test_a_slow_call_counts_from_its_end(budgets: CallBudgets) -> None:
    slow = _call(Priority.FINAL, _SHORT)
    await budgets.take(slow)
    await _use(budgets, 2, _SHORT)
    await asyncio.sleep(0.2)
    await budgets.finish(slow)
    await asyncio.sleep(0.15)
    await _use(budgets, 2, _SHORT)
    assert (await budgets.take(_call(Priority.FINAL, _SHORT))).wait_s > 0


# ---------------------------------------------------------------- what Redis adds


async def test_two_workers_never_take_more_than_one_budget(stores: RedisStores, other: CallBudgets) -> None:
    asked = [worker.take(_call(Priority.FINAL, _GROUP)) for worker in (stores.budgets, other) for _ in range(15)]
    answers = await asyncio.gather(*asked)
    assert [answer.wait_s for answer in answers].count(0) == 20


async def test_a_429_that_one_worker_saw_holds_back_the_other(stores: RedisStores, other: CallBudgets) -> None:
    """S8: no call in the forbidden time, by anybody."""
    await stores.budgets.pause(_GROUP.scope, 30.0)
    assert (await other.take(_call(Priority.FINAL, _GROUP))).wait_s > 29


async def test_the_room_for_last_texts_is_kept_for_replies_of_all_workers(
    stores: RedisStores, other: CallBudgets
) -> None:
    await other.join([_reply(f"other {number}", _GROUP) for number in range(12)])
    await stores.budgets.join([_reply("r1", _GROUP)])
    taken = [await stores.budgets.take(_call(Priority.BETWEEN, _GROUP, reply="r1")) for _ in range(10)]
    assert [answer.wait_s for answer in taken].count(0) == 7


async def test_the_replies_of_a_killed_worker_are_forgotten(stores: RedisStores, redis: Redis) -> None:
    await stores.budgets.join([_reply(f"dead {number}", _GROUP, is_shown=False) for number in range(19)])
    assert (await stores.budgets.take(_call(Priority.BETWEEN, _GROUP))).wait_s > 0
    for kind in ("live", "unshown"):
        key = stores.keys.pace(kind, _GROUP.scope)
        for number in range(19):
            await redis.zincrby(key, -LIVE_FOR_S * 1000, f"dead {number}")
    assert (await stores.budgets.take(_call(Priority.BETWEEN, _GROUP))).wait_s == 0


async def test_all_that_is_kept_of_a_scope_is_forgotten_in_time(stores: RedisStores, redis: Redis) -> None:
    reply = _reply("r1", _EDITS, is_shown=False)
    await stores.budgets.join([reply])
    await _use(stores.budgets, 48, _EDITS)
    await stores.budgets.take(_call(Priority.BETWEEN, _EDITS, reply="r1"))
    asked = _call(Priority.FINAL, _SHORT)
    await stores.budgets.take(replace(asked, reserves=(Budget("later", 9, 60.0),), reply="r1"))
    await stores.budgets.finish(asked)
    await stores.budgets.pause(_EDITS.scope, 5.0)
    kept = [key async for key in redis.scan_iter(match=f"{stores.keys.prefix}:pace:*")]
    assert len(kept) == 7
    assert all([await redis.pttl(key) > 0 for key in kept])
