"""Whether this worker does what it is there for, and what an operator watches."""

import logging
from collections.abc import Callable, Sequence

from bridge.conversation.reaper import Reaper
from bridge.domain.errors import StoreUnavailable
from bridge.ports.channel import Receiver
from bridge.ports.channel_capabilities import ReceivingState
from bridge.ports.coordination import StoreFigures, StoreHealth
from bridge.runtime.clock import Clock
from bridge.runtime.meter import Meter
from bridge.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

_SILENT_S = 30.0
"""A reaper that has not looked for what is due for so long does not tick."""


class Health:
    """Looks at one worker, and at what all workers share.

    Args:
        receivers: The channels of the worker.
        waiting_for: Returns the places in `receivers` of those that have not connected yet, or are refused.
    """

    def __init__(
        self,
        *,
        store: StoreHealth,
        reaper: Reaper,
        supervisor: Supervisor,
        clock: Clock,
        meter: Meter,
        receivers: Sequence[Receiver],
        waiting_for: Callable[[], set[int]],
        live_turns: Callable[[], int],
    ) -> None:
        self._store = store
        self._reaper = reaper
        self._supervisor = supervisor
        self._clock = clock
        self.meter = meter
        self._receivers = receivers
        self._waiting_for = waiting_for
        self._live_turns = live_turns

    async def figures(self) -> StoreFigures | None:
        """Return what all workers share; None while the store does not answer."""
        try:
            return await self._store.figures()
        except StoreUnavailable:
            return None

    @property
    def live_turns(self) -> int:
        """How many turns this worker has live."""
        return self._live_turns()

    @property
    def restarts(self) -> int:
        """How often background work died of a defect and was started again."""
        return sum(self._supervisor.restarts.values())

    async def troubles(self) -> list[str]:
        """Return why this worker is not ready, one sentence each; empty where it is."""
        figures = await self.figures()
        found = ["Redis does not answer"] if figures is None else _of_store(figures)
        return [*found, *self._of_channels(), *self._of_reaper()]

    def _of_channels(self) -> list[str]:
        waiting = self._waiting_for()
        found = [f"{receiver.name}: not connected" for at, receiver in enumerate(self._receivers) if at in waiting]
        rest = (receiver for at, receiver in enumerate(self._receivers) if at not in waiting)
        return found + [one.trouble for one in rest if isinstance(one, ReceivingState) and one.trouble]

    def _of_reaper(self) -> list[str]:
        silent_s = self._clock.monotonic() - self._reaper.looked_at
        return [f"no session was looked at for {silent_s:.0f} s: idle ones stay open"] if silent_s > _SILENT_S else []


def _of_store(figures: StoreFigures) -> list[str]:
    found = []
    if figures.stuck_ends:
        found.append(f"{figures.stuck_ends} conversations cannot be ended")
    if figures.recent_orphans:
        found.append(f"{figures.recent_orphans} conversations may be open that cannot be ended")
    return found
