"""The playground's own Redis: a real server that can be stopped, killed and started again on its data."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.redis_store import EmbeddedServer, RedisStores, connect, start_embedded

_LEASE_S = 30.0


class RedisSwitch:
    """One server on one data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: EmbeddedServer | None = None
        self._client: Redis | None = None
        self._stores: RedisStores | None = None
        self.is_up = False

    @property
    def url(self) -> str:
        """Where it listens; the same after a restart. Raises `RuntimeError` before the first start."""
        if self._server is None:
            raise RuntimeError("Redis was not started")
        return self._server.url

    @property
    def client(self) -> Redis:
        """A client of the playground's own. Raises `RuntimeError` before the first start."""
        if self._client is None:
            raise RuntimeError("Redis was not started")
        return self._client

    @property
    def stores(self) -> RedisStores:
        """What the bridge keeps, to look at. Raises `RuntimeError` before the first start."""
        if self._stores is None:
            raise RuntimeError("Redis was not started")
        return self._stores

    async def start(self) -> None:
        """Start the server on its data."""
        self._server = await asyncio.to_thread(start_embedded, self._folder)
        if self._client is None:
            self._client = connect(self._server.url)
            self._stores = RedisStores(self._client)
        self.is_up = True

    async def stop(self) -> None:
        """Stop the server in order; its data stay."""
        self.is_up = False
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def kill(self) -> None:
        """Send SIGKILL to the server: what it had written stays."""
        info = await self.client.info("server")
        self.is_up = False
        os.kill(int(info["process_id"]), signal.SIGKILL)
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def expire_leases(self) -> None:
        """Let the leases of all threads run out now, as those of a dead worker do after 30 seconds."""
        due = self.stores.keys.due
        for thread in await self.client.zrange(due, 0, -1):
            shift = -(_LEASE_S + 1) * 1000
            await self.client.execute_command("ZINCRBY", due, shift, thread)  # type: ignore[no-untyped-call]

    async def deadlines(self) -> dict[str, float]:
        """Return when each thread's session falls idle, in seconds since the epoch. Raises `RedisError`."""
        found: Any = await self.client.zrange(self.stores.keys.idle, 0, -1, withscores=True)
        return {_text(thread): float(score) / 1000 for thread, score in found}

    async def aclose(self) -> None:
        """Close the client and stop the server."""
        if self._stores is not None:
            try:
                await self._stores.aclose()
            except RedisError:
                self._stores = None
        await self.stop()


def _text(raw: str | bytes) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
