"""What operators watch of the store, on a real server."""

import time
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores
from bridge.domain.errors import StoreUnavailable
from bridge.domain.limits.allowances import Allowances, Asking
from bridge.domain.sessions import EndReason
from tests.contract.store_steps import OTHER, THREAD, ask, claim, session


async def test_the_ages_of_open_sessions_are_had_in_one_exchange(stores: RedisStores) -> None:
    for number, thread in enumerate((THREAD, OTHER), 1):
        await stores.inbox.append(ask(f"q{number}", thread))
        opened = replace(session(f"c{number}", thread), opened_at=time.time() - 100.0 * number)
        await stores.sessions.bind(await claim(stores), opened, 600.0)
    assert [round(age) for age in sorted(await stores.health.session_ages())] == [100, 200]
    await stores.sessions.begin_end(THREAD, "c1", EndReason.COMMAND)
    assert [round(age) for age in await stores.health.session_ages()] == [200]


async def test_what_all_people_used_today_is_counted(stores: RedisStores) -> None:
    assert (await stores.health.figures()).used_today == {"messages": 0, "tokens": 0}
    for name in ("q1", "q2"):
        await stores.allowances.take_question(Asking(THREAD, "U1", name), Allowances())
    await stores.allowances.count_tokens(Asking(THREAD, "U1", "q1"), 70, Allowances())
    assert (await stores.health.figures()).used_today == {"messages": 2, "tokens": 70}


async def test_yesterdays_use_is_not_todays(stores: RedisStores, redis: Redis) -> None:
    await redis.hset(stores.keys.allowance("total"), mapping={"day": "1", "messages": "9", "tokens": "9"})
    assert (await stores.health.figures()).used_today == {"messages": 0, "tokens": 0}


async def test_commands_that_fail_are_counted(stores: RedisStores, redis: Redis) -> None:
    assert stores.health.errors == 0
    await redis.set(stores.keys.dead, "no list")
    with pytest.raises(StoreUnavailable):
        await stores.health.figures()
    assert stores.health.errors == 1
