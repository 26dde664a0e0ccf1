"""The channels' limits as one worker knows them by itself.

They decide while Redis is away, and where nothing is shared. Where no other worker has a reply, they spare Redis what
it would refuse. `pace_take.lua` follows the same rules.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from bridge.domain.limits.rate_limits import AHEAD_S, Budget, CallDecision, CallRequest, Headroom, LiveReply, Priority
from bridge.rate_limits.rules import MOST_PATIENCE_S, arrives_s, goes_behind, kept_free, patience_s
from bridge.rate_limits.waiting_line import Place, WaitingLine
from bridge.runtime.clock import Clock

_KEPT_S = 120.0
"""Longer than any window."""


class LocalBudgets:
    """The `CallBudgets` port in this process's memory. Nothing in it waits, so no two calls take the same place."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: defaultdict[str, OrderedDict[str, float]] = defaultdict(OrderedDict)
        self._live: defaultdict[str, set[str]] = defaultdict(set)
        self._unshown: defaultdict[str, set[str]] = defaultdict(set)
        self._lines: defaultdict[str, WaitingLine] = defaultdict(WaitingLine)
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
                self._lines[budget.scope].leave(reply.id)

    async def take(self, asked: CallRequest) -> CallDecision:
        """Count a call in all its budgets at once, or say how long to wait before asking again."""
        rooms = tuple(self._room(budget) for budget in asked.scopes)
        wait_s = self.wait_s(asked)
        if wait_s <= 0:
            self.count(asked)
        return CallDecision(wait_s, rooms)

    def wait_s(self, asked: CallRequest) -> float:
        """Return how long a call has to wait before it is asked for again, and keep its place in the lines; 0: none."""
        now = self._clock.monotonic()
        place = (asked.kind, now - asked.waits_s, asked.reply)
        longest = max((self._reserve_s(asked.reply, budget, now) for budget in asked.reserves), default=0.0)
        full = []
        for budget in asked.budgets:
            self._lines[budget.scope].leave(asked.reply)
            wait_s = self._paused_s(budget, now)
            if wait_s <= 0 and (wait_s := self._full_s(place, budget, now)) > 0:
                full.append(budget.scope)
            longest = max(longest, wait_s)
        for scope in full:
            # A reply that is not live would stand in the line for ever.
            if asked.reply in self._live[scope]:
                self._lines[scope].enter(place)
        return longest

    def count(self, asked: CallRequest) -> None:
        """Count a call that is being made, allowed here or by Redis."""
        now = self._clock.monotonic()
        for budget in asked.budgets:
            self._calls[budget.scope][asked.id] = now + arrives_s(budget)
            self._calls[budget.scope].move_to_end(asked.id)
            self._lines[budget.scope].leave(asked.reply)
            if asked.kind is not Priority.COSMETIC:
                self._unshown[budget.scope].discard(asked.reply)
            if asked.is_last:
                self._live[budget.scope].discard(asked.reply)
        for budget in asked.reserves:
            self._live[budget.scope].add(asked.reply)

    def hold(self, asked: CallRequest) -> None:
        """Count a call that Redis is asked for, so that others of this worker do not ask for the same room."""
        counts_from = self._clock.monotonic()
        for budget in asked.budgets:
            self._calls[budget.scope][asked.id] = counts_from + arrives_s(budget)

    def let_go(self, asked: CallRequest) -> None:
        """Count a call no more that Redis refused, or did not answer for."""
        for budget in asked.budgets:
            self._calls[budget.scope].pop(asked.id, None)

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

    def paused_s(self, asked: CallRequest) -> float:
        """Return for how long a 429 still holds up a call; not above 0 for not at all."""
        now = self._clock.monotonic()
        return max((self._paused_s(budget, now) for budget in asked.budgets), default=0.0)

    def pauses(self) -> Mapping[str, float]:
        """Return the scopes that a 429 still stops, and for how many seconds."""
        now = self._clock.monotonic()
        return {scope: until - now for scope, until in self._not_before.items() if until > now}

    def live_in(self, scope: str) -> int:
        """Return how many replies of this worker are live in a scope."""
        return len(self._live[scope])

    def is_live(self, reply: str, scope: str) -> bool:
        """Say whether this reply of this worker still needs a call in a scope."""
        return reply in self._live[scope]

    def forget_idle_scopes(self) -> None:
        """Drop what no longer matters, so that the memory is bounded by what is active."""
        now = self._clock.monotonic()
        for scope, calls in list(self._calls.items()):
            if not calls or now - next(reversed(calls.values())) > _KEPT_S:
                del self._calls[scope]
        for replies in (self._live, self._unshown):
            for scope in [scope for scope, members in replies.items() if not members]:
                del replies[scope]
        for scope in [scope for scope, line in self._lines.items() if not line]:
            del self._lines[scope]
        for scope in [scope for scope, until in self._not_before.items() if until < now]:
            del self._not_before[scope]

    def _full_s(self, place: Place, budget: Budget, now: float) -> float:
        used, kind, line = self._used(budget, now), place[0], self._lines[budget.scope]
        live, unshown = len(self._live[budget.scope]), len(self._unshown[budget.scope])
        missing = used + 1 - budget.calls
        short = missing + kept_free(kind, budget, live, unshown) + line.before(place, goes_behind(kind, budget))
        if short <= 0:
            return 0.0
        soonest_s = self._slot_s(budget, missing, used, now) if missing > 0 else 0.001
        return max(soonest_s, min(self._slot_s(budget, short, used, now), patience_s(budget, live)))

    def _slot_s(self, budget: Budget, short: int, used: int, now: float) -> float:
        """Return in how long so many more places are free: those before a call take each as soon as it is."""
        rounds, nth = divmod(short - 1, budget.calls)
        arrives = arrives_s(budget)
        counts_at = now + arrives
        if nth < used:
            counts_at = next(islice(self._calls[budget.scope].values(), nth, None))
        return max(counts_at + budget.window_s + rounds * (budget.window_s + arrives) - now, 0.001)

    def _reserve_s(self, reply: str, budget: Budget, now: float) -> float:
        """Return how long a reply waits for the room that its last text will need in this scope."""
        live = self._live[budget.scope]
        short = 0 if reply in live else 1 - self._room(budget).calls
        if short <= 0 and self._paused_s(budget, now) <= AHEAD_S:
            return 0.0
        counted_from = now + AHEAD_S - budget.window_s
        counted = [at for at in self._calls[budget.scope].values() if at > counted_from]
        # Where too few calls are counted, only a reply that ends without its last call makes room.
        soonest_s = counted[short - 1] - counted_from if 0 < short <= len(counted) else MOST_PATIENCE_S
        return min(max(soonest_s, patience_s(budget, len(live))), MOST_PATIENCE_S)

    def _paused_s(self, budget: Budget, now: float) -> float:
        return self._not_before.get(budget.scope, now) - now

    def _used(self, budget: Budget, now: float) -> int:
        calls = self._calls[budget.scope]
        while calls and now - next(iter(calls.values())) >= budget.window_s:
            calls.popitem(last=False)
        return len(calls)

    def _room(self, budget: Budget) -> Headroom:
        live, unshown = len(self._live[budget.scope]), len(self._unshown[budget.scope])
        now = self._clock.monotonic()
        self._used(budget, now)
        counted_from = now + AHEAD_S - budget.window_s
        counted = sum(at > counted_from for at in self._calls[budget.scope].values())
        # A window that is shorter than the time ahead comes round more than once.
        allowed = int(budget.calls * max(1.0, AHEAD_S / budget.window_s))
        return Headroom(live, allowed - counted - live - unshown)
