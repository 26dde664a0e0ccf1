"""Keep background work alive: what dies is logged, counted and started again."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from bridge.domain.errors import Misconfigured
from bridge.runtime.backoff import Backoff
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

_PAUSE_FIRST_S, _PAUSE_MOST_S = 0.5, 15.0
_HEALTHY_AFTER_S = 60.0


class Supervisor:
    """Runs named work and counts its restarts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.restarts: Counter[str] = Counter()

    async def keep_running(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` until it returns. Raises `Misconfigured`; any other error restarts it after a pause."""
        backoff = Backoff(_PAUSE_FIRST_S, _PAUSE_MOST_S)
        while True:
            began = self._clock.monotonic()
            try:
                await work()
            except Misconfigured:
                raise
            except Exception:  # the one place where everything is caught: nothing may die unseen
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    # An error while cleaning up must not turn a stop into a restart.
                    raise asyncio.CancelledError from None
                self.restarts[name] += 1
                log.exception("background work died and is started again", extra={"work": name})
            else:
                return
            if self._clock.monotonic() - began > _HEALTHY_AFTER_S:
                backoff.reset()
            await self._clock.sleep(backoff.next_s())

    async def attempt(self, name: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Run `work` once. Return False, with the error logged and counted, when it died of a defect of ours."""
        try:
            await work()
        except Exception:
            self.restarts[name] += 1
            log.exception("work died", extra={"work": name})
            return False
        return True
