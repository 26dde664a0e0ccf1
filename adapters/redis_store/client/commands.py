"""How commands reach Redis: each runs to its end whatever happens to its caller, and fails in our own words."""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError, NoScriptError, ReadOnlyError, RedisError

from adapters.redis_store.client.batching import MOST_TOGETHER, Argument, Batch, Call, Step, packed
from adapters.redis_store.client.connection import ANSWER_TIMEOUT_S, unavailable
from adapters.redis_store.client.scripts import TOGETHER, Script, all_scripts
from adapters.redis_store.client.wire import Wire
from bridge.domain.errors import StoreUnavailable
from bridge.runtime.cancellation import shielded

T = TypeVar("T")
KeptUnder = Callable[[str], str]
"""Makes the key under which the answer to a request is kept, from the request's name."""

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 2.0
LONGEST_POP_S = 5.0
REPLICA_WAIT_MS = 200
"""How long a write that must not be lost waits for a replica to have it, where there is one."""


class Commands:
    """One client, its scripts, and a connection apart for the wait for work.

    A command that is cancelled between its request and its answer would leave the answer for the next command on
    the same connection (redis-py#2624). So a caller that is cancelled leaves at once, and its command goes on.
    """

    def __init__(self, redis: Redis, scripts: Mapping[str, Script] | None = None) -> None:
        self._seed = self._redis = redis
        self._wire = Wire(redis)
        self._waiting = _one_connection(redis)
        self._scripts = scripts or all_scripts()
        self._running: set[asyncio.Task[Any]] = set()
        self.errors = 0
        """How many commands failed: the server was away, or refused them."""
        self._name, self._numbers = secrets.token_hex(4), itertools.count(1)
        self._batch = Batch(self._send, self._start)
        self.has_replicas = False
        """Whether a durable write has a replica to wait for."""

    async def run(self, command: Coroutine[Any, Any, T]) -> T:
        """Run a command to its end. Raises `StoreUnavailable`."""
        return await self._answer_of(self._start(self._watched_for_moves(command)))

    async def _answer_of(self, task: asyncio.Task[T]) -> T:
        try:
            return await shielded(task)
        except (RedisError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StoreUnavailable:
        self.errors += 1
        return unavailable(error)

    async def call(self, *parts: Argument) -> Any:
        """Run one plain command. Raises `StoreUnavailable`."""
        (found,) = await self.run(self._exchange_all([parts]))
        return found

    async def read(self, command: str, keys: Sequence[str], *parts: Argument) -> Any:
        """Run one plain command as a step. A hash is a flat list in its answer. Raises `StoreUnavailable`."""
        return await self.script("plain", keys, [command, *keys, *parts])

    async def mark(self, key: str, life_ms: int, *, once: KeptUnder) -> bool:
        """Set a mark for that long; say whether it was not there. Raises `StoreUnavailable`."""
        return bool(await self.script("plain", [key], ["SET", key, "1", "NX", "PX", life_ms], once=once))

    async def calls(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Run plain commands in one exchange. Raises `StoreUnavailable`."""
        return await self.run(self._exchange_all(commands)) if commands else []

    async def script(
        self,
        name: str,
        keys: Sequence[str],
        args: Sequence[Argument],
        *,
        can_wait_s: float = 0.0,
        is_urgent: bool = False,
        once: KeptUnder | None = None,
    ) -> Any:
        """Run one atomic step, in one command with others that are asked for now. Raises `StoreUnavailable`.

        Args:
            name: The script's.
            keys: Its keys.
            args: Its arguments.
            can_wait_s: How long it may wait for another step to go along with.
            is_urgent: It gathers no other steps in a crowd.
            once: For a step that would take its own first run for another's: its answer is kept for a minute, so that
                it is run once though a lost answer makes it be sent again.
        """
        try:
            return await self._batch.ask(Step(name, (keys, args), self._kept(once)), can_wait_s, is_urgent=is_urgent)
        except (RedisError, OSError) as error:
            raise self._failed(error) from error

    async def durable_script(
        self, name: str, keys: Sequence[str], args: Sequence[Argument], *, once: KeptUnder | None = None
    ) -> Any:
        """Run one atomic step and wait, for a moment, until a replica has it too. Raises `StoreUnavailable`.

        A failover loses what the new primary had not got yet. It travels alone. `once`: as `script`.
        """
        return await self.run(self._run_alone(Step(name, (keys, args), self._kept(once)), is_durable=True))

    async def scripts(self, name: str, calls: Sequence[Call], *, can_wait_s: float = 0.0) -> list[Any]:
        """Run the same step for several things, in one exchange: a few in one command. Raises `StoreUnavailable`."""
        if len(calls) > MOST_TOGETHER:
            return await self.run(self._exchange_scripts(name, calls))
        asked = [self._batch.ask(Step(name, call), can_wait_s) for call in calls]
        try:
            return _raise_first(await asyncio.gather(*asked, return_exceptions=True))
        except (RedisError, OSError) as error:
            raise self._failed(error) from error

    async def load(self) -> None:
        """Give the server all scripts, in one exchange. Raises `StoreUnavailable`."""
        await self.calls([("SCRIPT", "LOAD", script.text) for script in self._scripts.values()])

    async def pop(self, keys: Sequence[str], timeout_s: float) -> tuple[str, bytes] | None:
        """Wait for an item of one of these lists and take it; None after that time. Raises `StoreUnavailable`.

        At most `LONGEST_POP_S`. Cancelling it drops the connection, which nothing else uses. A caller that is cancelled
        does not wait for that: the client library may lose a cancellation while it connects.
        """
        pop = self._watched_for_moves(_execute(self._waiting, "BLPOP", *keys, f"{timeout_s:.3f}"))
        task = asyncio.get_running_loop().create_task(pop)
        try:
            found = await self._answer_of(task)
        finally:
            task.cancel()
        return None if found is None else (found[0].decode(), found[1])

    async def aclose(self) -> None:
        """Let running commands finish, for some seconds, and close all connections."""
        self._batch.flush()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S)
            for task in late:
                task.cancel()
        await self._wire.leave()
        for client in {self._waiting, self._redis, self._seed}:
            await client.aclose()

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    # ------------------------------------------------------------ scripts

    def _kept(self, once: KeptUnder | None) -> str:
        return "" if once is None else once(f"{self._name}.{next(self._numbers)}")

    async def _run_alone(self, step: Step, *, is_durable: bool = False) -> Any:
        (found,) = _raise_first(await self._send_steps([step], is_durable=is_durable and self.has_replicas))
        return found

    async def _send(self, steps: Sequence[Step]) -> list[Any]:
        """Send steps as one command, and look whether this is still the server to talk to."""
        asked = self._wire
        try:
            found = await self._send_steps(steps)
        except RedisError as error:
            await self._follow(error, asked)
            raise
        refused = next((one for one in found if isinstance(one, RedisError)), None)
        if refused is not None:
            await self._follow(refused, asked)
        return found

    async def _send_steps(self, steps: Sequence[Step], *, is_durable: bool = False) -> list[Any]:
        """Send steps as one command. The answer of one that failed is its error."""
        if len(steps) == 1 and not steps[0].kept:
            return await self._exchange_scripts(steps[0].name, [steps[0].call], is_durable=is_durable)
        (found,) = await self._exchange_scripts(TOGETHER, [packed(steps)], is_durable=is_durable)
        return list(found)

    async def _exchange_scripts(self, name: str, calls: Sequence[Call], *, is_durable: bool = False) -> list[Any]:
        """Run a script for each call. What the server does not know yet it gets, and that call is repeated."""
        script = self._scripts[name]
        commands = [("EVALSHA", script.sha, len(keys), *keys, *args) for keys, args in calls]
        more = [("WAIT", 1, REPLICA_WAIT_MS)] if is_durable else []
        found = await self._wire.exchange([*commands, *more])
        unknown = [at for at, result in enumerate(found[: len(commands)]) if isinstance(result, NoScriptError)]
        if unknown:
            await self._exchange_all([("SCRIPT", "LOAD", script.text)])
            again = await self._wire.exchange([*(commands[at] for at in unknown), *more])
            for at, result in zip(unknown, again, strict=False):
                found[at] = result
        # The answer to WAIT, or that the service forbids it, changes nothing.
        return _raise_first(found[: len(commands)])

    async def _exchange_all(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Run commands in one exchange and return their answers; the first error is raised."""
        return _raise_first(await self._wire.exchange(commands))

    # ------------------------------------------------------------ a server that changes

    async def _watched_for_moves(self, command: Coroutine[Any, Any, T]) -> T:
        """Run a command; where it fails, look whether this is still the server to talk to."""
        asked = self._wire
        try:
            return await command
        except RedisError as error:
            await self._follow(error, asked)
            raise

    async def _follow(self, error: RedisError, asked: Wire) -> None:
        """When an error says that the server that was asked is not the one to talk to, find the right one for the next.

        After a failover the old primary answers READONLY on the connections that it kept; a node of a cluster names
        the one that has our keys.
        """
        if isinstance(error, MovedError):
            if self._wire is asked:
                await self._talk_to(_at(self._seed, error.host, error.port))
        # Redis 6.2 wraps what a script was answered into a general error.
        elif isinstance(error, ReadOnlyError) or "-READONLY" in str(error):
            if self._wire is asked:
                await self._drop_connections()
        elif isinstance(error, RedisConnectionError) and self._wire is asked and self._redis is not self._seed:
            await self._talk_to(self._seed)

    async def _talk_to(self, redis: Redis) -> None:
        """Use another server from now on. Commands under way end where they began."""
        log.info("talking to another Redis server of the cluster")
        wire, waiting = self._wire, self._waiting
        self._redis, self._wire, self._waiting = redis, Wire(redis), _one_connection(redis)
        await _disconnect(wire, waiting)

    async def _drop_connections(self) -> None:
        wire, self._wire = self._wire, Wire(self._redis)
        await _disconnect(wire, self._waiting)


def _one_connection(redis: Redis) -> Redis:
    """Make the client that waits for work: no answer for a while is no fault, and nothing is tried again silently."""
    pool = redis.connection_pool
    answers_within_s = (pool.connection_kwargs.get("socket_timeout") or ANSWER_TIMEOUT_S) + LONGEST_POP_S
    options: dict[str, Any] = {
        **pool.connection_kwargs,
        "socket_timeout": answers_within_s,
        "retry": Retry(NoBackoff(), 0),
    }
    return Redis.from_pool(BlockingConnectionPool(max_connections=1, connection_class=pool.connection_class, **options))


def _at(redis: Redis, host: str, port: int) -> Redis:
    """Return a client as `redis`, to another address."""
    pool = redis.connection_pool
    options: dict[str, Any] = {**pool.connection_kwargs, "host": host or pool.connection_kwargs["host"], "port": port}
    return Redis.from_pool(
        BlockingConnectionPool(
            max_connections=pool.max_connections,
            timeout=getattr(pool, "timeout", None),
            connection_class=pool.connection_class,
            **options,
        )
    )


async def _disconnect(wire: Wire, waiting: Redis) -> None:
    await wire.leave()
    await waiting.connection_pool.disconnect(inuse_connections=False)


def _raise_first(found: list[Any]) -> list[Any]:
    for result in found:
        if isinstance(result, Exception):
            raise result
    return found


async def _execute(client: Redis, *parts: Argument) -> Any:
    return await client.execute_command(*parts)  # type: ignore[no-untyped-call]  # the library left it bare
