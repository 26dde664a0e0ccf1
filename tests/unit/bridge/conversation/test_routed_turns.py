"""What the operator's routes change in a turn, on a real store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.access.routes import Choices, Route, Scope
from bridge.domain.incoming import CommandName
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView, Streaming
from bridge.domain.stream_events import StreamEnded, StreamEvent, TextDelta
from bridge.domain.threads import Address, Person
from tests.english import english
from tests.fakes import THREAD, CapableChannel, FakeChannel, command, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, Fake, Stage, says, stage, stage_on


@dataclass
class Watched(CapableChannel):
    """Tells when a page or a draft is shown."""

    shown: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, address: Address, view: PageView) -> str:
        self.shown.set()
        return await super().post(address, view)

    async def draft(self, address: Address, view: PageView) -> bool:
        self.shown.set()
        return await super().draft(address, view)


def routed(it: Stage[Fake], choices: Choices, **where: str) -> Stage[Fake]:
    it.routes.replace([Route(Scope(**where), choices)])
    return it


async def test_the_agent_of_the_place_answers_before_that_of_the_account(stores: RedisStores) -> None:
    it = routed(stage(stores, says(ANSWER)), Choices(agent_id="of the place"), place=THREAD.place)
    it.channel.agent_id = "of the account"
    await it.answer(question())
    assert it.agent.opened_agents == ["of the place"]
    session = await stores.sessions.current(THREAD)
    assert session is not None
    assert session.agent_id == "of the place"


async def test_a_route_that_names_no_agent_leaves_the_agent_of_the_account(stores: RedisStores) -> None:
    it = routed(stage(stores, says(ANSWER)), Choices(idle_timeout_s=5.0), place=THREAD.place)
    it.channel.agent_id = "of the account"
    await it.answer(question())
    assert it.agent.opened_agents == ["of the account"]


async def test_a_session_is_idle_for_as_long_as_its_route_says(stores: RedisStores) -> None:
    it = routed(stage(stores, says(ANSWER)), Choices(idle_timeout_s=0.001), place=THREAD.place)
    settlement = await it.answer(question())
    assert settlement.idle_timeout_s == 0.001
    assert it.turns.idle_timeout_s(question()) == 0.001
    it.routes.replace([])
    assert it.turns.idle_timeout_s(question()) == 60.0


async def test_status_tells_the_idle_time_of_the_route(stores: RedisStores) -> None:
    it = routed(stage(stores, says(ANSWER)), Choices(idle_timeout_s=300.0), place=THREAD.place)
    await it.answer(question(number=1))
    await it.answer(command(CommandName.STATUS, number=2))
    assert "It ends after about 5 minutes without a message." in it.notices[-1]


async def test_the_greeting_of_a_route_is_shown_instead_of_the_agents(stores: RedisStores) -> None:
    it = routed(
        stage(stores, says(ANSWER), greeting="I am an agent."), Choices(greeting="**Sales** here."), person="U1"
    )
    start = command(CommandName.START, person=Person("U1"))
    await it.answer(start)
    assert it.channel.text == "**Sales** here."
    assert it.agent.histories["chat_1"][0].content == "I am an agent."


async def test_an_empty_greeting_leaves_the_bridges_own_sentence(stores: RedisStores) -> None:
    it = routed(stage(stores, says(ANSWER), greeting="I am an agent."), Choices(greeting=""), place=THREAD.place)
    await it.answer(command(CommandName.START))
    assert it.notices == [english(Notice.WELCOME)]


@pytest.mark.parametrize(("mode", "drafts"), [(Streaming.NATIVE, True), (Streaming.EDIT, False), (None, False)])
async def test_a_reply_is_shown_as_its_route_says(stores: RedisStores, mode: Streaming | None, *, drafts: bool) -> None:
    shown = asyncio.Event()

    async def goes_on_when_something_shows(text: str) -> AsyncIterator[StreamEvent]:
        del text
        yield TextDelta(ANSWER)
        await shown.wait()
        yield StreamEnded({})

    channel = Watched(latency_s=0.0, page_size=5000, takes_drafts=True, shown=shown)
    it = routed(stage_on(channel, stores, goes_on_when_something_shows), Choices(streaming=mode), place=THREAD.place)
    await it.answer(question())
    assert it.channel.text == ANSWER
    assert bool(it.channel.drafts) is drafts
    assert {call.view.streaming for call in (*it.channel.calls, *it.channel.drafts)} == {mode}


async def test_a_command_opens_a_conversation_with_its_agent_and_is_not_read_by_it(stores: RedisStores) -> None:
    it = routed(stage(stores, says(ANSWER)), Choices(agent_id="sales"), command="sales")
    await it.answer(question("Hello", number=1))
    await it.answer(question("/sales What does it cost?", number=2))
    await it.answer(question("And for two?", number=3))
    await it.answer(question("/sales For three?", number=4))
    assert it.agent.opened_agents == ["", "sales"]
    assert it.agent.sent == [
        ("chat_1", "Hello"),
        ("chat_2", "What does it cost?"),
        ("chat_2", "And for two?"),
        ("chat_2", "For three?"),
    ]


async def test_a_command_does_not_end_a_conversation_that_its_asker_may_not_end(stores: RedisStores) -> None:
    """A15: the setting says owner only."""
    it = routed(stage(stores, says(ANSWER)), Choices(agent_id="sales"), command="sales")
    it.channel.only_opener_controls = True
    await it.answer(question("Hello", number=1, person=Person("U1", "Ada")))
    await it.answer(question("/sales What?", number=2, person=Person("U2", "Bob")))
    assert it.agent.opened_agents == [""]
    await it.answer(question("/sales What?", number=3, person=Person("U1", "Ada")))
    assert it.agent.opened_agents == ["", "sales"]


async def test_a_channel_without_drafts_is_edited_whatever_the_route_says(stores: RedisStores) -> None:
    it = stage_on(FakeChannel(latency_s=0.0, page_size=5000), stores, says(ANSWER))
    it.routes.replace([Route(Scope(place=THREAD.place), Choices(streaming=Streaming.STATUS))])
    await it.answer(question())
    assert it.channel.text == ANSWER
