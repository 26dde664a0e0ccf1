"""What one worker counts and times while it runs, as plain numbers, without a vendor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

BOUNDS_S = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 60.0, 120.0, 300.0)


@dataclass(slots=True)
class Durations:
    """A histogram of seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """How many were at most each of `BOUNDS_S` and above the one before; the last: above all."""
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[next((at for at, bound in enumerate(BOUNDS_S) if seconds <= bound), len(BOUNDS_S))] += 1
        self.total_s += seconds

    def cumulated(self) -> Sequence[int]:
        """Return how many were at most each of `BOUNDS_S`, and how many there are."""
        return [sum(self.counts[: at + 1]) for at in range(len(self.counts))]


class Meter:
    """One for each worker. Labels are few and fixed: never a person, a place or a text."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        """By name and label; empty for no label."""
        self.durations: dict[str, Durations] = {}

    def count(self, name: str, label: str = "") -> None:
        """Count one."""
        self.counts[name, label] += 1

    def time(self, name: str, seconds: float) -> None:
        """Note how long something took."""
        self.durations.setdefault(name, Durations()).add(max(0.0, seconds))
