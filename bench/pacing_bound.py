"""The least staleness that any schedule could have: a bound by Lagrange's relaxation.

Each reply chooses when its text is shown, knowing everything beforehand, with calls that take as long as in the
simulation and are never refused. Of the limit
"so many calls in any 60 s" only the minutes that begin with the first stream are held to, at a price for each call;
each reply then minds nothing but itself. For every set of prices, what all replies pay at the least, less what the
calls there are would cost, is below what any schedule that keeps to the limit can reach: a bound, whatever the prices.
A search finds prices that make it high. All streams have to end within the first minute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.pacing_world import CALL_S, Service, Stream

_ROUNDS, _FIRST_STEP, _STEP_SHRINKS = 500, 2.0, 0.985
_MINUTE_S = 60.0
_FIRST_BY_S = 0.5


@dataclass(frozen=True, slots=True)
class Way:
    """One way to show a reply."""

    staleness: float
    calls: int
    """In the first minute, of those that are limited."""
    last_in: int
    """The minute of a last text that comes later, from 1; 0: it comes with the stream's end."""


def least_staleness(streams: Sequence[Stream], service: Service, *, first_text_on_time: bool) -> float:
    """Return a number that the mean staleness of no schedule can be below.

    Args:
        streams: All of them.
        service: Whose limit it is.
        first_text_on_time: Only of schedules that show something of each answer within half a second.
    """
    minutes = 2 + 2 * len(streams) // service.edits_per_minute
    ways = [list(_ways(stream, service, minutes, on_time=first_text_on_time)) for stream in streams]
    prices = [0.0] * minutes
    best, step = 0.0, _FIRST_STEP
    for _ in range(_ROUNDS):
        used = [0] * minutes
        total = 0.0
        for own in ways:
            cost, way = min(((_cost(way, prices), way) for way in own), key=lambda pair: pair[0])
            total += cost
            used[0] += way.calls
            if way.last_in:
                used[way.last_in] += 1
        best = max(best, (total - sum(prices) * service.edits_per_minute) / len(streams))
        prices = [
            max(0.0, price + step * max(-1.0, min(1.0, count / service.edits_per_minute - 1)))
            for price, count in zip(prices, used, strict=True)
        ]
        step *= _STEP_SHRINKS
    return best


def _cost(way: Way, prices: Sequence[float]) -> float:
    return way.staleness + way.calls * prices[0] + (prices[way.last_in] if way.last_in else 0.0)


def _ways(stream: Stream, service: Service, minutes: int, *, on_time: bool) -> Iterator[Way]:
    floor = (service.pace(stream.number).edit_floor_s + CALL_S) / stream.lasts_s
    first = _FIRST_BY_S / stream.lasts_s if on_time else None
    on_the_way = CALL_S / 2 / stream.lasts_s
    free = 0 if service.posts_count_as_edits else 1
    for showings in range(round(1 / floor) + 3):
        calls = max(0, showings - free)
        area = _in_time(showings, first, floor)
        if area is not None:
            yield Way(area + on_the_way, calls, 0)
        for minute in range(1, minutes):
            late = (minute * _MINUTE_S - stream.begins_at) / stream.lasts_s - 1
            if first is None and not showings:
                # Nothing before the whole text, which is then a post.
                yield Way(0.5 + late + on_the_way, 0, 0 if free else minute)
            elif showings and floor * (showings - 2) < 1:
                yield Way(_late(showings, late, first) + on_the_way, calls, minute)


def _in_time(showings: int, first: float | None, floor: float) -> float | None:
    """Return the staleness where the last of so many showings comes with the end; None where they do not fit.

    In units of the stream's length. Edits are at least `floor` apart, but for the last one.
    """
    if first is None:
        even = 1 / showings if showings else 0.0
        if showings and (even >= floor or showings < 3):  # noqa: PLR2004 - the first and the last
            return even / 2
        side = (1 - (showings - 2) * floor) / 2
        return side * side + (showings - 2) * floor * floor / 2 if showings and side >= 0 else None
    if showings < 2:  # noqa: PLR2004 - the first and the last
        return None
    even = (1 - first) / (showings - 1)
    if even >= floor:
        return first * first / 2 + even * even * (showings - 1) / 2
    rest = 1 - first - (showings - 2) * floor
    return first * first / 2 + (showings - 2) * floor * floor / 2 + rest * rest / 2 if rest >= 0 else None


def _late(showings: int, late: float, first: float | None) -> float:
    """Return the staleness where the last text is `late` after the end, beside so many showings during the stream.

    In units of the stream's length. The showings are evenly spaced, from the first to one at `last`.
    """
    best = float("inf")
    begin, gaps = (0.0, showings) if first is None else (first, showings - 1)
    for step in range(51):
        last = begin + (1 - begin) * step / 50 if gaps else begin
        before = begin * begin / 2 + ((last - begin) ** 2 / (2 * gaps) if gaps else 0.0)
        best = min(best, before + (1 - last) ** 2 / 2 + (1 - last) * late)
    return best
