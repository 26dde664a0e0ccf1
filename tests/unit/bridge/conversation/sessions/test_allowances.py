"""What is counted of a turn, and what a person who has used it up learns."""

from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.access.routes import Budgets, Choices, Route, Scope
from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.domain.errors import TurnPutOff
from bridge.domain.incoming import CommandName, Question
from bridge.domain.limits.allowances import Allowances
from bridge.domain.notices import Notice
from bridge.domain.turns import Outcome
from bridge.runtime.clock import SystemClock
from bridge.texts.sentences import come_again
from tests.english import english
from tests.fakes import THREAD, command, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, says, stage


def _in_thread(number: int) -> Question:
    return question(number=number, thread=replace(THREAD, thread=f"T{number}"))


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
    keeper = AllowanceKeeper(stores.allowances, SystemClock(), Allowances(person_live_turns=1))
    async with keeper.turn_of(_in_thread(1), Choices(), has_begun=False):
        with pytest.raises(TurnPutOff):
            async with keeper.turn_of(_in_thread(2), Choices(), has_begun=False):
                pytest.fail("two at a time")
        async with keeper.turn_of(_in_thread(3), Choices(), has_begun=True):
            pass
    async with keeper.turn_of(_in_thread(2), Choices(), has_begun=False):
        pass


@pytest.mark.parametrize(
    ("again_after_s", "wait"),
    [(1.0, "a minute"), (61.0, "2 minutes"), (3_600.0, "60 minutes"), (3_601.0, "2 hours"), (86_400.0, "24 hours")],
)
def test_the_time_to_come_again_is_said_in_any_time_zone(again_after_s: float, wait: str) -> None:
    """A12: a notice with the time."""
    said = come_again(english, Notice.USED_UP_TOTAL, again_after_s, now=0.0)
    assert said == f"{english(Notice.USED_UP_TOTAL)} Please ask again in about {wait}."
