"""Let one worker of many do what only one may do at a time, such as polling Telegram."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

from bridge.domain.errors import StoreUnavailable
from bridge.ports.stores.coordination import LeaderLease
from bridge.runtime.cancellation import unwrap_group
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

LEASE_S = 10.0
"""Another worker replaces a leader that has not renewed its lead for this long."""
_RENEW_EVERY_S = 3.0
_RENEWAL_WAITS_S = 1.5
"""How long a renewal may wait for another request that it can go along with."""
_TRY_EVERY_S = 2.0
_GIVE_UP_WITHIN_S = 1.0


class Leadership:
    """This worker's part in one election."""

    def __init__(self, lease: LeaderLease, clock: Clock, name: str) -> None:
        self._lease = lease
        self._clock = clock
        self._name = name
        self._holder = uuid4().hex

    async def lead(self, work: Callable[[], Awaitable[None]], standing_by: Callable[[], None]) -> None:
        """Run `work` whenever this worker is the leader, until it returns or this is cancelled.

        `standing_by` is called once when another worker leads. When cancelled the lead is given up at once.
        """
        told = False
        while True:
            if await self._take():
                try:
                    if await self._work_while_leading(work):
                        return
                finally:
                    await self._give_up()
            elif not told:
                told = True
                standing_by()
            await self._clock.sleep(_TRY_EVERY_S)

    async def _work_while_leading(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Return True when `work` came to its end, False when the lead was lost meanwhile."""
        with unwrap_group():
            async with asyncio.TaskGroup() as group:
                working = group.create_task(_until_done(work))
                renewing = group.create_task(self._renew_until_lost())
                await asyncio.wait([working, renewing], return_when=asyncio.FIRST_COMPLETED)
                finished = working.done()
                working.cancel()
                renewing.cancel()
        return finished

    async def _renew_until_lost(self) -> None:
        renewed_at = self._clock.monotonic()
        while True:
            await self._clock.sleep(_RENEW_EVERY_S)
            asked_at = self._clock.monotonic()
            try:
                if not await self._lease.take(self._name, self._holder, LEASE_S, can_wait_s=_RENEWAL_WAITS_S):
                    log.warning("another worker leads now", extra={"work": self._name})
                    return
                renewed_at = asked_at
            except StoreUnavailable:
                if self._clock.monotonic() - renewed_at > LEASE_S:
                    return

    async def _take(self) -> bool:
        try:
            return await self._lease.take(self._name, self._holder, LEASE_S)
        except StoreUnavailable:
            return False

    async def _give_up(self) -> None:
        with suppress(StoreUnavailable, TimeoutError):  # it runs out by itself
            async with asyncio.timeout(_GIVE_UP_WITHIN_S):
                await self._lease.give_up(self._name, self._holder)


async def _until_done(work: Callable[[], Awaitable[None]]) -> None:
    await work()
