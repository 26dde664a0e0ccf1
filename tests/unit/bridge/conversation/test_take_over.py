"""What turns do in a thread that a person has taken over."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.domain.incoming import Command, CommandName, IntakeResult, Question
from bridge.domain.notices import SLASHES, Notice
from bridge.domain.pages import Button
from bridge.domain.sessions import EndReason
from bridge.domain.stream_events import HandedOff, StreamEnded, StreamEvent, TextDelta, ToolStarted
from bridge.domain.take_overs import MayTakeOver, TakeOverOptions
from bridge.domain.turns import Outcome
from bridge.texts.sentences import human_answers
from bridge.worker.hand_backs import HandBacks
from tests.conftest import pass_time
from tests.english import english
from tests.fakes import THREAD, CapableChannel, command, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, says, stage, stage_on


async def test_commands_that_cost_open_nothing_while_a_person_has_the_thread(stores: RedisStores) -> None:
    """M7: each says who answers; the channel shows the thread as suspended."""
    it = stage(stores, says(ANSWER))
    taking = command(CommandName.HUMAN, number=1)
    await it.turns.settled(taking, await it.answer(taking))
    assert it.notices == [human_answers(english, SLASHES)]
    assert it.channel.suspended_threads == [THREAD]
    for number, name in enumerate((CommandName.NEW, CommandName.START), start=2):
        assert (await it.answer(command(name, number=number))).outcome is Outcome.COMMAND_DONE
        assert it.notices[-1] == english(Notice.PERSON_ANSWERS)
    await it.answer(command(CommandName.STATUS, number=4))
    assert "took over here a minute ago" in it.notices[-1]
    assert it.agent.opened_agents == []
    await it.turns.ended(THREAD)
    assert it.channel.ended_threads == []
    back = command(CommandName.AGENT, number=5)
    await it.turns.settled(back, await it.answer(back))
    assert it.notices[-1] == english(Notice.AGENT_ANSWERS)
    assert it.channel.ended_threads == [THREAD]


@pytest.mark.parametrize("event", [ToolStarted("ask_a_person"), HandedOff("Ask_A_Person")])
async def test_an_agent_that_asks_for_a_person_gives_its_thread_away(stores: RedisStores, event: StreamEvent) -> None:
    """M7: with the answer that it gave."""

    async def script(text: str) -> AsyncIterator[StreamEvent]:
        del text
        yield event
        yield TextDelta(ANSWER)
        yield StreamEnded()

    it = stage(stores, script)
    it.channel.controls = frozenset(Button)
    settlement = await it.answer(question())
    assert (settlement.outcome, settlement.end_reason) == (Outcome.ANSWERED, EndReason.HUMAN)
    (view,) = it.channel.standing.values()
    assert (view.notice, view.controls) == (english(Notice.PERSON_COMES), (Button.GOOD, Button.BAD))
    assert await stores.take_overs.of_thread(THREAD) is not None
    assert await stores.inbox.append(question(number=2)) is IntakeResult.OVERHEARD


async def test_a_reply_has_a_button_for_a_person(stores: RedisStores) -> None:
    it = stage(stores, says(ANSWER))
    it.channel.controls = frozenset({Button.HUMAN})
    await it.answer(question())
    assert [view.controls for view in it.channel.standing.values()] == [(Button.HUMAN,)]


async def test_a_thread_that_was_left_to_people_says_so_when_the_agent_has_it_again(stores: RedisStores) -> None:
    """M7: never silently."""
    it = stage(stores, says(ANSWER))
    await it.answer(command(CommandName.HUMAN, number=1))
    hand_backs = HandBacks(stores.take_overs, stores.inbox)
    await hand_backs.sweep()
    assert await stores.queue.claim() is None
    await pass_time(stores.commands._redis, stores.keys, 25 * 3600.0)
    await hand_backs.sweep()
    await hand_backs.sweep()
    lease = await stores.queue.claim()
    assert lease is not None
    assert not await stores.queue.settle(lease, await it.take(lease))
    assert it.notices[-1] == english(Notice.HANDED_BACK)
    assert await stores.take_overs.all_threads() == []


@pytest.mark.parametrize("may", MayTakeOver)
async def test_help_names_the_words_for_it_where_they_are_words(stores: RedisStores, may: MayTakeOver) -> None:
    channel = CapableChannel(latency_s=0.0, page_size=5000)
    it = stage_on(channel, stores, says(ANSWER), human=TakeOverOptions(may))
    await it.answer(command(CommandName.HELP))
    assert ("/human" in it.notices[-1]) == ("/agent" in it.notices[-1]) == (may is not MayTakeOver.OFF)


@pytest.mark.parametrize("may", MayTakeOver)
def test_the_setting_says_who_may_take_over(may: MayTakeOver) -> None:
    asked = Command(question().origin, CommandName.HUMAN, owner_only=True)
    allowed = may.allowed(asked)
    match may:
        case MayTakeOver.OFF:
            assert allowed == Question(asked.origin, "human")
            assert may.allowed(replace(asked, about="0123456789abcdef")) is None
        case MayTakeOver.ANYONE:
            assert isinstance(allowed, Command)
            assert not allowed.owner_only
        case _:
            assert allowed == asked
