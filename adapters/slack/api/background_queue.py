"""What is done for people soon, and best effort: nobody waits for it, and it is dropped where there is too much."""

import asyncio
from collections.abc import Awaitable, Callable

_MOST_WAITING = 300
_AT_A_TIME = 3

Errand = Callable[[], Awaitable[object]]
"""Raises nothing but cancellation."""


class BackgroundQueue:
    """A bounded queue of errands, and those who run them."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Errand] = asyncio.Queue(_MOST_WAITING)

    def add(self, errand: Errand) -> None:
        """Have it run soon. Does not wait; does nothing where too many wait already."""
        if not self._waiting.full():
            self._waiting.put_nowait(errand)

    async def run(self) -> None:
        """Run what is added, until cancelled: so slow an answer of Slack that it holds up one leaves others free."""
        async with asyncio.TaskGroup() as runners:
            for _ in range(_AT_A_TIME):
                runners.create_task(self._run_each())

    async def _run_each(self) -> None:
        while True:
            await (await self._waiting.get())()
