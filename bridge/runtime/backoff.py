"""Pauses that double after each failure in a row."""


class Backoff:
    """Counts failures in a row and says how long to pause. Pauses are in seconds."""

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._failures = 0

    def next_s(self) -> float:
        """Count one more failure and return the pause after it."""
        self._failures += 1
        return pause_after(self._failures, self._first_s, self._most_s)

    def reset(self) -> None:
        """Count a success: the next pause is the first again."""
        self._failures = 0


def pause_after(failures: int, first_s: float, most_s: float) -> float:
    """Return the pause after so many failures in a row, at least one. Pure."""
    # Before 2**64 every pause has reached its longest; 2**1024 is no float any more.
    return min(first_s * 2.0 ** min(failures - 1, 64), most_s)
