"""Gives threads back to the agent that people forgot to give back, and a notice says so."""

from contextlib import suppress

from bridge.domain.errors import StoreUnavailable
from bridge.ports.stores.take_overs import TakeOvers
from bridge.ports.stores.work_queue import Inbox

HAND_BACK_EVERY_S = 30.0
_AT_ONCE = 50


class HandBacks:
    """Gives overdue threads back. Several workers may do so: the command has one name, and the inbox takes it once."""

    def __init__(self, store: TakeOvers, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def sweep(self) -> None:
        """Give back the threads in which nothing was said for too long, as far as the store answers."""
        with suppress(StoreUnavailable):
            for taken in await self._store.overdue(_AT_ONCE):
                await self._inbox.append(taken.hand_back())
