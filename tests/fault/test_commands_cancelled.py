"""Commands to Redis that are cancelled while they are on their way."""

import asyncio
import random

import pytest
from redis.exceptions import RedisError

from adapters.redis_store import RedisStores, connect
from adapters.redis_store.client.wire import Wire
from bridge.domain.threads import ThreadKey
from tests.contract.store_steps import bound
from tests.fault.proxy import Proxy

_THREADS = 12
_READS = 240


async def test_a_cancelled_command_never_hands_its_answer_to_another(redis_url: str, stores: RedisStores) -> None:
    """P4: 100 ms to Redis, random cancellations; each answer is the one that was asked for."""
    threads = [ThreadKey("slack", "T1", f"C{number}") for number in range(_THREADS)]
    for number, thread in enumerate(threads):
        await bound(stores, f"conversation-{number}", thread)
    chance = random.Random(2624)  # noqa: S311 - a seed, so that a failure can be repeated
    wrong: list[str] = []
    done = 0

    async with Proxy.to(redis_url, latency_s=0.1) as network:
        slow = RedisStores(connect(f"redis://127.0.0.1:{network.port}/0"))

        async def read(number: int) -> None:
            nonlocal done
            session = await slow.sessions.current(threads[number])
            done += 1
            if session is None or session.conversation.id != f"conversation-{number}":
                wrong.append(f"{number}: {session}")
            if session is not None and session.conversation.token != f"jwt-conversation-{number}":
                wrong.append(f"{number}: {session.conversation.token}")

        async def read_or_give_up(number: int, patience_s: float) -> None:
            try:
                await asyncio.wait_for(read(number), patience_s)
            except TimeoutError:
                return

        for _ in range(_READS // 60):
            tries = [(chance.randrange(_THREADS), chance.choice([0.05, 0.15, 0.3, 0.45, 5.0])) for _ in range(60)]
            await asyncio.gather(*(read_or_give_up(*one) for one in tries))
        await slow.aclose()

    assert wrong == []
    assert _READS / 10 < done < _READS


async def test_an_exchange_that_is_cancelled_itself_leaves_no_answer_on_its_connection(redis_url: str) -> None:
    """P4: 100 ms to Redis; the connection of the cancelled exchange is not used for the next one."""
    async with Proxy.to(redis_url, latency_s=0.1) as network:
        client = connect(f"redis://127.0.0.1:{network.port}/0")
        wire = Wire(client)
        await wire.exchange([("ECHO", "connected")])
        cut = asyncio.ensure_future(wire.exchange([("ECHO", "cut")]))
        await asyncio.sleep(0.05)
        cut.cancel()
        await asyncio.wait([cut])
        assert cut.cancelled()
        assert await wire.exchange([("ECHO", "next")]) == [b"next"]
        await wire.leave()
        await client.aclose()


async def test_a_server_that_hangs_is_given_up_on_however_many_commands_wait(redis_url: str) -> None:
    """P2: what was said in a thousand threads is written down again in one exchange."""
    async with Proxy.to(redis_url) as network:
        client = connect(f"redis://127.0.0.1:{network.port}/0?socket_timeout=0.1")
        wire = Wire(client)
        await wire.exchange([("ECHO", "connected")])
        network.freeze()
        with pytest.raises(RedisError):
            async with asyncio.timeout(5):
                await wire.exchange([("ECHO", str(number)) for number in range(1000)])
        network.thaw()
        await wire.leave()
        await client.aclose()


async def test_a_server_that_hangs_is_given_up_on_though_a_connection_is_made_first(redis_url: str) -> None:
    """P2: the timeout of one answer for each of the four tries, and no more; connections beyond the first are new."""
    async with Proxy.to(redis_url) as network:
        network.freeze()
        client = connect(f"redis://127.0.0.1:{network.port}/0?socket_timeout=0.4")
        wire = Wire(client)
        with pytest.raises(RedisError):
            async with asyncio.timeout(4):
                await wire.exchange([("ECHO", "anything")])
        network.thaw()
        assert await wire.exchange([("ECHO", "connected")]) == [b"connected"]
        await wire.leave()
        await client.aclose()


async def test_a_wire_that_is_left_with_an_exchange_under_way_keeps_no_connection(redis_url: str) -> None:
    """R4: of a cluster's nodes the bridge leaves one and comes back to it, as often as keys move."""
    async with Proxy.to(redis_url, latency_s=0.1) as network:
        client = connect(f"redis://127.0.0.1:{network.port}/0", max_connections=1)
        wire = Wire(client)
        await wire.exchange([("ECHO", "connected")])
        under_way = asyncio.ensure_future(wire.exchange([("ECHO", "under way")]))
        await asyncio.sleep(0.05)
        await wire.leave()
        assert await under_way == [b"under way"]
        back = Wire(client)
        assert await back.exchange([("ECHO", "back")]) == [b"back"]
        await back.leave()
        await client.aclose()
