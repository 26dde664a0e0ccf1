"""Updates that cannot be handled are set aside, so that the next ones are served."""

import logging

from adapters.telegram import limits
from bridge.runtime.bounded_dict import BoundedDict

log = logging.getLogger(__name__)

_MOST_TRIED = 1000
"""Updates whose tries are remembered: far more than can fail before one of them is set aside."""


class SetAside:
    """Counts them, and the tries that a defect of ours ended. Outlives a restart of the receiver."""

    def __init__(self) -> None:
        self.count = 0
        """How many updates were set aside."""
        self._tries: BoundedDict[int, list[str]] = BoundedDict(_MOST_TRIED)
        """What each try died of, by the number of the update."""

    def note(self, number: int | None, reason: str) -> None:
        """Set an update aside. Nothing of its content goes into the log."""
        self.count += 1
        facts = {"update": number, "set_aside": self.count}
        log.warning("telegram: update %s cannot be read and is skipped: %s", number, reason, extra=facts)

    def count_try(self, number: int | None, reason: str) -> None:
        """Count a try that failed for no reason which goes away by itself."""
        if number is None:
            return
        self._tries.setdefault(number, []).append(reason)

    def gives_up(self, number: int | None) -> bool:
        """Say whether the update was tried often enough. If so it is set aside."""
        if number is None or len(self._tries.get(number, ())) < limits.UPDATE_TRIES:
            return False
        tries = self._tries.pop(number)
        self.note(number, f"{len(tries)} tries ended in {', '.join(dict.fromkeys(tries))}")
        return True
