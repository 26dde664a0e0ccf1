"""The channels' limits as one worker knows them by itself: while Redis is away, and where nothing is shared."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence

from bridge.domain.limits.rate_limits import AHEAD_S, Budget, CallDecision, CallRequest, Headroom, LiveReply, Priority
from bridge.rate_limits.rules import ARRIVES_WITHIN_S, kept_free
from bridge.runtime.clock import Clock

_LOOK_AGAIN_S = 0.5
_KEPT_S = 120.0
"""Longer than any window."""


class LocalBudgets:
    """The `CallBudgets` port in this process's memory. Nothing in it waits, so no two calls take the same place."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: defaultdict[str, OrderedDict[str, float]] = defaultdict(OrderedDict)
        self._live: defaultdict[str, set[str]] = defaultdict(set)
        self._unshown: defaultdict[str, set[str]] = defaultdict(set)
        self._not_before: dict[str, float] = {}

    async def join(self, replies: Sequence[LiveReply], *, again: bool = False) -> Mapping[str, Headroom]:
        """Count replies as live; return how crowded their scopes are, by name."""
        del again
        for reply in replies:
            for budget in reply.scopes:
                self._live[budget.scope].add(reply.id)
                if budget.scope in reply.unshown_in:
                    self._unshown[budget.scope].add(reply.id)
                else:
                    self._unshown[budget.scope].discard(reply.id)
        return {budget.scope: self._room(budget) for reply in replies for budget in reply.scopes}

    async def leave(self, replies: Sequence[LiveReply]) -> None:
        """Count replies as live no more."""
        for reply in replies:
            for budget in reply.scopes:
                for table in (self._live, self._unshown):
                    table[budget.scope].discard(reply.id)

    async def take(self, asked: CallRequest) -> CallDecision:
        """Count a call in all its budgets at once, or say how long to wait before asking again."""
        rooms = tuple(self._room(budget) for budget in asked.scopes)
        waits = [
            *(self._wait_s(asked.kind, budget) for budget in asked.budgets),
            *(self._reserve_s(asked.reply, budget) for budget in asked.reserves),
        ]
        wait_s = max(waits, default=0.0)
        if wait_s <= 0:
            self.count(asked)
        return CallDecision(wait_s, rooms)

    def count(self, asked: CallRequest) -> None:
        """Count a call that is being made, allowed here or by Redis."""
        now = self._clock.monotonic()
        for budget in asked.budgets:
            self._calls[budget.scope][asked.id] = now + min(ARRIVES_WITHIN_S, budget.window_s / 50)
            if asked.kind is not Priority.COSMETIC:
                self._unshown[budget.scope].discard(asked.reply)
            if asked.is_last:
                self._live[budget.scope].discard(asked.reply)
        for budget in asked.reserves:
            self._live[budget.scope].add(asked.reply)

    async def finish(self, asked: CallRequest) -> None:
        """Say that a slow call has ended: it counts from now on."""
        now = self._clock.monotonic()
        for budget in asked.budgets:
            calls = self._calls[budget.scope]
            calls[asked.id] = max(now, calls.get(asked.id, now))
            calls.move_to_end(asked.id)

    async def pause(self, scope: str, seconds: float) -> None:
        """Note a 429: nothing is called in this scope before that time."""
        self._not_before[scope] = max(self._not_before.get(scope, 0.0), self._clock.monotonic() + seconds)

    def pauses(self) -> Mapping[str, float]:
        """Return the scopes that a 429 still stops, and for how many seconds."""
        now = self._clock.monotonic()
        return {scope: until - now for scope, until in self._not_before.items() if until > now}

    def full_for_s(self, asked: CallRequest) -> float:
        """Return how long this worker's own calls alone make a call wait, however many others call."""
        return max((self._full_for_s(budget) for budget in asked.budgets), default=0.0)

    def live_in(self, scope: str) -> int:
        """Return how many replies of this worker are live in a scope."""
        return len(self._live[scope])

    def forget_idle_scopes(self) -> None:
        """Drop what no longer matters, so that the memory is bounded by what is active."""
        now = self._clock.monotonic()
        for scope, calls in list(self._calls.items()):
            if not calls or now - next(reversed(calls.values())) > _KEPT_S:
                del self._calls[scope]
        for replies in (self._live, self._unshown):
            for scope in [scope for scope, members in replies.items() if not members]:
                del replies[scope]
        for scope in [scope for scope, until in self._not_before.items() if until < now]:
            del self._not_before[scope]

    def _wait_s(self, kind: Priority, budget: Budget) -> float:
        now = self._clock.monotonic()
        paused_s = self._not_before.get(budget.scope, 0.0) - now
        if paused_s > 0:
            return paused_s
        used = self._used(budget)
        live, unshown = len(self._live[budget.scope]), len(self._unshown[budget.scope])
        short = used + kept_free(kind, budget, live, unshown) + 1 - budget.calls
        if short <= 0:
            return 0.0
        if short > used:
            return _LOOK_AGAIN_S
        nth = list(self._calls[budget.scope].values())[short - 1]
        return max(nth + budget.window_s - now, 0.001)

    def _full_for_s(self, budget: Budget) -> float:
        short = self._used(budget) + 1 - budget.calls
        if short <= 0:
            return 0.0
        nth = list(self._calls[budget.scope].values())[short - 1]
        return max(nth + budget.window_s - self._clock.monotonic(), 0.0)

    def _reserve_s(self, reply: str, budget: Budget) -> float:
        paused_s = self._not_before.get(budget.scope, 0.0) - self._clock.monotonic()
        has_room = reply in self._live[budget.scope] or self._room(budget).calls >= 1
        return 0.0 if has_room and paused_s <= AHEAD_S else _LOOK_AGAIN_S

    def _used(self, budget: Budget) -> int:
        calls = self._calls[budget.scope]
        now = self._clock.monotonic()
        while calls and now - next(iter(calls.values())) >= budget.window_s:
            calls.popitem(last=False)
        return len(calls)

    def _room(self, budget: Budget) -> Headroom:
        live, unshown = len(self._live[budget.scope]), len(self._unshown[budget.scope])
        self._used(budget)
        counted_from = self._clock.monotonic() + AHEAD_S - budget.window_s
        counted = sum(at > counted_from for at in self._calls[budget.scope].values())
        # A window that is shorter than the time ahead comes round more than once.
        allowed = int(budget.calls * max(1.0, AHEAD_S / budget.window_s))
        return Headroom(live, allowed - counted - live - unshown)
