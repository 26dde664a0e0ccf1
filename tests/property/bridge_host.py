"""Whole workers inside one process: each can be killed at any call it makes, paused, and cut off from Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, TypeVar

from redis.asyncio import Redis

from adapters.redis_store.client.batching import Argument, Call, Step
from adapters.redis_store.client.commands import Commands, KeptUnder
from adapters.redis_store.client.scripts import Script, all_scripts
from adapters.redis_store.exchanges import RedisExchanges
from adapters.redis_store.health import RedisHealth
from adapters.redis_store.key_value import RedisKeyValueStore
from adapters.redis_store.leader import RedisLeader
from adapters.redis_store.limits.agent_quota import RedisQuota
from adapters.redis_store.limits.allowances import RedisAllowances
from adapters.redis_store.limits.channel_budgets import RedisCallBudgets
from adapters.redis_store.people import RedisPeople
from adapters.redis_store.places import RedisPlaces
from adapters.redis_store.queue.inbox import RedisInbox
from adapters.redis_store.queue.lost_state import LostState
from adapters.redis_store.queue.work_queue import RedisWorkQueue
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.reply_roots import RedisReplyRoots
from adapters.redis_store.schema.keys import Keys
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from adapters.redis_store.sessions import RedisSessions
from adapters.redis_store.take_overs import RedisTakeOvers
from bridge.domain.errors import StoreUnavailable
from bridge.ports.channel import Accept
from bridge.ports.stores.stores import Stores
from tests.property.bridge_jumps import EPOCH, ServerClock
from tests.property.bridge_time import OWNER, StoreLoop, nobodys

T = TypeVar("T")

KEYS = Keys("talkifai-bridge")
LIMITS = StoreLimits(inbox_length=6)
SWEEP_EVERY_S = 3.0
_NOW_KEY = "virtual-now"
_SERVER_TIME = """local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)"""
_VIRTUAL_TIME = f"return tonumber(redis.call('GET', '{_NOW_KEY}'))"


# ---------------------------------------------------------------- Redis


class Watcher(Protocol):
    """Is told each atomic step that Redis carried out, even if its answer was lost."""

    def saw(self, worker: str, name: str, args: Sequence[Argument], removed: Sequence[str], result: Any) -> None:
        """Args: worker: its name; removed: the questions that settling took out of the inbox."""
        ...


@dataclass
class Store:
    """The real server, seen by all workers one command at a time, on the loop's time."""

    redis: Redis
    loop: StoreLoop
    watcher: Watcher
    clock: ServerClock = field(init=False)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    is_down: bool = False
    answers_to_lose: int = 0
    spare: int = 0
    """So many commands still get through before answers are lost."""
    trouble_at: float = -1.0
    _set_to: int = -1

    def __post_init__(self) -> None:
        self.clock = ServerClock(self.loop)

    async def alone(self, command: Coroutine[Any, Any, T]) -> T:
        """Run one command while time stands still."""
        self.loop.selector.in_flight += 1
        try:
            try:
                await self.lock.acquire()
            except BaseException:
                command.close()
                raise
            try:
                await self._set_clock()
                return await command
            finally:
                self.lock.release()
        finally:
            self.loop.selector.in_flight -= 1

    async def _set_clock(self) -> None:
        now = int(self.clock.now() * 1000)
        if now != self._set_to:
            await _execute(self.redis, "SET", _NOW_KEY, now)
            self._set_to = now

    async def look(self, *parts: Argument) -> Any:
        """Read something for the test itself."""
        with nobodys():
            task = self.loop.create_task(self.alone(_execute(self.redis, *parts)))
        return await asyncio.shield(task)

    def go_down(self) -> None:
        """Answer nothing from now on."""
        self.is_down = True

    def come_back(self) -> None:
        if self.is_down:
            self.trouble_at = self.loop.time()
        self.is_down = False

    def fail_where_down(self) -> None:
        if self.is_down:
            self.trouble_at = self.loop.time()
            raise StoreUnavailable("down")

    def loses_answer(self) -> bool:
        if self.answers_to_lose and self.spare:
            self.spare -= 1
            return False
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            self.trouble_at = self.loop.time()
            return True
        return False

    async def close(self) -> None:
        """Close all connections, which takes real time."""
        self.loop.selector.in_flight += 1
        try:
            await self.redis.aclose()
        finally:
            self.loop.selector.in_flight -= 1


class HostCommands(Commands):
    """One worker's commands: the real ones, with its faults in front and behind."""

    def __init__(self, store: Store, host: "Host") -> None:
        super().__init__(store.redis, _on_virtual_time())
        self._store = store
        self._host = host

    async def run(self, command: Coroutine[Any, Any, T]) -> T:
        try:
            await self._host.step()
            self._store.fail_where_down()
        except BaseException:
            command.close()
            raise
        with nobodys():
            result = await super().run(self._store.alone(command))
        if self._store.loses_answer():
            raise StoreUnavailable("the answer was lost")
        await self._host.step()
        return result

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
        del can_wait_s, is_urgent  # each step is a command of its own here
        return await self.run(self._run_alone(Step(name, (keys, args), self._kept(once))))

    async def scripts(self, name: str, calls: Sequence[Call], *, can_wait_s: float = 0.0) -> list[Any]:
        del can_wait_s
        return await self.run(self._watched_batch(name, calls)) if calls else []

    async def pop(self, keys: Sequence[str], timeout_s: float) -> tuple[str, bytes] | None:
        """Wait for the bell on the loop's time."""
        deadline = self._store.loop.time() + timeout_s
        while True:
            self._store.bell.clear()
            for key in keys:
                item = await self.call("LPOP", key)
                if item is not None:
                    return key, item
            try:
                async with asyncio.timeout_at(deadline):
                    await self._store.bell.wait()
            except TimeoutError:
                return None

    async def _run_alone(self, step: Step, *, is_durable: bool = False) -> Any:
        name, (keys, args), _ = step
        waiting: list[bytes] = await self._waiting_in(keys[2]) if name == "settle" else []
        result = await super()._run_alone(step, is_durable=is_durable)
        left = len(await self._waiting_in(keys[2])) if waiting else 0
        removed = [raw.decode() for raw in waiting[: len(waiting) - left]]
        self._store.watcher.saw(self._host.name, name, args, removed, result)
        if name in {"append", "release", "stop"}:
            self._store.bell.set()
        return result

    async def _watched_batch(self, name: str, calls: Sequence[Call]) -> list[Any]:
        results = await self._exchange_scripts(name, calls)
        for (_, args), result in zip(calls, results, strict=True):
            self._store.watcher.saw(self._host.name, name, args, (), result)
        return results

    async def _waiting_in(self, inbox: str) -> list[bytes]:
        found: list[bytes] = await _execute(self._store.redis, "LRANGE", inbox, 0, -1)
        return found


@cache
def _on_virtual_time() -> Mapping[str, Script]:
    """Return all scripts, with the loop's time instead of the server's."""
    real = all_scripts()
    assert all((_SERVER_TIME in script.text) == ("'TIME'" in script.text) for script in real.values())
    return {name: Script(script.text.replace(_SERVER_TIME, _VIRTUAL_TIME)) for name, script in real.items()}


async def _execute(client: Redis, *parts: Argument) -> Any:
    return await client.execute_command(*parts)  # type: ignore[no-untyped-call]  # the library left it bare


def host_stores(store: Store, host: "Host") -> Stores:
    """Return the stores of one worker."""
    commands = HostCommands(store, host)
    worker = WorkerState(host.name)
    sealing = Sealing()  # sealed values differ each time, and a run is to come out the same
    lost_state = LostState(commands, KEYS, LIMITS, worker, sealing)
    places = RedisPlaces(commands, KEYS, LIMITS, Sealing())
    return Stores(
        inbox=RedisInbox(commands, KEYS, LIMITS, lost_state, sealing),
        queue=RedisWorkQueue(commands, KEYS, LIMITS, worker, lost_state, sealing),
        sessions=RedisSessions(commands, KEYS, LIMITS, worker, lost_state, sealing),
        exchanges=RedisExchanges(commands, KEYS, worker, sealing, LIMITS.carried),
        take_overs=RedisTakeOvers(commands, KEYS, worker, sealing),
        quota=RedisQuota(commands, KEYS, requests_per_minute=None),
        budgets=RedisCallBudgets(commands, KEYS),
        leader=RedisLeader(commands, KEYS),
        reply_roots=RedisReplyRoots(commands, KEYS, LIMITS),
        places=places,
        accounts=places,
        retention=RedisPeople(commands, KEYS, LIMITS),
        allowances=RedisAllowances(commands, KEYS, LIMITS),
        records=RedisKeyValueStore(commands, KEYS),
        health=RedisHealth(commands, KEYS),
    )


# ---------------------------------------------------------------- a worker


@dataclass(eq=False)
class Host:
    """What a worker process runs on. All its calls to the outside pass `step`."""

    name: str
    is_dead: bool = False
    """Killed."""
    has_left: bool = False
    """Stopped as it was asked to."""
    died_at: float = -1.0
    stopped_at: list[float] = field(default_factory=list)
    """When it was killed or paused."""
    steps_to_live: int | None = None
    steps_to_pause: int | None = None
    late_timers: list[Callable[[], None]] = field(default_factory=list)
    tasks: dict["asyncio.Task[Any]", None] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    accept: Accept | None = None
    burial: "asyncio.Task[None] | None" = None
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._awake.set()

    @property
    def is_there(self) -> bool:
        return not (self.is_dead or self.has_left)

    @property
    def is_paused(self) -> bool:
        return not self._awake.is_set()

    def start(self, work: Callable[[], Awaitable[T]]) -> "asyncio.Task[T]":
        """Run something in the worker; every task it starts is the host's."""

        async def do() -> T:
            return await work()

        token = OWNER.set(self)
        try:
            return asyncio.get_running_loop().create_task(do())
        finally:
            OWNER.reset(token)

    async def step(self) -> None:
        """Pass a point at which the process may be killed or paused."""
        self.live_step()
        if self.steps_to_pause is not None:
            self.steps_to_pause -= 1
            if self.steps_to_pause <= 0:
                self.pause()
        await self.gate()

    def live_step(self) -> None:
        """Pass a point at which the process may be killed."""
        if self.steps_to_live is not None:
            self.steps_to_live -= 1
            if self.steps_to_live <= 0:
                self.steps_to_live = None
                self.begin_to_die()
        if self.is_dead:
            raise asyncio.CancelledError

    async def gate(self) -> None:
        """Stand still while the process is paused, and for good once it is dead."""
        while self.is_paused and not self.is_dead:
            await self._awake.wait()
        if self.is_dead:
            raise asyncio.CancelledError

    def stopped_between(self, first: float, last: float) -> bool:
        """Say whether it was killed or paused then."""
        return any(first <= at <= last for at in self.stopped_at)

    def pause(self) -> None:
        self.steps_to_pause = None
        self.stopped_at.append(asyncio.get_running_loop().time())
        self._awake.clear()

    def wake(self) -> None:
        if self.is_paused:
            loop = asyncio.get_running_loop()
            self._awake.set()
            late, self.late_timers = self.late_timers, []
            for go_off in late:
                loop.call_soon(go_off)

    def begin_to_die(self) -> None:
        """From this instant on nothing the worker does has an effect."""
        self.is_dead = True
        loop = asyncio.get_running_loop()
        self.died_at = loop.time()
        self.stopped_at.append(self.died_at)
        with nobodys():
            self.burial = loop.create_task(self.bury())

    async def bury(self) -> None:
        """Cancel all that is left of a dead worker."""
        self._awake.set()
        for _ in range(200):
            if not self.tasks:
                return
            for task in list(self.tasks):
                task.cancel()
            await asyncio.sleep(0)
        raise AssertionError(f"tasks outlive their worker: {list(self.tasks)}")


class HostClock:
    """The `Clock` port of one worker."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def now(self) -> float:
        return EPOCH + self.monotonic()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._host.gate()

    @asynccontextmanager
    async def every(self, interval_s: float, job: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Call a job now and then; more seldom than asked, to spare the test's time."""

        async def again() -> None:
            while True:
                await self.sleep(max(interval_s, SWEEP_EVERY_S))
                await job()

        task = asyncio.get_running_loop().create_task(again())
        try:
            yield
        finally:
            task.cancel()
