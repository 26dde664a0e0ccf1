"""What is counted of a turn, and what a person who has used it up learns."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.access.routes import Budgets, Choices, Route, Scope
from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.domain.errors import TurnPutOff
from bridge.domain.incoming import CommandName, Origin, Question
from bridge.domain.limits.allowances import Allowances
from bridge.domain.notices import Notice
from bridge.domain.turns import Outcome, Settlement
from bridge.runtime.clock import SystemClock
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.texts.catalog import Texts
from bridge.texts.sentences import come_again
from bridge.worker.alert_poster import AlertPoster
from tests.english import english
from tests.fakes import THREAD, FakeChannel, command, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, says, stage


def _in_thread(number: int) -> Question:
    return question(number=number, thread=replace(THREAD, thread=f"T{number}"))


async def _untold(*_: object) -> None:
    pytest.fail("no limit was reached")


async def test_a_route_has_limits_of_its_own_and_commands_that_cost_nothing_are_free(stores: RedisStores) -> None:
    """A20: `status` is obeyed although nothing may be asked any more."""
    it = stage(stores, says(ANSWER))
    it.routes.replace([Route(Scope(place=THREAD.place), Choices(budgets=Budgets(person_questions_per_hour=1)))])
    assert (await it.answer(_in_thread(1))).outcome is Outcome.ANSWERED
    assert (await it.answer(_in_thread(2))).outcome is Outcome.EXCLUDED
    assert it.channel.calls[-1].view.notice.startswith(english(Notice.USED_UP_HOUR))
    assert (await it.answer(command(CommandName.STATUS, number=3))).outcome is Outcome.COMMAND_DONE


async def test_one_conversation_too_many_is_refused_and_the_person_may_end_another(stores: RedisStores) -> None:
    """A20: the question can be asked again once there is room."""
    it = stage(stores, says(ANSWER))
    it.routes.replace([Route(Scope(place=THREAD.place), Choices(budgets=Budgets(person_open_sessions=1)))])
    await it.answer(_in_thread(1))
    assert (await it.answer(_in_thread(2))).outcome is Outcome.REFUSED
    assert it.channel.calls[-1].view.notice.startswith(english(Notice.USED_UP_SESSIONS))
    assert await stores.queue.unanswered(_in_thread(2).thread) is not None
    assert len(it.agent.histories) == 1


async def test_a_turn_waits_for_another_of_its_person_and_one_that_has_begun_does_not(stores: RedisStores) -> None:
    """A20: live turns."""
    keeper = AllowanceKeeper(
        stores.allowances, SystemClock(), Allowances(person_live_turns=1), OperatorAlerts(SystemClock())
    )
    async with keeper.turn_of(_in_thread(1), Choices(), _untold, has_begun=False):
        with pytest.raises(TurnPutOff):
            async with keeper.turn_of(_in_thread(2), Choices(), _untold, has_begun=False):
                pytest.fail("two at a time")
        async with keeper.turn_of(_in_thread(3), Choices(), _untold, has_begun=True):
            pass
    async with keeper.turn_of(_in_thread(2), Choices(), _untold, has_begun=False):
        pass


@pytest.mark.parametrize(
    ("again_after_s", "wait"),
    [(1.0, "a minute"), (61.0, "2 minutes"), (3_600.0, "60 minutes"), (3_601.0, "2 hours"), (86_400.0, "24 hours")],
)
def test_the_time_to_come_again_is_said_in_any_time_zone(again_after_s: float, wait: str) -> None:
    """A12: a notice with the time."""
    said = come_again(english, Notice.USED_UP_TOTAL, again_after_s, now=0.0)
    assert said == f"{english(Notice.USED_UP_TOTAL)} Please ask again in about {wait}."


class _Clock(SystemClock):
    """Shows a time that a test sets, in seconds of a day of UTC."""

    at = 0.0

    def now(self) -> float:
        return 1_800_000_000.0 // 86_400 * 86_400 + self.at

    def monotonic(self) -> float:
        return self.at


async def _lets_ask(keeper: AllowanceKeeper, number: int, person: str) -> bool:
    async def tell_once(_to: Origin, _name: str, _said: Callable[[Texts], str], _again_s: float) -> None:
        """Say nothing."""

    asked = _in_thread(number)
    asked = replace(asked, origin=replace(asked.origin, person=replace(asked.origin.person, id=person)))
    async with keeper.turn_of(asked, Choices(), tell_once, has_begun=False) as may_ask:
        return may_ask


async def test_operators_hear_of_a_budget_once_an_hour_and_that_it_is_over_when_the_day_ends(
    stores: RedisStores,
) -> None:
    """A20: 80 and 100 %, of all persons together."""
    clock, channel = _Clock(), FakeChannel()
    alarms = OperatorAlerts(clock)
    keeper = AllowanceKeeper(stores.allowances, clock, Allowances(person_messages=5), alarms)
    poster = AlertPoster([f"{channel.name}:C9"], [channel], stores.records, clock)
    clock.at = 22.9 * 3600
    for person in ("U1", "U2"):
        assert [await _lets_ask(keeper, number, person) for number in range(6)] == [True] * 5 + [False]
    for clock.at in (22.9 * 3600, 23.0 * 3600, 23.8 * 3600, 24.0 * 3600 + 1):
        await poster.look(alarms.current(), {})
    said = [call.view.notice for call in channel.calls]
    used = "of a day's budget is used: BRIDGE_BUDGET_PERSON_MESSAGES = 5 (fake A1, person U2)"
    assert said == [
        f"An operator has to act: 80 % {used}",
        f"An operator has to act: 100 % {used}",
        f"All clear: 80 % {used}",
        f"All clear: 100 % {used}",
    ]


async def test_tokens_of_an_answer_are_told_to_operators_too(stores: RedisStores) -> None:
    """A20: the budget of tokens of all persons."""
    clock = _Clock()
    alarms = OperatorAlerts(clock)
    keeper = AllowanceKeeper(stores.allowances, clock, Allowances(total_tokens=100), alarms)
    keeper.settled(_in_thread(1), Settlement(Outcome.ANSWERED, 600, usage={"total_tokens": 85}), Choices())
    async with asyncio.timeout(5):
        while not alarms.current():  # noqa: ASYNC110 - no bell rings
            await asyncio.sleep(0.02)
    assert list(alarms.current().values()) == ["80 % of a day's budget is used: BRIDGE_BUDGET_TOTAL_TOKENS = 100"]
