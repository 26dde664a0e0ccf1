"""Decide when a call to a channel may be made: budgets as the service counts them, and its 429s.

One object for each worker process. Asking (`delay_s`) and taking (`call`) happen without an await in between,
so no two replies take the same place.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bridge.models import Budget, Pace
from bridge.ports import Clock

STRICT_AFTER_429_S = 3600.0
"""How long a number documented as a minimum is taken as the limit once the service has said 429."""
_STRETCH = ((10.0, 1.0), (30.0, 1.5), (60.0, 2.0))
_STRETCH_MOST = 2.5
_RECHECK_S = 0.05
_QUICK_EDITS = 3


class Pacing:
    """The call log of every scope within its window, the pauses, and how many replies are live."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._in_flight: Counter[str] = Counter()
        self._live: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}
        self._strict_until: dict[str, float] = {}

    @contextmanager
    def live_reply(self, pace: Pace) -> Iterator[None]:
        """Count a reply as live in the scopes of its edits, for as long as it is shown."""
        scopes = [budget.scope for budget in pace.edits]
        self._live.update(scopes)
        try:
            yield
        finally:
            for scope in scopes:
                self._live[scope] -= 1
                if self._live[scope] <= 0:
                    del self._live[scope]

    def edit_interval_s(self, pace: Pace, age_s: float) -> float:
        """Return the time between two edits of one reply: it stretches with age and with the live replies."""
        stretch = next((factor for limit, factor in _STRETCH if age_s < limit), _STRETCH_MOST)
        shares = [
            self._live[budget.scope] * budget.window_s / budget.calls for budget in pace.edits if self._is_short(budget)
        ]
        return max(pace.edit_floor_s * stretch, *shares, 0.0)

    def _is_short(self, budget: Budget) -> bool:
        """Say whether the live replies have to share what is left, instead of each going at its own pace."""
        live = self._live[budget.scope]
        # Each is to have a few quick edits and its last one; a burst may use what nobody else needs.
        return self._used(budget) + (1 + _QUICK_EDITS) * live > budget.calls

    def _used(self, budget: Budget) -> int:
        """Count the calls within the window."""
        calls = self._calls[budget.scope]
        now = self._clock.monotonic()
        while calls and now - calls[0] >= budget.window_s:
            calls.popleft()
        return len(calls)

    def delay_s(self, budgets: Sequence[Budget], *, urgent: bool) -> float:
        """Return how long a call has to wait, 0 for now. Only urgent calls may use a budget up."""
        return max((self._delay_in(budget, urgent=urgent) for budget in budgets), default=0.0)

    @contextmanager
    def call(self, budgets: Sequence[Budget]) -> Iterator[None]:
        """Count a call: in flight inside the block, and after it as made when it ended.

        The service counts at some moment in between, so that nobody can see more calls in a window than allowed.
        """
        scopes = [budget.scope for budget in budgets]
        self._in_flight.update(scopes)
        try:
            yield
        finally:
            now = self._clock.monotonic()
            for scope in scopes:
                self._calls[scope].append(now)
                self._in_flight[scope] -= 1
                if self._in_flight[scope] <= 0:
                    del self._in_flight[scope]

    def pause(self, scope: str, seconds: float) -> None:
        """Obey a 429: nothing is called in this scope for that long."""
        now = self._clock.monotonic()
        self._not_before[scope] = max(self._not_before.get(scope, 0.0), now + seconds)
        self._strict_until[scope] = now + STRICT_AFTER_429_S

    def forget_idle_scopes(self) -> None:
        """Drop what no longer matters, so that the memory is bounded by what is active."""
        now = self._clock.monotonic()
        for scope, calls in list(self._calls.items()):
            if not calls or now - calls[-1] > STRICT_AFTER_429_S:
                del self._calls[scope]
        for table in (self._not_before, self._strict_until):
            for scope in [scope for scope, until in table.items() if until < now]:
                del table[scope]

    def _delay_in(self, budget: Budget, *, urgent: bool) -> float:
        now = self._clock.monotonic()
        paused_s = self._not_before.get(budget.scope, 0.0) - now
        if paused_s > 0:
            return paused_s
        used = self._used(budget)
        calls = self._calls[budget.scope]
        # What live replies need for their last text is kept free of in-between edits.
        reserve = 0 if urgent else min(self._live[budget.scope], budget.calls // 2)
        allowed = max(1, budget.calls - reserve)
        in_flight = self._in_flight[budget.scope]
        excess = used + in_flight - allowed
        if excess < 0:
            return 0.0
        if urgent and not budget.hard and self._strict_until.get(budget.scope, 0.0) <= now:
            # Beyond the documented number, one at a time: the first 429 is then the only one.
            return _RECHECK_S if in_flight else 0.0
        if excess >= len(calls):
            return _RECHECK_S
        return max(calls[excess] + budget.window_s - now, 0.001)
