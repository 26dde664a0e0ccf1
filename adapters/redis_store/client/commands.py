"""How commands reach Redis: each runs to its end whatever happens to its caller, and fails in our own words."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.commands.core import AsyncScript

from adapters.redis_store.client.connection import translated
from bridge.runtime.cancellation import shielded

T = TypeVar("T")
Argument = str | bytes | int | float

CLOSE_TIMEOUT_S = 5.0


@cache
def script_text(name: str) -> str:
    """Read the Lua of one atomic step, with the functions they share in front."""
    folder = files("adapters.redis_store") / "scripts"
    (script,) = (path for group in folder.iterdir() if group.is_dir() and (path := group / f"{name}.lua").is_file())
    return (folder / "prelude.lua").read_text(encoding="utf-8") + script.read_text(encoding="utf-8")


class Commands:
    """One client, its scripts, and a connection apart for the wait for work.

    A command that is cancelled between its request and its answer would leave the answer for the next command on
    the same connection (redis-py#2624). So a caller that is cancelled leaves at once, and its command goes on.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts: dict[str, AsyncScript] = {}
        self._running: set[asyncio.Task[Any]] = set()
        pool = redis.connection_pool
        self._waiting = Redis.from_pool(
            BlockingConnectionPool(max_connections=1, connection_class=pool.connection_class, **pool.connection_kwargs)
        )

    async def run(self, command: Coroutine[Any, Any, T]) -> T:
        """Run a command to its end. Raises `StoreUnavailable`."""
        task = asyncio.get_running_loop().create_task(command)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        with translated():
            return await shielded(task)

    async def call(self, *parts: Argument) -> Any:
        """Run one plain command. Raises `StoreUnavailable`."""
        return await self.run(_execute(self._redis, *parts))

    async def calls(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Run plain commands in one exchange. Raises `StoreUnavailable`."""
        return await self.run(self._exchange(commands)) if commands else []

    async def script(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Run one atomic step. Raises `StoreUnavailable`."""
        return await self.run(self._step(name)(keys=list(keys), args=list(args)))

    async def scripts(self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]) -> list[Any]:
        """Run the same step for several things, in one exchange. Raises `StoreUnavailable`."""
        if not calls:
            return []
        return await self.run(self._batch(self._step(name), calls))

    async def pop(self, key: str, timeout_s: float) -> bool:
        """Wait for an item of a list and take it; say whether there was one. Raises `StoreUnavailable`.

        Cancelling it drops the connection, which nobody else uses.
        """
        with translated():
            return await _execute(self._waiting, "BLPOP", key, f"{timeout_s:.3f}") is not None

    async def aclose(self) -> None:
        """Let running commands finish, for some seconds, and close all connections."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S)
            for task in late:
                task.cancel()
        await self._waiting.aclose()
        await self._redis.aclose()

    def _step(self, name: str) -> AsyncScript:
        if name not in self._scripts:
            self._scripts[name] = self._redis.register_script(script_text(name))
        return self._scripts[name]

    async def _exchange(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for parts in commands:
                pipeline.execute_command(*parts)
            return list(await pipeline.execute())

    async def _batch(self, step: AsyncScript, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for keys, args in calls:
                await step(keys=list(keys), args=list(args), client=pipeline)
            return list(await pipeline.execute())


async def _execute(client: Redis, *parts: Argument) -> Any:
    return await client.execute_command(*parts)  # type: ignore[no-untyped-call]  # the library left it bare
