"""Counts what people use before anything is asked, and tells them what is used up."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

from bridge.access.routes import Choices, RouteTable
from bridge.domain.errors import AllowanceUsedUp, StoreUnavailable, TurnPutOff
from bridge.domain.incoming import Command, CommandName, Origin, Queued
from bridge.domain.limits.allowances import Allowances, Asking, Level, Limit, Taken
from bridge.domain.notices import Notice
from bridge.domain.turns import Settlement
from bridge.ports.stores.allowances import AllowanceStore
from bridge.runtime.clock import Clock
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.texts.catalog import Texts
from bridge.texts.sentences import come_again

log = logging.getLogger(__name__)

TellOnce = Callable[[Origin, str, Callable[[Texts], str], float], Awaitable[None]]
"""As `Admissions.tell_once`."""

_COUNTED_AGAIN_S = 15.0
_HOUR_S = _TOLD_AGAIN_MOST_S = 3600.0
_DAY_S = 86_400.0
_TOTAL_TOKENS = "total_tokens"
_COST = (CommandName.START, CommandName.NEW, CommandName.RETRY)
_NOTICES = {
    Limit.HOUR: Notice.USED_UP_HOUR,
    Limit.PERSON: Notice.USED_UP_PERSON,
    Limit.PLACE: Notice.USED_UP_PLACE,
    Limit.TOTAL: Notice.USED_UP_TOTAL,
    Limit.SESSIONS: Notice.USED_UP_SESSIONS,
}


class AllowanceKeeper:
    """Counts what each person, each place and the whole bridge use."""

    def __init__(self, store: AllowanceStore, clock: Clock, limits: Allowances, alarms: OperatorAlerts) -> None:
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self.limits = limits
        self._working: set[asyncio.Task[None]] = set()

    def most_per_hour(self, queued: Queued, choices: Choices) -> int:
        """Return how many questions the person may ask in an hour; 0 where it costs nothing, or there is no limit."""
        return self._limits_at(choices).person_questions_per_hour if _costs(queued) else 0

    async def tell_hour(self, queued: Queued, most: int, tell_once: TellOnce) -> None:
        """Tell a person whose hour is used up when to come again. Raises nothing but cancellation."""
        wait_s = _HOUR_S
        with suppress(StoreUnavailable):
            wait_s = await self._store.hour_wait_s(_asking(queued), most)
        await self._tell(queued, Limit.HOUR, wait_s, tell_once)

    @asynccontextmanager
    async def turn_of(
        self, queued: Queued, choices: Choices, tell_once: TellOnce, *, has_begun: bool
    ) -> AsyncIterator[bool]:
        """Count a question, and its turn as live inside a block. Yields False at a limit, and a notice says so.

        One that has begun goes on in any case. Raises `TurnPutOff` where it has to wait for another of the person's,
        and `StoreUnavailable`.
        """
        if not _costs(queued):
            yield True
            return
        asking, limits = _asking(queued), self._limits_at(choices)
        counted, has_turn = await asyncio.gather(
            self._counted(asking, limits, has_begun=has_begun),
            self._store.take_turn(asking, 0 if has_begun else limits.person_live_turns),
        )
        staying = asyncio.create_task(self._stay(asking)) if has_turn else None
        try:
            if counted.over is not None:
                await self._tell(queued, counted.over, counted.again_after_s, tell_once)
            elif not has_turn:
                raise TurnPutOff
            yield counted.over is None
        finally:
            if staying is not None:
                staying.cancel()
                # No code waits for it, so it can travel with the step that settles the turn.
                self._beside(partial(self._store.leave_turn, asking))

    async def _counted(self, asking: Asking, limits: Allowances, *, has_begun: bool) -> Taken:
        if has_begun:
            return Taken()
        taken = await self._store.take_question(asking, limits)
        self._tell_operator(taken.levels, asking, limits)
        return taken

    async def take_session(self, queued: Queued, choices: Choices) -> None:
        """Count a conversation that is about to be opened. Raises `AllowanceUsedUp`, `StoreUnavailable`."""
        taken = await self._store.take_session(_asking(queued), self._limits_at(choices).person_open_sessions)
        if taken.over is not None:
            raise AllowanceUsedUp(taken.again_after_s)

    def settled(self, queued: Queued, settlement: Settlement, choices: Choices) -> None:
        """Count the tokens of an answer. Best effort; returns at once."""
        self.count(queued, settlement.usage, choices, queued.id)

    def count(self, queued: Queued, usage: Mapping[str, int], choices: Choices, counted_as: str) -> None:
        """Count what was used for a question, once under that name. As `settled`."""
        tokens = usage.get(_TOTAL_TOKENS) or sum(usage.values())
        if tokens > 0:
            asking = replace(_asking(queued), question_id=counted_as)
            self._beside(partial(self._count_tokens, asking, tokens, self._limits_at(choices)))

    async def _count_tokens(self, asking: Asking, tokens: int, limits: Allowances) -> None:
        try:
            self._tell_operator(await self._store.count_tokens(asking, tokens, limits), asking, limits)
        except StoreUnavailable:
            log.warning("the tokens of an answer were not counted", extra={"tokens": tokens})

    def _beside(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run work beside the caller's. That the store is away is no defect."""

        async def attempt() -> None:
            with suppress(StoreUnavailable):
                await work()

        task = asyncio.create_task(attempt())
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _stay(self, asking: Asking) -> None:
        while True:
            await self._clock.sleep(_COUNTED_AGAIN_S)
            with suppress(StoreUnavailable):
                await self._store.take_turn(asking, 0)

    async def _tell(self, queued: Queued, over: Limit, wait_s: float, tell_once: TellOnce) -> None:
        person = queued.person.id
        log.warning(
            "a person has reached a limit",
            extra={"person": person, "thread_key": str(queued.thread), "limit": over.value},
        )
        now = self._clock.now()
        await tell_once(
            queued.origin,
            f"{over}:{person}",
            lambda texts: come_again(texts, _NOTICES[over], wait_s, now),
            min(wait_s, _TOLD_AGAIN_MOST_S),
        )

    def _limits_at(self, choices: Choices) -> Allowances:
        chosen = choices.budgets
        if chosen is None:
            return self.limits
        made = {
            "person_live_turns": chosen.person_live_turns,
            "person_questions_per_hour": chosen.person_questions_per_hour,
            "person_open_sessions": chosen.person_open_sessions,
            "person_messages": chosen.person_messages_per_day,
            "place_messages": chosen.place_messages_per_day,
        }
        return replace(self.limits, **{name: limit for name, limit in made.items() if limit is not None})

    def _tell_operator(self, levels: Iterable[Level], asking: Asking, limits: Allowances) -> None:
        """Alert the operator of daily budgets that are nearly used up. All people share one alert."""
        for level in levels:
            setting = f"BRIDGE_BUDGET_{level.limit}_{level.unit}".upper()
            most = getattr(limits, f"{level.limit}_{level.unit}")
            said = f"{level.percent} % of a day's budget is used: {setting} = {most}{_whose(level.limit, asking)}"
            log.warning(said, extra={"person": asking.person_id, "thread_key": str(asking.thread)})
            left_s = _DAY_S - self._clock.now() % _DAY_S
            self._alarms.warn(f"{setting} {level.percent}", said, "budget", lasts_s=left_s)


class HourLimit:
    """Limits the questions of a person in an hour, at intake."""

    def __init__(self, keeper: AllowanceKeeper, routes: RouteTable, tell_once: TellOnce) -> None:
        self._keeper = keeper
        self._routes = routes
        self._tell_once = tell_once

    def most(self, queued: Queued) -> int:
        """Return how many; 0 where it costs nothing, or there is no limit."""
        return self._keeper.most_per_hour(queued, self._routes.route(queued).choices)

    async def tell(self, queued: Queued) -> None:
        """Tell a person whose hour is used up when to come again. Raises nothing but cancellation."""
        await self._keeper.tell_hour(queued, self.most(queued), self._tell_once)


def _costs(queued: Queued) -> bool:
    """Return True if this asks the agent, or may open a conversation."""
    return not isinstance(queued, Command) or queued.name in _COST


def _whose(limit: Limit, asking: Asking) -> str:
    thread = asking.thread
    match limit:
        case Limit.PERSON:
            return f" ({thread.channel} {thread.account}, person {asking.person_id})"
        case Limit.PLACE:
            return f" ({thread.channel} {thread.account}, place {thread.place})"
        case _:
            return ""


def _asking(queued: Queued) -> Asking:
    return Asking(queued.thread, queued.person.id, queued.id)


def used_up(texts: Texts, error: AllowanceUsedUp, now: float) -> str:
    """Say that no further conversation may be opened."""
    return come_again(texts, Notice.USED_UP_SESSIONS, error.again_after_s, now)
