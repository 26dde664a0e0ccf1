"""Work that is done soon and best effort: the caller does not wait for it, and too much of it is dropped."""

import asyncio
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[object]]
"""Raises nothing but cancellation."""


class BackgroundQueue:
    """A bounded queue of jobs.

    Args:
        most_waiting: How many jobs may wait.
        runners: How many run at a time. With several, one slow call does not block the rest.
    """

    def __init__(self, most_waiting: int, *, runners: int = 1) -> None:
        self._waiting: asyncio.Queue[Job] = asyncio.Queue(most_waiting)
        self._runners = runners

    def add(self, job: Job) -> None:
        """Have it run soon. Does not wait; does nothing where too many wait already."""
        if not self._waiting.full():
            self._waiting.put_nowait(job)

    async def drain(self) -> None:
        """Wait until all that was added has run. It has to be running."""
        await self._waiting.join()

    async def run(self) -> None:
        """Run what is added, in order, until cancelled."""
        async with asyncio.TaskGroup() as runners:
            for _ in range(self._runners):
                runners.create_task(self._run_each())

    async def _run_each(self) -> None:
        while True:
            job = await self._waiting.get()
            try:
                await job()
            finally:
                self._waiting.task_done()
