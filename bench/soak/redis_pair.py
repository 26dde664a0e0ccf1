"""A primary and its replica behind proxies: it fails over, is full, stalls and forgets, as a service's Redis does."""

import asyncio
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.redis_store import RedisStores, connect
from adapters.redis_store.embedded.binary import find_server
from tests.contract.own_redis import free_port
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy, Streams

_WITHIN_S = 20.0


class _Server:
    """One process of its own, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
        self._process = subprocess.Popen(  # noqa: S603 - the embedded server's own binary
            [str(find_server()), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def run(self, *parts: str | int) -> Any:
        """Run one command on a connection of its own."""
        async with Redis(port=self.port) as client:
            return await client.execute_command(*parts)  # type: ignore[no-untyped-call]  # the library left it bare

    async def until(self, section: str, **facts: str) -> None:
        """Wait until `INFO` says so. Raises `TimeoutError`."""
        async with asyncio.timeout(_WITHIN_S):
            while True:
                try:
                    info = await self.run("INFO", section)
                except RedisError:
                    info = {}
                if all(str(info.get(name)) == value for name, value in facts.items()):
                    return
                await asyncio.sleep(0.02)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class RedisPair:
    """Use as an async context manager. Workers connect to `network`, which tests cut; the count looks past it."""

    def __init__(self) -> None:
        self.network = Proxy(self._connect)
        self._aside = Proxy(self._connect)
        self._stack = ExitStack()
        self._folder = Path()
        self._primary: _Server
        self._replica: _Server

    async def __aenter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="tb-")))
        self._primary = await self._start()
        self._replica = await self._start_replica()
        for proxy in (self.network, self._aside):
            await proxy.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for proxy in (self.network, self._aside):
            await proxy.__aexit__(kind, error, trace)
        self._stack.close()

    @property
    def url(self) -> str:
        """For the workers."""
        return f"redis://127.0.0.1:{self.network.port}/0"

    @property
    def url_aside(self) -> str:
        """Past all that is done to the network of the workers."""
        return f"redis://127.0.0.1:{self._aside.port}/0"

    async def fail_over(self) -> None:
        """Swap the two as a maintenance does: nothing is lost, and the connections to the old primary stay."""
        await self._primary.run("FAILOVER", "TO", "127.0.0.1", self._replica.port, "TIMEOUT", 5000)
        await self._replica.until("replication", role="master")
        self._primary, self._replica = self._replica, self._primary
        self._aside.break_connections()
        await self._primary.until("replication", connected_slaves="1")

    async def die(self) -> None:
        """Kill the primary; a moment later the replica is the new one, and gets a replica."""
        self._primary.close()
        await asyncio.sleep(1.0)
        await self._replica.run("REPLICAOF", "NO", "ONE")
        self._primary = self._replica
        self._replica = await self._start_replica()

    async def fill(self, for_s: float) -> None:
        """Let the primary be full for so long."""
        await self._primary.run("CONFIG", "SET", "maxmemory", 1)
        await asyncio.sleep(for_s)
        await self._primary.run("CONFIG", "SET", "maxmemory", 0)

    async def stall(self, for_s: float) -> None:
        """Let the primary stand still: all that comes meanwhile it does afterwards."""
        self._primary.signal(signal.SIGSTOP)
        await asyncio.sleep(for_s)
        self._primary.signal(signal.SIGCONT)

    async def forget(self) -> None:
        """Empty it."""
        await self._primary.run("FLUSHALL")

    async def _connect(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self._primary.port)

    async def _start(self) -> _Server:
        server = await asyncio.to_thread(_Server, self._folder)
        self._stack.callback(server.close)
        await server.until("replication", role="master")
        return server

    async def _start_replica(self) -> _Server:
        server = await self._start()
        await server.run("REPLICAOF", "127.0.0.1", self._primary.port)
        await server.until("replication", master_link_status="up")
        return server


class ClusterOnPair(Cluster):
    """The stage and workers of the fault tests, on such a pair."""

    def __init__(self, pair: RedisPair) -> None:
        super().__init__(pace=1.0)
        self._pair = pair

    @property
    def redis_url(self) -> str:
        return self._pair.url

    async def start_redis(self) -> None:
        self._redis = connect(self._pair.url_aside)
        self._stores = RedisStores(self._redis)
