"""Steps that are asked for in one moment are one command, and each gets its own answer."""

import asyncio

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores, StoreLimits, connect
from bench.redis_commands import monitored
from bridge.domain.errors import StoreUnavailable
from bridge.domain.sessions import Session
from tests.contract.own_redis import own_redis, run_on
from tests.contract.store_steps import OTHER, THREAD, ask, begin, bound, claim


async def test_steps_of_one_moment_are_one_command(stores: RedisStores, redis_url: str) -> None:
    """The command ends in an answer for each; a session that is not there is an answer too."""
    await bound(stores, "c1", THREAD)
    await stores.commands.load()
    async with monitored(redis_url) as counted:
        found = await asyncio.gather(
            stores.sessions.current(THREAD),
            stores.sessions.current(OTHER),
            stores.leader.take("poll", "a", 10.0),
            stores.leader.take("poll", "b", 10.0),
        )
        await asyncio.sleep(0.05)
    assert [found[0] is None, *found[1:]] == [False, None, True, False]
    assert dict(counted) == {"plain+plain+lead+lead": 1}


async def test_a_step_that_has_time_goes_along_with_the_next_one(stores: RedisStores, redis_url: str) -> None:
    await stores.commands.load()
    async with monitored(redis_url) as counted:
        patient = asyncio.ensure_future(stores.leader.take("poll", "a", 10.0, can_wait_s=30.0))
        await asyncio.sleep(0.05)
        assert not patient.done()
        assert await stores.sessions.current(OTHER) is None
        assert await patient
        await asyncio.sleep(0.05)
    assert dict(counted) == {"lead+plain": 1}


async def test_a_step_that_has_time_goes_alone_when_that_is_over(stores: RedisStores) -> None:
    async with asyncio.timeout(5):
        assert await stores.leader.take("poll", "a", 10.0, can_wait_s=0.02)


async def test_what_waits_is_sent_when_the_stores_are_closed(redis_url: str) -> None:
    stores = RedisStores(connect(redis_url))
    patient = asyncio.ensure_future(stores.leader.take("poll", "a", 10.0, can_wait_s=30.0))
    await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await stores.aclose()
        assert await patient


async def test_an_error_of_one_step_is_not_the_others(stores: RedisStores, redis: Redis) -> None:
    """A key of a wrong type stands for whatever goes wrong in a script."""
    await redis.set(stores.keys.session(OTHER), "no hash")
    await bound(stores, "c1", THREAD)
    found = await asyncio.gather(
        stores.sessions.current(OTHER), stores.sessions.current(THREAD), return_exceptions=True
    )
    assert isinstance(found[0], StoreUnavailable)
    assert "WRONGTYPE" in str(found[0])
    assert isinstance(found[1], Session)
    assert found[1].conversation.id == "c1"


async def test_a_caller_that_left_takes_no_other_along(stores: RedisStores) -> None:
    await bound(stores, "c1", THREAD)
    leaves, stays = (asyncio.ensure_future(stores.sessions.current(THREAD)) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    assert await stays is not None
    with pytest.raises(asyncio.CancelledError):
        await leaves


async def test_a_full_server_takes_no_question_beside_other_steps() -> None:
    """R2: what may go on there goes on."""
    async with own_redis("--maxmemory", "0", "--maxmemory-policy", "noeviction") as url:
        stores = RedisStores(connect(url), limits=StoreLimits())
        await stores.open()
        await stores.inbox.append(ask("q1"))
        lease = await claim(stores)
        await begin(stores, lease)
        await run_on(url, "CONFIG", "SET", "maxmemory", "1mb")
        found = await asyncio.gather(
            stores.inbox.append(ask("q2", OTHER)), stores.queue.renew([lease]), return_exceptions=True
        )
        assert isinstance(found[0], StoreUnavailable)
        assert not isinstance(found[1], BaseException)
        assert not found[1].lost
        await stores.aclose()
