"""Work beside what people wait for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from bridge.runtime.background_queue import BackgroundQueue


@asynccontextmanager
async def _running(queue: BackgroundQueue) -> AsyncIterator[None]:
    running = asyncio.ensure_future(queue.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_is_added_runs_in_order_and_beyond_the_bound_is_dropped() -> None:
    queue, done = BackgroundQueue(3), asyncio.Queue[int]()
    for number in range(5):
        queue.add(partial(done.put, number))
    async with _running(queue):
        assert [await done.get() for _ in range(3)] == [0, 1, 2]
        queue.add(partial(done.put, 9))
        assert await done.get() == 9


async def test_one_job_that_hangs_leaves_the_other_runners_free() -> None:
    queue, done = BackgroundQueue(10, runners=2), asyncio.Queue[int]()
    queue.add(asyncio.Event().wait)
    for number in range(3):
        queue.add(partial(done.put, number))
    async with _running(queue):
        assert [await done.get() for _ in range(3)] == [0, 1, 2]
