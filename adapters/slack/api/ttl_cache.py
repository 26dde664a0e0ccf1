"""Facts that Slack is asked for once and that are believed for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

from bridge.runtime.bounded_dict import BoundedDict

_KEPT = 10_000

Fact = TypeVar("Fact")


class TtlCache(Generic[Fact]):
    """A bounded cache. Look-ups of one name at the same time are one call.

    Args:
        ask: Asks Slack; returns the fact and for how many seconds to believe it. Raises nothing but cancellation.
        now: Seconds that never go back.
    """

    def __init__(
        self, ask: Callable[[str], Awaitable[tuple[Fact, float]]], now: Callable[[], float] = monotonic
    ) -> None:
        self._ask = ask
        self._now = now
        self._known: BoundedDict[str, tuple[Fact, float]] = BoundedDict(_KEPT)
        self._running: dict[str, asyncio.Event] = {}

    async def get(self, name: str) -> Fact:
        """Return the fact, from the cache where it is fresh."""
        while True:
            known = self._known.get(name)
            if known is not None and known[1] > self._now():
                self._known[name] = known  # what is asked for often stays
                return known[0]
            running = self._running.get(name)
            if running is None:
                return await self._look_up(name)
            await running.wait()

    async def _look_up(self, name: str) -> Fact:
        self._running[name] = done = asyncio.Event()
        try:
            fact, keep_s = await self._ask(name)
            self._known[name] = (fact, self._now() + keep_s)
            return fact
        finally:
            del self._running[name]
            done.set()
