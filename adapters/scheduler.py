"""APScheduler: calls what is to be done now and then, whatever becomes of the wall clock that it plans by."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.util import get_callable_name

Job = Callable[[], Awaitable[None]]

_END_WITHIN_S = 1.0


@asynccontextmanager
async def every(interval_s: float, job: Job) -> AsyncIterator[None]:
    """Call `job` inside the block, `interval_s` seconds after the block begins and after each call is over.

    Never twice at once. An exception is logged by APScheduler, and the next call comes. A call that still runs at
    the block's end is cancelled. Where the wall clock is set back or forward, the next call comes `interval_s` late
    at the most.

    The jobs live in memory only: what is due is kept in Redis, so a missed or repeated call loses nothing.
    """
    scheduler = AsyncIOScheduler(timezone="UTC")
    repeated = _Repeated(scheduler, interval_s, job)
    scheduler.start()
    watch = asyncio.ensure_future(repeated.watch_the_wall_clock())
    try:
        yield
    finally:
        scheduler.pause()
        watch.cancel()
        await repeated.end()
        scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # APScheduler shuts down in the loop's next round


class _After(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Due once, that long from now. APScheduler's interval would go through all the times that a clock jumped over."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def __str__(self) -> str:
        return f"after {self._interval}"

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the time of the next call, as APScheduler asks for it."""
        del previous_fire_time
        return now + self._interval


class _Repeated:
    """A job that is not planned while it runs: nothing has to be skipped, nor said about it."""

    def __init__(self, scheduler: AsyncIOScheduler, interval_s: float, job: Job) -> None:
        self._interval_s = interval_s
        self._job = job
        self._call: asyncio.Future[None] | None = None
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._has_ended = False
        after = _After(timedelta(seconds=interval_s))
        self._planned = scheduler.add_job(self._run, after, name=get_callable_name(job), misfire_grace_time=None)

    async def _run(self) -> None:
        if self._has_ended:
            return
        self._planned.pause()
        self._is_free.clear()
        self._call = asyncio.ensure_future(self._job())
        try:
            # Waited for, not awaited: APScheduler would log its cancellation as an error.
            await asyncio.wait([self._call])
            if not self._call.cancelled():
                self._call.result()
        finally:
            self._is_free.set()
            if not self._has_ended:
                self._planned.resume()

    async def watch_the_wall_clock(self) -> None:
        """Call at once what a step back of the clock put off; the loop's own time knows no steps."""
        while True:
            await asyncio.sleep(self._interval_s)
            next_at, now = self._planned.next_run_time, datetime.now(UTC)
            if next_at is not None and (next_at - now).total_seconds() > self._interval_s:
                self._planned.modify(next_run_time=now)

    async def end(self) -> None:
        """Cancel the call that runs, and return when it is gone."""
        self._has_ended = True
        if self._call is not None:
            self._call.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_WITHIN_S):
                await self._is_free.wait()
