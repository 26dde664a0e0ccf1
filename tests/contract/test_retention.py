"""What is older than the operator wants it to become is deleted."""

from redis.asyncio import Redis

from adapters.redis_store.schema.store_limits import StoreLimits
from adapters.redis_store.stores import RedisStores
from bridge.domain.limits.retention import PersonKey
from tests.contract.store_steps import begun
from tests.fakes import question

_DAY_MS = 86_400_000


async def test_lines_and_dead_letters_that_are_too_old_go(redis: Redis) -> None:
    """A28: each has an age of its own."""
    limits = StoreLimits(ledger_s=10 * 86_400.0, ratings_s=5 * 86_400.0, dead_letter_s=3 * 86_400.0)
    stores = RedisStores(redis, limits=limits)
    seconds, _ = await redis.time()
    now_ms = int(seconds) * 1000
    for days in (12, 7, 1):
        for stream in (stores.keys.ledger, stores.keys.ratings):
            await redis.xadd(stream, {"person": f"U{days}", "channel": "fake"}, id=f"{now_ms - days * _DAY_MS}-0")
        await redis.lpush(stores.keys.dead, f'{{"thread":"t","at_ms":"{now_ms - days * _DAY_MS}","question":"{{}}"}}')
    await stores.retention.drop_old()
    assert await redis.xlen(stores.keys.ledger) == 2
    assert await redis.xlen(stores.keys.ratings) == 1
    assert await redis.llen(stores.keys.dead) == 1


async def test_only_the_persons_own_dead_letters_go(redis: Redis) -> None:
    stores = RedisStores(redis)
    lease = await begun(stores, "q1")
    await stores.queue.dead_letter(lease, "too many attempts", 60.0)
    asked = question()
    assert (await stores.retention.forget(PersonKey("fake", "", "nobody"))).dead_letters == 0
    assert (await stores.retention.forget(PersonKey("other", "", asked.person.id))).dead_letters == 0
    assert (await stores.retention.forget(PersonKey(lease.thread.channel, "", asked.person.id))).dead_letters == 1
