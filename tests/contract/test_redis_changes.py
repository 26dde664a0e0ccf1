"""A Redis that changes under the bridge: fails over, is full, forgets, is part of a cluster, stalls, or is huge."""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.redis_store import RedisStores, StoreLimits, check_server, connect
from adapters.redis_store.client import batching
from adapters.redis_store.client.commands import Commands
from adapters.redis_store.client.server_check import is_cluster
from adapters.redis_store.places import RedisPlaces
from bridge.domain.errors import LeaseLost, SettingWrong, StoreUnavailable
from bridge.domain.exchanges import Exchange
from bridge.domain.incoming import CommandName, IntakeResult
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Person, ThreadKey
from bridge.domain.turns import AnswerResult, Outcome, Settlement, Step
from tests.contract.own_redis import own_redis, run_on
from tests.contract.store_steps import DONE, OTHER, THREAD, ask, begin, begun, bound, claim, command, lost, session
from tests.fault.proxy import Proxy

MOST_BLOCKED_MS = 50.0


async def test_a_kept_connection_to_the_old_primary_is_dropped(redis: Redis) -> None:
    """R1: the old primary answers READONLY, the proxy sends only new connections to the new one."""
    del redis
    async with own_redis() as old, own_redis() as new:
        await run_on(new, "REPLICAOF", "127.0.0.1", urlsplit(old).port or 0)
        target = urlsplit(old).port
        async with Proxy(lambda: asyncio.open_connection("127.0.0.1", target)) as network:
            stores = RedisStores(connect(f"redis://127.0.0.1:{network.port}/0"))
            await stores.open()
            assert await stores.inbox.append(ask("q1")) is IntakeResult.ACCEPTED
            lease = await claim(stores)
            waiting = asyncio.ensure_future(stores.queue.wait_for_work(5))
            async with asyncio.timeout(20):
                while not await run_on(new, "HEXISTS", stores.keys.leases, str(THREAD)):  # noqa: ASYNC110 - as below
                    await asyncio.sleep(0.05)

            target = urlsplit(new).port
            await run_on(new, "REPLICAOF", "NO", "ONE")
            await run_on(old, "REPLICAOF", "127.0.0.1", urlsplit(new).port or 0)
            began = time.monotonic()
            async with asyncio.timeout(5):
                while True:
                    try:
                        assert (await begin(stores, lease)).queued.id == "q1"
                        break
                    except StoreUnavailable:
                        await asyncio.sleep(0.05)
                assert not await stores.queue.settle(lease, DONE)
                assert await stores.inbox.append(ask("q2")) is IntakeResult.ACCEPTED
            assert time.monotonic() - began < 5.0
            await asyncio.gather(waiting, return_exceptions=True)
            await stores.queue.wait_for_work(0.05)  # the other connection works too
            await stores.aclose()


async def test_what_must_not_be_lost_waits_for_a_replica(redis: Redis) -> None:
    """R3: a question kept and a conversation bound are on the replica when the call returns."""
    del redis
    async with own_redis() as primary, own_redis() as replica:
        await run_on(replica, "REPLICAOF", "127.0.0.1", urlsplit(primary).port or 0)
        async with asyncio.timeout(10):
            while await _replicas(primary) != 1:  # noqa: ASYNC110 - what happens in a server sets no event here
                await asyncio.sleep(0.05)
        stores = RedisStores(connect(primary))
        await stores.open()
        lease = await begun(stores)
        await stores.sessions.bind(lease, session("c1"), 600)
        stats: Any = await run_on(primary, "INFO", "commandstats")
        assert stats["cmdstat_wait"]["calls"] == 2
        await stores.aclose()


async def test_a_full_server_ends_sessions_and_finishes_what_it_took(redis: Redis) -> None:
    """R2: only new questions are refused, and they are taken again as soon as there is room."""
    del redis
    async with own_redis("--maxmemory-policy", "noeviction") as url:
        stores = RedisStores(connect(url))
        await bound(stores, "c1", THREAD, idle_timeout_s=0.001)
        assert await stores.inbox.append(ask("q1", OTHER)) is IntakeResult.ACCEPTED
        await run_on(url, "CONFIG", "SET", "maxmemory", 1)

        with pytest.raises(StoreUnavailable, match="OutOfMemory"):
            await stores.inbox.append(ask("q2"))
        assert (await stores.sessions.tick(0.0)).is_due
        assert await stores.sessions.unbind_idle(10) == 1
        (ending,) = await stores.sessions.claim_ends(10, 30)
        await stores.sessions.postpone_end(ending, 0.001)
        await stores.sessions.confirm_end(ending)
        assert [line["conversation"] for line in await stores.ledger(9)] == ["c1"]

        lease = await claim(stores)
        turn = replace(lease, question_id=(await begin(stores, lease)).queued.id)
        await stores.sessions.bind(lease, session("c2", OTHER), 600)
        await stores.queue.record_sending(turn, "c2", 0)
        await stores.queue.record_shown(turn, ["1"], "text", has_begun=True)
        await stores.queue.record_answer(turn, "text", AnswerResult(Outcome.ANSWERED))
        assert await lost(stores, lease) == []
        assert not await stores.queue.settle(turn, Settlement(Outcome.ANSWERED, 600, end_reason=EndReason.COMMAND))
        assert len(await stores.sessions.claim_ends(10, 30)) == 1

        await run_on(url, "CONFIG", "SET", "maxmemory", 0)
        assert await stores.inbox.append(ask("q3")) is IntakeResult.ACCEPTED
        await stores.aclose()


async def test_a_full_server_that_forgot_gets_back_what_this_worker_knows(redis: Redis) -> None:
    """R2, R3: conversations are ended, and the turn at work goes on."""
    del redis
    async with own_redis("--maxmemory-policy", "noeviction") as url:
        stores = RedisStores(connect(url))
        await stores.sessions.tick(0.0)
        await stores.inbox.append(command("h1", CommandName.HUMAN))
        taking = await claim(stores)
        assert (await begin(stores, taking)).queued.id == "h1"
        assert not await stores.queue.settle(taking, Settlement(Outcome.COMMAND_DONE, 600))
        said = Exchange("asked", "told", Person("U1"), at=time.time())
        settled = replace(await begun(stores, "q0", thread=OTHER), question_id="q0")
        await stores.sessions.bind(settled, session("c0", OTHER), 600)
        await stores.queue.record_sending(settled, "c0", 0)
        assert not await stores.queue.settle(settled, replace(DONE, exchange=said))
        beside = replace(OTHER, place="-200")
        lease = await begun(stores, "q1", thread=beside)
        await stores.sessions.bind(lease, session("c1", beside), 600)
        await run_on(url, "FLUSHALL")
        await run_on(url, "CONFIG", "SET", "maxmemory", 1)

        await stores.sessions.tick(10.0)
        (ending,) = await stores.sessions.claim_ends(9, 30)
        assert (ending.session.conversation.id, ending.reason) == ("c0", EndReason.FORGOTTEN)
        current = await stores.sessions.current(beside)
        assert current is not None
        assert current.conversation.id == "c1"
        assert await lost(stores, lease) == []
        assert await stores.take_overs.of_thread(THREAD) is not None
        assert [one.answer for one in await stores.exchanges.of_thread(OTHER)] == ["told"]
        await stores.aclose()


async def test_a_server_that_is_nearly_full_is_warned_of(redis: Redis) -> None:
    """R2: from 70 % of its memory on."""
    del redis
    async with own_redis() as url:
        client = connect(url)
        used = int((await client.info("memory"))["used_memory"])
        await run_on(url, "CONFIG", "SET", "maxmemory", used * 2)
        assert not [line for line in await check_server(client) if "of its memory" in line]
        await run_on(url, "CONFIG", "SET", "maxmemory", used + used // 10)
        assert [line for line in await check_server(client) if "BRIDGE_LEDGER_LINES" in line]
        await client.aclose()


async def test_a_turn_goes_on_and_all_conversations_end_when_redis_forgets(stores: RedisStores, redis: Redis) -> None:
    """R3: the live turn is written again with its record; what this worker knew to be open is ended."""
    await stores.sessions.tick(0.0)
    await bound(stores, "c-idle", OTHER)
    lease = await begun(stores, "q1")
    turn = replace(lease, question_id="q1")
    await stores.sessions.bind(lease, session("c-live"), 600)
    await stores.queue.record_sending(turn, "c-live", 4)
    await redis.flushall()

    await stores.queue.record_shown(turn, ["m1"], "so far", has_begun=True)
    await stores.sessions.tick(10.0)
    assert await lost(stores, lease) == []
    endings = await stores.sessions.claim_ends(9, 30)
    assert [(it.session.conversation.token, it.reason) for it in endings] == [("jwt-c-idle", EndReason.FORGOTTEN)]
    # The next worker would find all that was recorded.
    again = await begin(stores, lease)
    assert (again.record.step, again.record.conversation_id) == (Step.SENDING, "c-live")
    assert (again.record.message_ids, again.record.text, again.record.attempts) == (("m1",), "so far", 1)
    assert not await stores.queue.settle(turn, DONE)
    current = await stores.sessions.current(THREAD)
    assert current is not None
    assert current.conversation.id == "c-live"


async def test_two_workers_never_have_the_same_fence_when_redis_forgets(
    stores: RedisStores, redis: Redis, redis_url: str
) -> None:
    """R3: the counter begins anew; the worker that lost the thread finds that out and changes nothing."""
    other = RedisStores(connect(redis_url))
    first = await begun(stores, "q1")
    await redis.flushall()
    await other.inbox.append(ask("q1"))
    second = await claim(other)
    assert first.fence != second.fence
    assert await lost(stores, first) == [first]
    with pytest.raises(LeaseLost):
        await stores.queue.record_step(first, Step.SENDING)
    assert (await begin(other, second)).record.attempts == 1
    await other.aclose()


@pytest.mark.parametrize("finds_out", ["renewal", "record"])
async def test_a_question_that_another_worker_answered_does_not_come_back(
    stores: RedisStores, redis: Redis, redis_url: str, finds_out: str
) -> None:
    """R3: neither when Redis forgets, from the memory of the worker that lost it."""
    await stores.sessions.tick(0.0)
    lease, other = await begun(stores, "q1"), RedisStores(connect(redis_url))
    await redis.zadd(stores.keys.due, {str(THREAD): 0})
    taken = await claim(other)
    await begin(other, taken)
    assert not await other.queue.settle(taken, DONE)
    if finds_out == "renewal":
        assert await lost(stores, lease) == [lease]
    else:
        with pytest.raises(LeaseLost):
            await stores.queue.record_step(replace(lease, question_id="q1"), Step.SENDING)

    await redis.flushall()
    await stores.sessions.tick(10.0)
    assert await stores.queue.claim() is None
    assert await redis.exists(stores.keys.inbox(THREAD)) == 0
    await other.aclose()


async def test_a_late_write_for_a_settled_question_leaves_the_next_one_its_memory(
    stores: RedisStores, redis: Redis
) -> None:
    """R3: the turn at work is written again, whatever was refused before."""
    await stores.sessions.tick(0.0)
    lease = await begun(stores, "q1", "q2")
    assert await stores.queue.settle(lease, DONE)
    assert (await begin(stores, lease)).queued.id == "q2"
    with pytest.raises(LeaseLost):
        await stores.queue.record_shown(replace(lease, question_id="q1"), ["m1"], "late", has_begun=True)
    await redis.flushall()
    await stores.sessions.tick(10.0)
    assert (await begin(stores, lease)).queued.id == "q2"


async def test_a_settled_question_does_not_come_back(stores: RedisStores) -> None:
    """R3: only a server that has forgotten gets a turn written again."""
    lease = await begun(stores, "q1")
    assert not await stores.queue.settle(lease, DONE)
    for write in (stores.queue.settle(lease, DONE), stores.queue.record_step(lease, Step.SENDING)):
        with pytest.raises(LeaseLost):
            await write
    assert await lost(stores, lease) == [lease]
    assert await stores.queue.claim() is None


async def test_everything_works_in_a_cluster(redis: Redis) -> None:
    """R4: two nodes share the slots; the first one is asked, and the one that has ours is found."""
    del redis
    options = ("--cluster-enabled", "yes")
    async with own_redis(*options) as first, own_redis(*options) as second:
        await run_on(first, "CLUSTER", "ADDSLOTSRANGE", 0, 8191)
        await run_on(second, "CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
        await run_on(first, "CLUSTER", "MEET", "127.0.0.1", urlsplit(second).port or 0)
        for url in (first, second):
            async with asyncio.timeout(20):
                while not await _is_whole(url):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.1)
        seen = set()
        for url in (first, second):
            client = connect(url)
            assert await is_cluster(client)
            stores = RedisStores(client, prefix="{talkifai-bridge}")
            await stores.open()
            seen.add(await _a_whole_turn(stores, f"c-{urlsplit(url).port}"))
            await stores.aclose()
        assert seen == {True}


async def _replicas(url: str) -> int:
    info: Any = await run_on(url, "INFO", "replication")
    return int(info["connected_slaves"])


async def _is_whole(url: str) -> bool:
    info: Any = await run_on(url, "CLUSTER", "INFO")
    return "cluster_state:ok" in str(info)


async def _a_whole_turn(stores: RedisStores, conversation_id: str) -> bool:
    lease = await begun(stores, f"q-{conversation_id}")
    await stores.sessions.bind(lease, session(conversation_id), 600)
    answered = Settlement(Outcome.ANSWERED, 600, end_reason=EndReason.COMMAND, may_be_rated=True)
    assert not await stores.queue.settle(lease, answered)
    (ending,) = await stores.sessions.claim_ends(9, 30)
    await stores.sessions.confirm_end(ending)
    await stores.sessions.tick(0.0)
    await stores.queue.wait_for_work(0.02)
    places = stores.places
    assert isinstance(places, RedisPlaces)
    assert await places.leave("slack", "T1", "C:1") == 0
    return bool((await stores.ledger(1))[0]["conversation"] == conversation_id)


class _LosesAnswers(Commands):
    """Carries a script out and then loses its answer, so often."""

    losses = 0

    async def _send_steps(self, steps: Sequence[batching.Step], *, is_durable: bool = False) -> list[Any]:
        result = await super()._send_steps(steps, is_durable=is_durable)
        if self.losses:
            self.losses -= 1
            raise RedisConnectionError
        return result


async def test_a_claim_whose_answer_was_lost_is_answered_again(stores: RedisStores, redis_url: str) -> None:
    """R6: no thread is leased to no worker, no end is claimed for no reaper, attempts count once."""
    flaky = RedisStores(connect(redis_url), commands=_LosesAnswers)
    commands = flaky.commands
    assert isinstance(commands, _LosesAnswers)
    await stores.inbox.append(ask("q1"))
    commands.losses = 1
    with pytest.raises(StoreUnavailable):
        await flaky.queue.claim()
    lease = await claim(flaky)
    commands.losses = 2
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await flaky.queue.begin(lease)
    assert (await begin(flaky, lease)).record.attempts == 1

    await flaky.sessions.bind(lease, session("c1"), 600)
    await flaky.queue.settle(lease, Settlement(Outcome.ANSWERED, 600, end_reason=EndReason.AGENT))
    commands.losses = 1
    with pytest.raises(StoreUnavailable):
        await flaky.sessions.claim_ends(9, 30)
    (ending,) = await flaky.sessions.claim_ends(9, 30)
    assert ending.attempts == 1
    await flaky.aclose()


async def test_a_database_that_is_not_there_is_said_at_the_start(redis: Redis) -> None:
    """P5: not an error each second while the worker says that it is ready."""
    del redis
    async with own_redis() as url:
        client = connect(url.replace("/0", "/99"))
        with pytest.raises(SettingWrong, match=r"^REDIS_URL: the server has no database of that number"):
            await check_server(client)
        await client.aclose()


async def test_callers_that_left_leave_no_exception_behind(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """R6: during a stall many give up, and the pool is exhausted."""
    del redis
    async with own_redis() as url, Proxy.to(url) as network:
        address = f"redis://127.0.0.1:{network.port}/0?socket_timeout=0.2"
        stores = RedisStores(connect(address, max_connections=2))
        await stores.sessions.counts()
        network.freeze()
        calls = [asyncio.ensure_future(stores.sessions.counts()) for _ in range(20)]
        await asyncio.sleep(0.05)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await stores.aclose()
        del calls
        gc.collect()
        await asyncio.sleep(0)
    assert not [record for record in caplog.records if "never retrieved" in record.getMessage()]


@pytest.mark.timeout(240)
async def test_a_million_sessions_block_redis_for_no_call(redis: Redis) -> None:
    """R22: a bot removed, a jump of the clock, a sweep. The slowest command is read from the server's own slow log.

    The best of three tries counts: what blocks the server blocks it each time, and a busy machine does not.
    """
    del redis
    async with own_redis("--slowlog-log-slower-than", "0", "--slowlog-max-len", "1") as url:
        stores = RedisStores(connect(url, max_connections=4), limits=StoreLimits())
        client = connect(url)
        await _fill(client, stores.keys.idle, 1_000_000)
        await run_on(url, "CONFIG", "SET", "slowlog-max-len", 10_000)
        await run_on(url, "CONFIG", "SET", "slowlog-log-slower-than", 20_000)
        slow = [await _slow_calls(url, client, stores) for _ in range(3)]
        assert min(slow, key=len) == []
        await client.aclose()
        await stores.aclose()


async def _slow_calls(url: str, client: Redis, stores: RedisStores) -> list[float]:
    """Do what looks at all sessions; return how long each call took (ms) that blocked the server for too long."""
    await run_on(url, "SLOWLOG", "RESET")
    assert isinstance(stores.places, RedisPlaces)
    assert await stores.places.leave("slack", "T1", "C7") == 0
    await stores.sessions.tick(0.0)
    await stores.sessions.begin_end(OTHER, "none", EndReason.IDLE)
    assert (await stores.sessions.tick(-3600.0)).jump_s > 0
    await stores.sessions.unbind_idle(100)
    slow: Sequence[Any] = await client.slowlog_get(100)
    return [entry["duration"] / 1000 for entry in slow if entry["duration"] / 1000 > MOST_BLOCKED_MS]


async def _fill(client: Redis, key: str, count: int) -> None:
    for start in range(0, count, 10_000):
        names = (str(ThreadKey("slack", "T1", f"C{n % 1000}", str(n))) for n in range(start, start + 10_000))
        await client.zadd(key, {name: float(start) for name in names})
