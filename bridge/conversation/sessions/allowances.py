"""What people may use: counted before anything is asked, and told to the person where it is used up."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from bridge.access.routes import Budgets, Choices
from bridge.domain.errors import AllowanceUsedUp, StoreUnavailable, TurnPutOff
from bridge.domain.incoming import Command, CommandName, Origin, Queued
from bridge.domain.limits.allowances import Allowances, Asking, Level, Limit
from bridge.domain.notices import Notice
from bridge.domain.turns import Settlement
from bridge.ports.stores.allowances import AllowanceStore
from bridge.runtime.clock import Clock
from bridge.texts.catalog import Texts
from bridge.texts.sentences import come_again

log = logging.getLogger(__name__)

TellOnce = Callable[[Origin, str, Callable[[Texts], str], float], Awaitable[None]]
"""As `Admissions.tell_once`."""

_COUNTED_AGAIN_S = 10.0
_TOLD_AGAIN_MOST_S = 3600.0
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

    def __init__(self, store: AllowanceStore, clock: Clock, limits: Allowances) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits

    async def lets_ask(self, queued: Queued, choices: Choices, tell_once: TellOnce) -> bool:
        """Count a question; False if a limit is reached, which a notice says. Raises `StoreUnavailable`."""
        if not _costs(queued):
            return True
        asking, limits = _asking(queued), self._limits_at(choices)
        taken = await self._store.take_question(asking, limits)
        self._tell_operator(taken.levels, asking, limits)
        if taken.over is None:
            return True
        log.warning(
            "a person has reached a limit",
            extra={"person": queued.person.id, "thread_key": str(queued.thread), "limit": taken.over.value},
        )
        notice, again_after_s, now = _NOTICES[taken.over], taken.again_after_s, self._clock.now()
        await tell_once(
            queued.origin,
            f"{taken.over}:{queued.person.id}",
            lambda texts: come_again(texts, notice, again_after_s, now),
            min(again_after_s, _TOLD_AGAIN_MOST_S),
        )
        return False

    @asynccontextmanager
    async def turn_of(self, queued: Queued, choices: Choices, *, has_begun: bool) -> AsyncIterator[None]:
        """Count a turn as live inside a block. Raises `TurnPutOff` where it has to wait for another of the person's.

        One that has begun goes on in any case.
        """
        if not _costs(queued):
            yield
            return
        asking = _asking(queued)
        at_most = 0 if has_begun else self._limits_at(choices).person_live_turns
        if not await self._store.take_turn(asking, at_most):
            raise TurnPutOff
        staying = asyncio.create_task(self._stay(asking))
        try:
            yield
        finally:
            staying.cancel()
            with suppress(StoreUnavailable):
                await self._store.leave_turn(asking)

    async def take_session(self, queued: Queued, choices: Choices) -> None:
        """Count a conversation that is about to be opened. Raises `AllowanceUsedUp`, `StoreUnavailable`."""
        taken = await self._store.take_session(_asking(queued), self._limits_at(choices).person_open_sessions)
        if taken.over is not None:
            raise AllowanceUsedUp(taken.again_after_s)

    async def settled(self, queued: Queued, settlement: Settlement, choices: Choices) -> None:
        """Count the tokens of an answer. Best effort: raises nothing but cancellation."""
        tokens = settlement.usage.get(_TOTAL_TOKENS) or sum(settlement.usage.values())
        if tokens <= 0:
            return
        asking, limits = _asking(queued), self._limits_at(choices)
        try:
            self._tell_operator(await self._store.count_tokens(asking, tokens, limits), asking, limits)
        except StoreUnavailable:
            log.warning("the tokens of an answer were not counted", extra={"tokens": tokens})

    async def _stay(self, asking: Asking) -> None:
        while True:
            await self._clock.sleep(_COUNTED_AGAIN_S)
            with suppress(StoreUnavailable):
                await self._store.take_turn(asking, 0)

    def _limits_at(self, choices: Choices) -> Allowances:
        chosen = choices.budgets or Budgets()
        made = {
            "person_live_turns": chosen.person_live_turns,
            "person_questions_per_hour": chosen.person_questions_per_hour,
            "person_open_sessions": chosen.person_open_sessions,
            "person_messages": chosen.person_messages_per_day,
            "place_messages": chosen.place_messages_per_day,
        }
        return replace(self._limits, **{name: limit for name, limit in made.items() if limit is not None})

    def _tell_operator(self, levels: Iterable[Level], asking: Asking, limits: Allowances) -> None:
        for level in levels:
            name = f"{level.limit}_{level.unit}"
            log.warning(
                "%d %% of a day's budget is used: BRIDGE_BUDGET_%s = %d",
                *(level.percent, name.upper(), getattr(limits, name)),
                extra={"person": asking.person_id, "thread_key": str(asking.thread)},
            )


def _costs(queued: Queued) -> bool:
    """Say whether this asks the agent, or may open a conversation."""
    return not isinstance(queued, Command) or queued.name in _COST


def _asking(queued: Queued) -> Asking:
    return Asking(queued.thread, queued.person.id, queued.id)


def used_up(texts: Texts, error: AllowanceUsedUp, now: float) -> str:
    """Say that no further conversation may be opened."""
    return come_again(texts, Notice.USED_UP_SESSIONS, error.again_after_s, now)
