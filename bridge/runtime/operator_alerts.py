"""Tell the operator a cause once, not with every question that meets it."""

import logging

from bridge.domain.errors import Misconfigured
from bridge.runtime.bounded_dict import BoundedDict
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

REPEAT_AFTER_S = 3600.0
_MOST_CAUSES = 1000


class OperatorAlerts:
    """Remembers which causes were told; each is told again after an hour.

    A cause is a kind of error and what it is about: each wrong token and each wrong agent is told for itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: BoundedDict[tuple[str, str], float] = BoundedDict(_MOST_CAUSES)

    def tell(self, error: Misconfigured) -> None:
        """Log the cause, unless it was logged within the last hour."""
        kind = type(error).__name__
        cause, now = (kind, error.about), self._clock.monotonic()
        if cause in self._told_at and now - self._told_at[cause] < REPEAT_AFTER_S:
            return
        self._told_at[cause] = now
        log.error("an operator has to act: %s", error, extra={"kind": kind})
