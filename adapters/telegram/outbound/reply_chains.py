"""Notes which thread a message just posted belongs to, so that an answer to it stays there. No post waits for that."""

import asyncio
import logging
from functools import partial

from adapters.telegram.outbound.messages import is_group
from bridge.domain.errors import StoreUnavailable
from bridge.domain.threads import Address
from bridge.ports.stores.chat_moves import ReplyRoots
from bridge.runtime.background_queue import BackgroundQueue

log = logging.getLogger(__name__)

_MOST_WAITING = 1000
_AT_A_TIME = 16
_PAUSE_S = 2.0
_TRIES = 150
"""With the store's own time limit, that is as long as people wait before they answer."""
_CLOSE_WITHIN_S = 1.0


class ReplyChains:
    """One for each bot, at work from `open` to `close`."""

    def __init__(self, roots: ReplyRoots) -> None:
        self._roots = roots
        self._waiting = BackgroundQueue(_MOST_WAITING, runners=_AT_A_TIME)
        self._running: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to work. Safe to repeat."""
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._waiting.run())

    async def close(self) -> None:
        """Work off what waits, for a moment, and stop. Safe to repeat."""
        running, self._running = self._running, None
        if running is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._waiting.drain()
        except TimeoutError:
            log.warning("telegram: answers to the newest messages begin new threads")
        running.cancel()
        await asyncio.wait([running])

    def note(self, address: Address, message_id: str) -> None:
        """Note it soon, or once the store is back. Does nothing if the thread is no chain of replies."""
        if is_group(address.place) and address.reply_to and not address.thread:
            self._waiting.add(partial(self._remember, address, message_id))

    async def _remember(self, address: Address, message_id: str) -> None:
        for _ in range(_TRIES):
            try:
                root = await self._roots.root_of(address.account, address.place, address.reply_to)
                await self._roots.remember(address.account, address.place, message_id, root or address.reply_to)
            except StoreUnavailable:
                await asyncio.sleep(_PAUSE_S)
            else:
                return
        log.warning("telegram: the store is away; answers to message %s begin a new thread", message_id)
