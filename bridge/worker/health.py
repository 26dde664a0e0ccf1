"""Says whether this worker does its job, and collects the figures that operators watch."""

import logging
from collections.abc import Callable, Mapping, Sequence

from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.errors import StoreUnavailable
from bridge.ports.channel import Receiver
from bridge.ports.channel_capabilities import ReceivingState
from bridge.ports.stores.coordination import StoreFigures, StoreHealth
from bridge.runtime.clock import Clock
from bridge.runtime.meter import Meter
from bridge.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

_SILENT_S = 30.0
"""A reaper that has not looked for due ends for this long is stuck."""


class Health:
    """Looks at one worker, and at what all workers share.

    Args:
        receivers: The channels of the worker.
        waiting_for: Returns the places in `receivers` of those that have not connected yet, or why they are refused.
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
        waiting_for: Callable[[], Mapping[int, Exception | None]],
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
        """Return the figures that all workers share; None while the store does not answer."""
        try:
            return await self._store.figures()
        except StoreUnavailable:
            return None

    async def session_ages(self) -> Sequence[float]:
        """Return how long sessions have been open, in seconds; none while the store does not answer."""
        try:
            return await self._store.session_ages()
        except StoreUnavailable:
            return ()

    @property
    def store_errors(self) -> int:
        """How many commands of this worker to the store failed."""
        return self._store.errors

    @property
    def live_turns(self) -> int:
        """How many turns this worker has live."""
        return self._live_turns()

    @property
    def restarts(self) -> int:
        """How often background work died of a defect and was started again."""
        return sum(self._supervisor.restarts.values())

    async def log_figures(self, **more: int) -> None:
        """Log the figures on one line, with those that are given; nothing while the store does not answer."""
        figures = await self.figures()
        if figures is None:
            return
        extra = {
            "live_turns": self.live_turns,
            "open_sessions": figures.open_sessions,
            "ends_waiting": figures.ends_waiting,
            "stuck_ends": figures.stuck_ends,
            "possible_orphans": figures.recent_orphans,
            "dead_letters": figures.dead_letters,
            "redis_used_mb": round(figures.memory.used_bytes / 1e6, 1),
            "redis_most_mb": round(figures.memory.most_bytes / 1e6, 1),
            "restarts": self.restarts,
            **more,
        }
        log.info("figures", extra=extra)
        if figures.memory.is_nearly_full:
            log.warning("%s: when it is full, no question is taken any more", figures.memory)

    async def troubles(self) -> Mapping[str, str]:
        """Return why this worker is not ready, a sentence by the name of each cause; empty where it is."""
        figures = await self.figures()
        found = {"redis": "Redis does not answer"} if figures is None else _of_store(figures)
        return {**found, **self._of_channels(), **self._of_reaper()}

    async def warnings(self) -> Mapping[str, str]:
        """Return what does not keep it from being ready yet, but will if the operator does nothing."""
        figures = await self.figures()
        found = {}
        if figures is not None and figures.memory.is_nearly_full:
            found["memory"] = f"{figures.memory}: when it is full, no question is taken any more"
        if figures is not None and figures.dead_letters:
            what = "1 question is" if figures.dead_letters == 1 else f"{figures.dead_letters} questions are"
            found["dead"] = f"{what} set aside: see `talkifai-bridge dead list`"
        return found

    def _of_channels(self) -> Mapping[str, str]:
        waiting = self._waiting_for()
        found = {}
        for at, receiver in enumerate(self._receivers):
            if at in waiting:
                found[f"{receiver.name} {at}"] = str(waiting[at] or f"{receiver.name}: not connected")
            elif isinstance(receiver, ReceivingState) and receiver.trouble:
                found[f"{receiver.name} {at}"] = receiver.trouble
        return found

    def _of_reaper(self) -> Mapping[str, str]:
        silent_s = self._clock.monotonic() - self._reaper.looked_at
        said = f"no session was looked at for {silent_s:.0f} s: idle ones stay open"
        return {"reaper": said} if silent_s > _SILENT_S else {}


def _of_store(figures: StoreFigures) -> dict[str, str]:
    found = {}
    if figures.stuck_ends:
        found["stuck ends"] = f"{_conversations(figures.stuck_ends)} cannot be ended"
    if figures.recent_orphans:
        found["orphans"] = f"{_conversations(figures.recent_orphans)} may be open that cannot be ended"
    return found


def _conversations(count: int) -> str:
    return f"{count} conversation" + ("" if count == 1 else "s")
