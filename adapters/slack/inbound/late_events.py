"""Events that could not be kept at their last delivery: they are kept when the store is back, or their senders told."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from adapters.slack.limits import LAST_RETRY, SlackLimits
from bridge.domain.errors import StoreUnavailable

_LOG = logging.getLogger(__name__)
_MOST = 1_000

Payload = Mapping[str, object]
Handle = Callable[[Payload, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Late:
    payload: Payload
    account: str
    came_at: float


class LateEvents:
    """Holds them in memory. What is lost with the process is read from the history when the bridge is back.

    Args:
        keep: Keeps an event. Raises `StoreUnavailable`.
        give_up: Tells the sender that the message did not arrive. Raises nothing but cancellation.
    """

    def __init__(self, keep: Handle, give_up: Handle, limits: SlackLimits) -> None:
        self._keep = keep
        self._give_up = give_up
        self._limits = limits
        self._waiting: deque[_Late] = deque()

    async def hold(self, payload: Payload, account: str) -> None:
        """Take an event that Slack will not deliver again. If too many wait, its sender gets a notice at once."""
        if len(self._waiting) < _MOST:
            self._waiting.append(_Late(payload, account, monotonic()))
        else:
            await self._give_up(payload, account)

    async def run(self) -> None:
        """Keep what waits, until cancelled."""
        while True:
            await asyncio.sleep(self._limits.late_again_s)
            while self._waiting and await self._settle(self._waiting[0]):
                self._waiting.popleft()

    async def _settle(self, late: _Late) -> bool:
        try:
            await self._keep(late.payload, late.account)
        except StoreUnavailable:
            if monotonic() - late.came_at < self._limits.late_most_s:
                return False
            await self._give_up(late.payload, late.account)
        else:
            _LOG.info("An event that Slack delivers no more was kept.")
        return True


def is_last_delivery(headers: Mapping[str, object]) -> bool:
    """Say whether Slack will not deliver the event again, by `x-slack-retry-num`, which bolt reads as a list."""
    found = headers.get("x-slack-retry-num")
    number = found[0] if isinstance(found, (list, tuple)) and found else found
    return isinstance(number, str) and number.isdecimal() and int(number) >= LAST_RETRY
