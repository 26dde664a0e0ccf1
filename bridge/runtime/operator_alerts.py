"""Tell the operator a cause once, not with every question that meets it."""

import logging

from bridge.domain.errors import Misconfigured
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

REPEAT_AFTER_S = 3600.0


class OperatorAlerts:
    """Remembers which causes were told, by kind of error; each is told again after an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}

    def tell(self, error: Misconfigured) -> None:
        """Log the cause, unless it was logged within the last hour."""
        kind = type(error).__name__
        now = self._clock.monotonic()
        if kind in self._told_at and now - self._told_at[kind] < REPEAT_AFTER_S:
            return
        self._told_at[kind] = now
        log.error("an operator has to act: %s", error, extra={"kind": kind})
