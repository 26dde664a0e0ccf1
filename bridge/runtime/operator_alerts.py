"""Tell the operator a cause once, not with every question that meets it."""

import logging
from collections.abc import Mapping

from bridge.domain.errors import Misconfigured
from bridge.runtime.bounded_dict import BoundedDict
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

REPEAT_AFTER_S = 3600.0
CLEAR_AFTER_S = 600.0
"""A cause that nothing has met for so long is over, as far as anybody can tell."""
_MOST_CAUSES = 1000


class OperatorAlerts:
    """Remembers which causes were logged; each is logged again after an hour.

    A cause is a kind of error and what it is about: each wrong token and each wrong agent is logged for itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: BoundedDict[str, float] = BoundedDict(_MOST_CAUSES)
        self._met: BoundedDict[str, tuple[float, str]] = BoundedDict(_MOST_CAUSES)

    def tell(self, error: Misconfigured) -> None:
        """Record an error that an operator must fix."""
        kind = type(error).__name__
        self.warn(f"{kind}: {error.about}", str(error), kind)

    def warn(self, cause: str, sentence: str, kind: str = "", lasts_s: float = CLEAR_AFTER_S) -> None:
        """Note a cause under a name of its own, such as a budget that is nearly used up, and how long it lasts."""
        now = self._clock.monotonic()
        self._met[cause] = now + lasts_s, sentence
        if cause in self._told_at and now - self._told_at[cause] < REPEAT_AFTER_S:
            return
        self._told_at[cause] = now
        log.error("an operator has to act: %s", sentence, extra={"kind": kind or cause})

    def current(self) -> Mapping[str, str]:
        """Return the causes that are not over, each with its newest sentence."""
        now = self._clock.monotonic()
        return {cause: sentence for cause, (ends_at, sentence) in self._met.items() if now < ends_at}
