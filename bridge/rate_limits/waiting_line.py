"""Who waits for room in one scope, and who of them goes first."""

from bisect import bisect_left, insort

from bridge.domain.limits.rate_limits import Priority

Place = tuple[Priority, float, str]
"""By priority, then who has waited longest: since when (seconds), and the reply's name."""


class WaitingLine:
    """The replies of one scope that were refused a call, each with one place."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._place_of: dict[str, Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    def enter(self, place: Place) -> None:
        """Note that a reply waits; it has no other place here."""
        self._place_of[place[-1]] = place
        insort(self._places, place)

    def leave(self, reply: str) -> None:
        """Forget a reply's place, if it has one."""
        place = self._place_of.pop(reply, None)
        if place is not None:
            del self._places[bisect_left(self._places, place)]

    def before(self, place: Place, first: Priority) -> int:
        """Return how many of this priority or behind it go before a place."""
        return max(0, bisect_left(self._places, place) - bisect_left(self._places, (first, float("-inf"), "")))
