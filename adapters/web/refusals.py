"""What strangers did that was refused: counted, and logged in one line now and then."""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic

log = logging.getLogger(__name__)

LINE_EVERY_S = 60.0


class Refusals:
    """Counts by reason. The first refusal is logged at once, those after it in one line a minute.

    The reasons are ours, so that neither the log nor memory grows with what is sent.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._counts: Counter[str] = Counter()
        self._next_line_at = 0.0

    def count(self, reason: str) -> None:
        """Count one refusal."""
        self._counts[reason] += 1
        if self._now() >= self._next_line_at:
            self.tell()

    def tell(self) -> None:
        """Log what was counted since the last line, where there is something."""
        if not self._counts:
            return
        told = ", ".join(f"{reason}: {number}" for reason, number in sorted(self._counts.items()))
        self._counts.clear()
        self._next_line_at = self._now() + LINE_EVERY_S
        log.warning("the web server refused requests (%s)", told)
