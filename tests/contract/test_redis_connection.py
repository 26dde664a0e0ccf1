"""What happens to the stores when Redis is away, is set up badly, or answers late."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.redis_store import EmbeddedServer, RedisStores, check_server, connect, start_embedded
from bridge.domain.errors import SettingWrong, StoreUnavailable
from bridge.domain.incoming import IntakeResult, Origin, Question
from bridge.domain.sessions import Conversation, EndReason, Session
from bridge.domain.threads import Address, Person, ThreadKey

THREAD = ThreadKey("slack", "T1", "C1", "1")
SESSION = Session(THREAD, Conversation("c1", "jwt"), "Ada", "U1", "u@example.com", 5.5)


@pytest.fixture
async def own_server(short_tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A server that a test may stop or set up as it likes."""
    server = await asyncio.to_thread(start_embedded, short_tmp_path)
    yield server
    await asyncio.to_thread(server.stop)


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://localhost", "redis://localhost:port", "redis://", "", "redis://:secret@:6379"]
)
def test_a_bad_address_names_the_setting_and_keeps_its_secret(url: str) -> None:
    with pytest.raises(SettingWrong, match=r"^REDIS_URL: ") as caught:
        connect(url)
    assert "secret" not in str(caught.value)


async def test_a_tls_address_takes_a_self_signed_certificate_only_when_told() -> None:
    strict, lax = connect("rediss://h:6380"), connect("rediss://h:6380", tls_verify=False)
    assert "ssl_cert_reqs" not in strict.connection_pool.connection_kwargs
    assert lax.connection_pool.connection_kwargs["ssl_cert_reqs"] == "none"
    plain = connect("redis://h:6380", tls_verify=False)
    assert "ssl_cert_reqs" not in plain.connection_pool.connection_kwargs
    for client in (strict, lax, plain):
        await client.aclose()


async def test_redis_away_is_said_in_our_own_words(own_server: EmbeddedServer) -> None:
    """P1: an append that did not happen raises, so that nothing is acknowledged."""
    stores = RedisStores(connect(own_server.url))
    assert await stores.sessions.counts() == (0, 0)
    await asyncio.to_thread(own_server.stop)
    for call in (
        stores.queue.claim(),
        stores.queue.wait_for_work(1),
        stores.sessions.current(THREAD),
        stores.sessions.unbind_idle(10),
        stores.sessions.queue_end(SESSION, EndReason.IDLE),
        stores.reply_roots.root_of("a", "b", "c"),
        stores.ledger(1),
    ):
        with pytest.raises(StoreUnavailable, match=r"^Redis does not answer \("):
            await call
    redis = connect(own_server.url)
    with pytest.raises(StoreUnavailable):
        await check_server(redis)
    await redis.aclose()
    await stores.aclose()


async def test_a_restart_of_redis_loses_nothing(own_server: EmbeddedServer, short_tmp_path: Path) -> None:
    """P3: the same client goes on after the restart, scripts included."""
    stores = RedisStores(connect(own_server.url))
    await stores.sessions.queue_end(SESSION, EndReason.IDLE)
    await asyncio.to_thread(own_server.stop)
    again = await asyncio.to_thread(start_embedded, short_tmp_path)
    (ending,) = await stores.sessions.claim_ends(10, 30)
    assert ending.session == SESSION
    await stores.aclose()
    await asyncio.to_thread(again.stop)


async def test_a_server_that_is_full_is_unavailable(own_server: EmbeddedServer) -> None:
    stores, redis = RedisStores(connect(own_server.url)), connect(own_server.url)
    await redis.config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable, match="OutOfMemory"):
        await stores.reply_roots.remember("a", "b", "c", "d")
    await redis.aclose()
    await stores.aclose()


async def test_a_healthy_server_needs_no_warning(own_server: EmbeddedServer) -> None:
    redis = connect(own_server.url)
    assert await check_server(redis) == []
    await redis.aclose()


async def test_eviction_and_missing_persistence_are_warned_of(own_server: EmbeddedServer) -> None:
    """P5: one sentence for each, with the setting to change."""
    redis = connect(own_server.url)
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    await redis.config_set("appendonly", "no")
    evicts, forgets = await check_server(redis)
    assert "maxmemory-policy is allkeys-lru" in evicts
    assert "appendonly" in forgets
    await redis.aclose()


async def test_a_service_that_forbids_config_is_looked_at_without_it(own_server: EmbeddedServer) -> None:
    """P5: what cannot be read is passed over, but that nothing may be kept is said."""
    redis = connect(own_server.url)
    await redis.config_set("appendonly", "no")
    await redis.execute_command(  # type: ignore[no-untyped-call]  # the library left it bare
        "ACL", "SETUSER", "guest", "on", ">pw", "~*", "+@all", "-config"
    )
    guest = connect(own_server.url.replace("unix://", "unix://guest:pw@"))
    (warning,) = await check_server(guest)
    assert "choose a plan that persists" in warning
    await guest.aclose()
    await redis.aclose()


async def test_a_refused_password_names_the_setting(own_server: EmbeddedServer) -> None:
    redis = connect(own_server.url.replace("unix://", "unix://guest:canary@"))
    with pytest.raises(SettingWrong, match=r"^REDIS_URL: .*password") as caught:
        await check_server(redis)
    assert "canary" not in str(caught.value)
    await redis.aclose()


async def test_a_server_too_old_is_refused(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    async def old(_section: str) -> dict[str, object]:
        await asyncio.sleep(0)
        return {"redis_version": "6.0.16"}

    monkeypatch.setattr(redis, "info", old)
    with pytest.raises(SettingWrong, match=r"version 6\.0\.16"):
        await check_server(redis)


async def test_many_callers_share_few_connections(stores: RedisStores, redis: Redis) -> None:
    waiting = [asyncio.ensure_future(stores.queue.wait_for_work(1)) for _ in range(30)]
    await asyncio.gather(*(stores.reply_roots.remember("a", "b", str(number), "r") for number in range(300)))
    assert len(await redis.client_list()) <= 10 + 1 + 1
    for wait in waiting:
        wait.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@asynccontextmanager
async def slow_road(server_path: str, road_path: Path, delay_s: float) -> AsyncIterator[str]:
    """A way to the server on which every answer takes that long."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(delay_s)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(server_path)
        await asyncio.gather(carry(reader, far_writer, 0), carry(far_reader, writer, delay_s))

    server = await asyncio.start_unix_server(serve, road_path)
    yield f"unix://{road_path}"
    server.close()


async def test_a_cancelled_command_never_gives_its_answer_to_another(
    stores: RedisStores, redis_server: EmbeddedServer, short_tmp_path: Path
) -> None:
    """P4: random cancels on a slow connection."""
    seeded = random.Random(4)  # noqa: S311 - repeatable, not secret
    for number in range(50):
        await stores.reply_roots.remember("a", "b", str(number), f"root of {number}")
    path = str(redis_server._socket_path)
    async with slow_road(path, short_tmp_path / "road.sock", 0.01) as url:
        slow = RedisStores(connect(url, max_connections=3))

        async def read(number: int) -> None:
            try:
                async with asyncio.timeout(seeded.choice([0.0, 0.005, 0.01, 0.02, 5.0])):
                    assert await slow.reply_roots.root_of("a", "b", str(number)) == f"root of {number}"
            except TimeoutError:
                return

        for _ in range(6):
            await asyncio.gather(*(read(number) for number in range(50)))
        for number in range(50):
            assert await slow.reply_roots.root_of("a", "b", str(number)) == f"root of {number}"
        assert await slow.inbox.append(_question()) is IntakeResult.ACCEPTED
        await slow.aclose()


async def test_a_cancelled_append_is_whole_or_not_there(stores: RedisStores) -> None:
    """P4: its caller is gone, and the question is there once all the same."""
    appending = asyncio.ensure_future(stores.inbox.append(_question()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    appending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await appending
    assert await stores.inbox.append(_question()) in {IntakeResult.DUPLICATE, IntakeResult.ACCEPTED}
    assert await stores.queue.claim() is not None
    assert await stores.queue.claim() is None


def _question() -> Question:
    return Question(
        Origin(
            id="q1", dedupe_keys=("q1",), thread=THREAD, address=Address("T1", "C1"), person=Person("U1"), asked_at=1.0
        ),
        "hello",
    )
