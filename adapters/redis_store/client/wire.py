"""Commands on their way: the library's connections and its ways to connect, without its layers around each command."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from adapters.redis_store.client.batching import Argument
from adapters.redis_store.client.connection import ANSWER_TIMEOUT_S

_AS_LONG_AS_ONE = 50
"""So many more commands in an exchange double the time that it may take."""
_MOST_TIMES_AS_LONG = 4
"""The most time that an exchange has: a server that hangs is given up on, however much was asked of it."""


class Wire:
    """Sends commands to one server, in any number of exchanges at once.

    `Redis.execute_command` takes three times the processor's time: it gets and gives back a pool's connection for each
    command, starts a task to limit the time of each write, and counts all of it for metrics that no part here reads.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pool = redis.connection_pool
        self._limit_s = self._pool.connection_kwargs.get("socket_timeout") or ANSWER_TIMEOUT_S
        self._kept: AbstractConnection | None = None
        """Used first, and not in the pool meanwhile."""
        self._wanting = 0
        """How many exchanges wait for a connection of the pool."""
        self._is_left = False

    async def exchange(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Run commands in one exchange; the answer of one that the server refused is its error.

        What does not get through is tried again as the client's `retry` says. Raises `RedisError`, `OSError`.
        """
        connection = await self._take()

        async def attempt() -> list[Any]:
            return await self._attempt(connection, commands)

        async def disconnect(_error: Exception) -> None:
            await connection.disconnect()

        try:
            return await connection.retry.call_with_retry(attempt, disconnect)
        finally:
            await self._give_back(connection)

    async def _attempt(self, connection: AbstractConnection, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        limit_s = self._limit_s * min(1 + (len(commands) - 1) / _AS_LONG_AS_ONE, _MOST_TIMES_AS_LONG)
        try:
            async with asyncio.timeout(limit_s):
                await connection.send_packed_command([_packed(parts) for parts in commands])
                return [await self._answer(connection, str(parts[0])) for parts in commands]
        except TimeoutError:
            await connection.disconnect(nowait=True)
            raise RedisTimeoutError("no answer in time") from None

    async def _answer(self, connection: Any, name: str) -> Any:
        try:
            return await self._redis.parse_response(connection, name)
        except ResponseError as error:
            return error

    async def _take(self) -> AbstractConnection:
        kept, self._kept = self._kept, None
        if kept is None:
            self._wanting += 1
            try:
                kept = await self._pool.get_connection()  # type: ignore[no-untyped-call]  # the library left it bare
            finally:
                self._wanting -= 1
            # The time is limited here, for the whole exchange.
            kept.socket_timeout = None
        elif await _is_stale(kept):
            await kept.disconnect()  # sending connects it again
        return kept

    async def _give_back(self, connection: AbstractConnection) -> None:
        if self._is_left:
            await connection.disconnect(nowait=True)
        if self._kept is None and not self._wanting and connection.is_connected:
            self._kept = connection
        else:
            await self._release(connection)

    async def _release(self, connection: AbstractConnection) -> None:
        connection.socket_timeout = self._limit_s
        await self._pool.release(connection)

    async def leave(self) -> None:
        """Close the connections, each that is in use after its exchange: the pool has them all for another wire."""
        self._is_left = True
        kept, self._kept = self._kept, None
        if kept is not None:
            await self._release(kept)
        await self._pool.disconnect(inuse_connections=False)


async def _is_stale(connection: AbstractConnection) -> bool:
    """Say whether the server has closed it, or said something that no command asked for."""
    try:
        return await connection.can_read()
    except RedisConnectionError:
        return True


def _packed(parts: Sequence[Argument]) -> bytes:
    return pack_command(tuple(parts))  # type: ignore[no-any-return, arg-type]  # the stub says: a tuple of one
