"""The numbers and formulas of pacing that workers share: pure."""

from collections.abc import Mapping

from bridge.domain.limits.rate_limits import Budget, ChannelLimits, Headroom, Priority

USUAL_STREAM_S = 10.0
"""How long answers are taken to stream until this worker has seen some."""
ARRIVES_WITHIN_S = 1.0
"""A call is counted as arriving so much later than it was begun, or a fiftieth of a shorter window. What takes longer
is counted again at its end."""
MOST_PATIENCE_S = 5.0
"""Every call asks again after so long, unless its scope is full for longer: others may need no call any more."""
_STRETCH = ((15.0, 1.0), (30.0, 1.25), (60.0, 1.5))
_STRETCH_MOST = 2.0
_LEARNS = 0.2


def kept_free(kind: Priority, budget: Budget, live: int, unshown: int) -> int:
    """Return how many calls a call of this kind has to leave to those that may not wait.

    Args:
        kind: Who asks.
        budget: Of the scope.
        live: The replies that still need a call for their last text in this scope.
        unshown: Those of them that need one for their first text as well.
    """
    if not budget.keeps_room:
        # In a crowd the typing signs of all come first, and would use up what their first texts need a moment later.
        return budget.calls // 2 if kind is Priority.COSMETIC else 0
    if kind is Priority.FINAL:
        return 0
    if kind is Priority.FIRST:
        # Half a sentence, and the rest a minute later, is worse than the whole answer at its end: where there is no
        # room for the first texts of all, none is shown before its last. (Measured: docs/pacing.md.)
        return max(0, live + unshown - 1)
    return live + unshown + (budget.calls // 4 if kind is Priority.COSMETIC else 0)


def goes_behind(kind: Priority, budget: Budget) -> Priority:
    """Return the first of the priorities whose waiting calls go before one of this kind.

    Where room is kept for last texts, those that wait need no more of it.
    """
    if not budget.keeps_room or kind is Priority.COSMETIC:
        return Priority.FINAL
    return Priority.FIRST if kind is Priority.TURN else kind


def arrives_s(budget: Budget) -> float:
    """Return how much later than it is allowed a call counts: the service counts it when it arrives."""
    return min(ARRIVES_WITHIN_S, budget.window_s / 50)


def patience_s(budget: Budget, live: int) -> float:
    """Return after how long a refused call asks again, though its time may be later.

    Where room is kept, replies that end make room too; the more there are, the less often each asks.
    """
    return 0.5 + 0.02 * live if budget.keeps_room else MOST_PATIENCE_S


def edit_interval_s(pace: ChannelLimits, rooms: Mapping[str, Headroom], *, age_s: float, stream_s: float) -> float:
    """Return the time between two edits of one reply.

    It stretches with the reply's age. Where the calls are short, the live replies share what is there over the time
    that they will still take; where a second or a few are what is short, they take turns.

    Args:
        pace: The place's.
        rooms: What is known of the scopes, by name.
        age_s: Since the reply's first text.
        stream_s: How long answers usually stream.
    """
    stretch = next((factor for limit, factor in _STRETCH if age_s < limit), _STRETCH_MOST)
    left_s = max(stream_s - age_s, stream_s / 2)
    # Where a longer window counts too, as in a Telegram group, that is what is short.
    take_turns = not any(budget.keeps_room for budget in pace.edits)
    shares = [
        _turn_s(budget, room, stream_s) if take_turns and room.live > 1 else _share_s(room, left_s)
        for budget in pace.edits
        if (room := rooms.get(budget.scope)) is not None
    ]
    return max(pace.edit_floor_s * stretch, *shares, 0.0)


def _share_s(room: Headroom, left_s: float) -> float:
    # The last text is one more showing for each.
    return room.live * left_s / (max(room.calls, 0) + room.live) if room.live else 0.0


def _turn_s(budget: Budget, room: Headroom, stream_s: float) -> float:
    """Return after how long a reply has its turn again, where a window comes round many times in a stream.

    Nothing is won there by calling early. Last texts need their part of the calls, at most half.
    """
    calls_per_s = budget.calls / budget.window_s
    return room.live / max(calls_per_s - room.live / max(stream_s, 1.0), calls_per_s / 2)


def learned(usual_s: float, seen_s: float) -> float:
    """Return how long answers usually stream, given one more."""
    return usual_s + _LEARNS * (seen_s - usual_s)
