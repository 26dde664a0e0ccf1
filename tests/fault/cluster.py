"""Real workers as processes, one real Redis, and stand-ins for everything else: what faults are done to."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from redis.asyncio import Redis

from adapters.redis_store import EmbeddedServer, RedisStores, connect, start_embedded
from bridge.domain.threads import ThreadKey
from sandbox.bridge_process import BridgeProcess
from sandbox.stage import UNBOUNDED, Stage
from sandbox.talkifai.script import Answer, answer_by_words
from tests.conftest import pass_time
from tests.fault.hasty import HASTY_LEASE_S
from tests.forked.process import start

LEASE_S = 30.0
_STOP_WITHIN_S = 15.0


class Cluster:
    """Use as an async context manager. Workers are started one by one; all that still run are killed at the end.

    Args:
        pace: Of the scripted agent; 0 answers as fast as it can.
        is_hasty: Workers wait a third as long for leases and for what becomes of an answer that was cut.
    """

    def __init__(self, *, pace: float = 0.0, is_hasty: bool = False) -> None:
        self.stage = Stage(pace=pace)
        self.answers: dict[str, Answer] = {}
        """What the agent answers to a question; others are answered by their words."""
        self.workers: list[BridgeProcess] = []
        self.lease_s = HASTY_LEASE_S if is_hasty else LEASE_S
        self._program = (str(Path(__file__).with_name("hasty.py")),) if is_hasty else ("-m", "bridge")
        self._folder = Path(tempfile.mkdtemp(prefix="tb-"))
        self._server: EmbeddedServer | None = None
        self._redis: Redis | None = None
        self._stores: RedisStores | None = None

    async def __aenter__(self) -> Self:
        self.stage.talkifai.respond_with(self._respond)
        await self.start_redis()
        try:
            await self.stage.__aenter__()
        except BaseException:
            await self._close_redis()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            await worker.kill()
        await self.stage.__aexit__(kind, error, trace)
        await self._close_redis()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------ workers

    async def start_worker(self, redis_url: str = "", command: str = "run", **more: str) -> BridgeProcess:
        """Start a worker and return when it is ready. `redis_url`: a proxy's, in place of the server's own."""
        worker = self.worker(redis_url, command, **more)
        await worker.start()
        return worker

    def worker(self, redis_url: str = "", command: str = "run", **more: str) -> BridgeProcess:
        """Make a worker, to be started later."""
        settings = {**self.stage.settings, **UNBOUNDED, "REDIS_URL": redis_url or self.redis_url, **more}
        worker = BridgeProcess(settings, self._folder, f"worker{len(self.workers) + 1}", command, self._program, start)
        self.workers.append(worker)
        return worker

    def opened_by(self, worker: BridgeProcess, thread: ThreadKey) -> bool:
        """Say whether this worker opened the thread's session, by its own word."""
        return any("session opened" in line and f"thread_key={thread}" in line for line in worker.log)

    async def until_said(self, worker: BridgeProcess, words: str, timeout_s: float = 30.0) -> None:
        """Wait until a worker's log holds these words. Raises `TimeoutError`."""

        async def is_said() -> bool:
            return any(words in line for line in worker.log)

        await _until(is_said, timeout_s)

    async def until_lost(self, worker: BridgeProcess, thread: ThreadKey, timeout_s: float = 30.0) -> None:
        """Wait until a worker has noticed that another one has the thread. Raises `TimeoutError`."""
        words = ("lease lost", "taken over by another worker")

        async def is_said() -> bool:
            return any(f"thread_key={thread}" in line and any(word in line for word in words) for line in worker.log)

        await _until(is_said, timeout_s)

    @property
    def log(self) -> str:
        """All that the workers said."""
        return "\n".join(f"--- {worker.log_file.stem}\n{''.join(worker.log)}" for worker in self.workers)

    # ------------------------------------------------------------ Redis

    @property
    def redis_url(self) -> str:
        """Where Redis listens; the same after a restart."""
        if self._server is None:
            raise RuntimeError("Redis does not run")
        return self._server.url

    @property
    def redis(self) -> Redis:
        """A client of the test's own."""
        if self._redis is None:
            raise RuntimeError("Redis does not run")
        return self._redis

    @property
    def stores(self) -> RedisStores:
        """The stores, to look at what is kept."""
        if self._stores is None:
            raise RuntimeError("Redis does not run")
        return self._stores

    async def start_redis(self) -> None:
        """Start the server on its data."""
        self._server = await asyncio.to_thread(start_embedded, self._folder / "data")
        if self._redis is None:
            self._redis = connect(self._server.url)
            self._stores = RedisStores(self._redis)

    async def stop_redis(self) -> None:
        """Stop the server; its data stay."""
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def expire_leases(self, *threads: ThreadKey) -> None:
        """Let the leases of these threads run out, as those of a dead worker do."""
        for thread in threads:
            command = ("ZINCRBY", self.stores.keys.due, -(LEASE_S + 1) * 1000, str(thread))
            await self.redis.execute_command(*command)  # type: ignore[no-untyped-call]  # the library left it bare

    async def let_time_pass(self, seconds: float) -> None:
        """Move all that waits for its time in Redis that many seconds nearer: leases, idle deadlines, ends."""
        await pass_time(self.redis, self.stores.keys, seconds)

    async def until_recorded(self, thread: ThreadKey, timeout_s: float = 30.0) -> None:
        """Wait until the record of the thread's turn names a message. Raises `TimeoutError`."""

        async def is_recorded() -> bool:
            return any(json.loads(await self.redis.hget(self.stores.keys.turn(thread), "message_ids") or "[]"))

        await _until(is_recorded, timeout_s)

    async def until_kept(self, thread: ThreadKey, person: str, questions: int, timeout_s: float = 30.0) -> None:
        """Wait until so many questions are in a thread's inbox, and nothing joins the last one any more."""
        keys = self.stores.keys

        async def is_kept() -> bool:
            # In this order: the last one may be kept between the two looks, and then more would join it.
            are_kept = await self.redis.llen(keys.inbox(thread)) >= questions
            return are_kept and not await self.redis.exists(keys.burst(thread, person))

        await _until(is_kept, timeout_s, every_s=0.1)

    async def until_let_go(self, thread: ThreadKey, timeout_s: float = 30.0) -> None:
        """Wait until no worker holds the thread. Raises `TimeoutError`."""

        async def is_free() -> bool:
            return not await self.redis.hexists(self.stores.keys.leases, str(thread))

        await _until(is_free, timeout_s)

    async def until_no_opening(self, timeout_s: float = 30.0) -> None:
        """Wait until no opening of a conversation is on record. Raises `TimeoutError`."""

        async def is_empty() -> bool:
            return not await self.redis.exists(self.stores.keys.openings)

        await _until(is_empty, timeout_s)

    async def fence_of(self, thread: ThreadKey) -> int:
        """Return the fence of the worker that holds the thread; 0 if none does."""
        fence = await self.redis.hget(self.stores.keys.leases, str(thread)) or "0"
        return int(fence.decode().partition("-")[0] if isinstance(fence, bytes) else fence)

    async def until_fence_is_above(self, fence: int, thread: ThreadKey, timeout_s: float = 45.0) -> None:
        """Wait until another worker has taken the thread over. Raises `TimeoutError`."""

        async def is_taken() -> bool:
            return await self.fence_of(thread) > fence

        await _until(is_taken, timeout_s)

    async def at_rest(self, timeout_s: float = 30.0) -> None:
        """Wait until no thread has work. Raises `TimeoutError`."""

        async def is_empty() -> bool:
            return not await self.redis.zcard(self.stores.keys.due)

        await _until(is_empty, timeout_s)

    async def until_none_is_open(self, timeout_s: float = 30.0) -> None:
        """Wait until no session is open on record, and no end is left to be made. Raises `TimeoutError`."""

        async def is_none() -> bool:
            return await self.stores.sessions.counts() == (0, 0)

        await _until(is_none, timeout_s)

    async def end_all(self, timeout_s: float = 30.0) -> None:
        """Let all sessions fall idle and wait until TalkifAI has closed them. Raises `TimeoutError`."""
        patience_s = 0.5
        async with asyncio.timeout(timeout_s):
            while await self.stores.sessions.counts() != (0, 0):
                # This takes away from a worker what it has in hand, too: each time it is given longer to finish.
                await self.let_time_pass(1800.0)
                with suppress(TimeoutError):
                    await self.until_none_is_open(patience_s)
                patience_s *= 2

    async def _close_redis(self) -> None:
        if self._stores is not None:
            await self._stores.aclose()
        await self.stop_redis()

    def _respond(self, question: str) -> Answer:
        return self.answers.get(question) or answer_by_words(question)


async def _until(true: Callable[[], Awaitable[bool]], timeout_s: float, *, every_s: float = 0.02) -> None:
    """Ask again and again: what happens in another process, or in Redis, sets no event here."""
    async with asyncio.timeout(timeout_s):
        while not await true():  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(every_s)
