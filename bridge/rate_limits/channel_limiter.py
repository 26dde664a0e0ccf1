"""Decide when a call to a channel may be made, in front of the budgets that all workers share.

While those cannot be asked, this worker goes on with what it knows by itself and with its share of the limits.
"""

import asyncio
import itertools
import logging
import re
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from bridge.domain.errors import StoreUnavailable
from bridge.domain.limits.rate_limits import (
    LIVE_FOR_S,
    Budget,
    CallDecision,
    CallRequest,
    ChannelLimits,
    Headroom,
    LiveReply,
    Priority,
)
from bridge.ports.stores.coordination import CallBudgets
from bridge.rate_limits.local_budgets import LocalBudgets
from bridge.rate_limits.rules import ARRIVES_WITHIN_S, USUAL_STREAM_S, edit_interval_s, learned
from bridge.runtime.clock import Clock
from bridge.runtime.meter import Meter

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S = 1.0
"""Redis answers in a millisecond; a reply does not wait longer than that for its limits."""
_AWAY_S = 2.0
_RETOLD_CALLS = 1000

T = TypeVar("T")

_KIND = re.compile(r"[a-z][A-Za-z.]+")
"""A method or budget; ids have digits or capital letters in front."""


class ChannelLimiter:
    """One for each worker. Makes calls wait for their budgets, and knows how crowded the scopes are.

    Args:
        shared: The budgets of all workers together; None where this process is alone.
    """

    def __init__(self, clock: Clock, shared: CallBudgets | None = None, meter: Meter | None = None) -> None:
        self._clock = clock
        self._shared = shared
        self._meter = meter or Meter()
        self._local = LocalBudgets(clock)
        self._live: dict[str, LiveReply] = {}
        self._left: deque[LiveReply] = deque(maxlen=_RETOLD_CALLS)
        """Replies that are live no more, of which the other workers do not know it yet; where that matters."""
        self._left_in: Counter[str] = Counter()
        self._untold: deque[CallRequest] = deque(maxlen=_RETOLD_CALLS)
        self._rooms: dict[str, Headroom] = {}
        self._others: dict[str, int] = {}
        """How many replies of other workers are live in a scope, as it was last known."""
        self._stream_s = USUAL_STREAM_S
        self._away_until: float | None = None
        self._joined_at = clock.monotonic()
        self._name = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def live_reply(self, pace: ChannelLimits, *, is_shown: bool) -> AsyncIterator[str]:
        """Count a reply as live for as long as it is shown; gives its name.

        Where posts are not counted with edits, it needs no room among those until it is shown.
        """
        posts = {budget.scope for budget in pace.posts}
        later = () if is_shown else reserved(pace)
        scopes = {budget.scope: budget for budget in (*pace.posts, *pace.edits, *pace.finals) if budget not in later}
        unshown_in = () if is_shown else tuple(budget.scope for budget in pace.edits if budget.scope in posts)
        reply = LiveReply(self._next_name(), tuple(scopes.values()), unshown_in)
        self._live[reply.id] = reply
        try:
            await self._join([reply])
            yield reply.id
        finally:
            await self._leave(self._live.pop(reply.id))

    def asked(
        self,
        kind: Priority,
        budgets: Sequence[Budget],
        *,
        reply: str = "",
        is_last: bool = False,
        waits_s: float = 0.0,
        reserves: Sequence[Budget] = (),
    ) -> CallRequest:
        """Describe a call that a worker wants to make."""
        return CallRequest(self._next_name(), kind, tuple(budgets), reply, is_last, waits_s, tuple(reserves))

    async def take(self, asked: CallRequest) -> CallDecision:
        """Count the call and let it be made now, or say how long to wait before asking again."""
        wait_s = self.surely_waits_s(asked)
        if wait_s > 0 or not asked.budgets:
            return CallDecision(wait_s)
        self._local.hold(asked)
        answer = await self._ask_shared(lambda shared: shared.take(asked))
        if answer is None or answer.wait_s > 0:
            self._local.let_go(asked)
        if answer is None:
            answer = await self._local.take(self._within_share(asked))
            if answer.wait_s <= 0:
                self._untold.append(asked)
                if asked.is_last:
                    self._note_left(asked.reply, asked.budgets)
        else:
            self._note_shared(zip((budget.scope for budget in asked.scopes), answer.rooms, strict=True))
            if answer.wait_s <= 0:
                self._local.count(asked)
        self._rooms.update(zip((budget.scope for budget in asked.scopes), answer.rooms, strict=True))
        if answer.wait_s <= 0 and asked.kind is not Priority.COSMETIC and asked.reply in self._live:
            reply = self._live[asked.reply]
            # A first post that is made again reserves what it has already.
            scopes = tuple(dict.fromkeys(reply.scopes + asked.reserves))
            self._live[asked.reply] = replace(reply, unshown_in=(), scopes=scopes)
        return answer

    def surely_waits_s(self, asked: CallRequest) -> float:
        """Return how long a call has to wait by what this worker knows by itself: it need not be asked for sooner."""
        if any(self._others.get(budget.scope) for budget in asked.scopes):
            # The line that all workers share has to know of it.
            return max(self._local.paused_s(asked), 0.0)
        return self._local.wait_s(asked)

    @asynccontextmanager
    async def call(self, asked: CallRequest) -> AsyncIterator[None]:
        """Make a call that was taken. The service counts it when it arrives: a slow one counts from its end."""
        began = self._clock.monotonic()
        self._meter.count("calls", _kind_of(asked.budgets[0].scope if asked.budgets else ""))
        try:
            yield
        finally:
            if self._clock.monotonic() - began > ARRIVES_WITHIN_S:
                await self._local.finish(asked)
                await self._ask_shared(lambda shared: _done(shared.finish(asked)))

    async def may_show_activity(self, pace: ChannelLimits) -> bool:
        """Say whether an activity indicator may be shown now, and count it. It is left out if the budget is short."""
        return (await self.take(self.asked(Priority.COSMETIC, pace.activity))).wait_s <= 0

    async def pause(self, scope: str, seconds: float) -> None:
        """Obey a 429: nothing is called in this scope for that long, by any worker."""
        self._meter.count("limited", _kind_of(scope))
        await self._local.pause(scope, seconds)
        await self._ask_shared(lambda shared: shared.pause(scope, seconds))

    def edit_interval_s(self, pace: ChannelLimits, age_s: float) -> float:
        """Return the time between two edits of one reply: it stretches with age and with the live replies."""
        return edit_interval_s(pace, self._rooms, age_s=age_s, stream_s=self._stream_s)

    def learn(self, stream_s: float) -> None:
        """Note how long an answer streamed."""
        self._stream_s = learned(self._stream_s, stream_s)

    async def tend(self) -> None:
        """Say which replies are still live, and forget what no longer matters. To be called every few seconds."""
        left = [self._left.popleft() for _ in range(len(self._left))]
        if left and await self._ask_shared(lambda shared: _done(shared.leave(left))) is None:
            self._left.extendleft(reversed(left))
        self._left_in = Counter(budget.scope for reply in self._left for budget in reply.scopes)
        now = self._clock.monotonic()
        if self._live and now - self._joined_at >= LIVE_FOR_S / 3:
            self._joined_at = now
            await self._join(list(self._live.values()), again=True)
        self._local.forget_idle_scopes()
        in_use = {budget.scope for reply in self._live.values() for budget in reply.scopes}
        self._rooms = {scope: room for scope, room in self._rooms.items() if scope in in_use}
        self._others = {scope: live for scope, live in self._others.items() if scope in in_use}

    async def _join(self, replies: Sequence[LiveReply], *, again: bool = False) -> None:
        self._rooms.update(await self._local.join(replies))
        shared = await self._ask_shared(lambda shared: shared.join(replies, again=again))
        if shared:
            self._rooms.update(shared)
            self._note_shared(shared.items())

    def _note_shared(self, rooms: Iterable[tuple[str, Headroom]]) -> None:
        for scope, room in rooms:
            self._others[scope] = max(0, room.live - self._local.live_in(scope) - self._left_in[scope])

    async def _leave(self, reply: LiveReply) -> None:
        # With its last call it has left the scopes where that counts.
        still_in = tuple(budget for budget in reply.scopes if self._local.is_live(reply.id, budget.scope))
        await self._local.leave([reply])
        if still_in:
            self._note_left(reply.id, still_in)

    def _note_left(self, reply: str, scopes: tuple[Budget, ...]) -> None:
        if self._shared is None:
            return
        self._left.append(LiveReply(reply, scopes))
        self._left_in.update(budget.scope for budget in scopes)

    async def _ask_shared(self, question: Callable[[CallBudgets], Awaitable[T]]) -> T | None:
        """Ask the shared budgets; None while they do not answer. Then one call tries again every two seconds."""
        shared, now = self._shared, self._clock.monotonic()
        if shared is None or (self._away_until is not None and now < self._away_until):
            return None
        was_away = self._away_until is not None
        if was_away:
            self._away_until = now + _AWAY_S
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                if was_away:
                    await self._retell(shared)
                answer = await question(shared)
        except (StoreUnavailable, TimeoutError) as error:
            if self._away_until is None:
                log.warning("pacing goes on without the shared budgets", extra={"cause": str(error)})
            self._away_until = self._clock.monotonic() + _AWAY_S
            return None
        if was_away:
            log.info("pacing shares its budgets again")
        self._away_until = None
        return answer

    async def _retell(self, shared: CallBudgets) -> None:
        """Tell what happened while the shared budgets were away."""
        for scope, seconds in self._local.pauses().items():
            await shared.pause(scope, seconds)
        while self._untold:
            await shared.finish(self._untold[0])
            self._untold.popleft()
        await shared.join(list(self._live.values()))

    def _within_share(self, asked: CallRequest) -> CallRequest:
        """Cut the budgets down to this worker's part of the live replies, as it was last known."""
        if self._shared is None:
            return asked
        return replace(
            asked,
            budgets=tuple(self._share_of(budget) for budget in asked.budgets),
            reserves=tuple(self._share_of(budget) for budget in asked.reserves),
        )

    def _share_of(self, budget: Budget) -> Budget:
        mine = max(self._local.live_in(budget.scope), 1)
        everybodys = mine + self._others.get(budget.scope, 0)
        return replace(budget, calls=max(1, budget.calls * mine // everybodys))

    def _next_name(self) -> str:
        return f"{self._name}-{next(self._numbers)}"


def reserved(pace: ChannelLimits) -> tuple[Budget, ...]:
    """Return where a reply needs room for its last text, but only once it is posted: where posts do not count."""
    return tuple(budget for budget in pace.finals or pace.edits if budget not in pace.posts)


def _kind_of(scope: str) -> str:
    """Return the service, and the kind of call where the scope names one: no id of a place or an account."""
    service, *parts = scope.split(":")
    return " ".join([service, *(part for part in parts[-1:] if _KIND.fullmatch(part))])


async def _done(work: Awaitable[None]) -> bool:
    await work
    return True
