"""APScheduler: calls what is to be done now and then."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler


@asynccontextmanager
async def every(interval_s: float, job: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call `job` each `interval_s` seconds inside the block, never twice at once.

    The jobs live in memory only: what is due is kept in Redis, so a missed or repeated call loses nothing.
    """
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        job,
        "interval",
        seconds=interval_s,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        yield
    finally:
        # wait=True would cancel a running coroutine job all the same.
        scheduler.pause()
        scheduler.shutdown(wait=False)
