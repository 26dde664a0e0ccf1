"""How a thread finds its channel, and what happens where that channel lacks a capability."""

from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.conversation.channels import Channels, named
from bridge.domain.errors import ChannelUnavailable
from bridge.domain.threads import Person, ThreadKey
from bridge.domain.turns import Outcome
from tests.fakes import THREAD, CapableChannel, FakeChannel, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, says, stage_on


def test_a_channel_is_found_by_the_service_and_the_account() -> None:
    first, second, every = (
        FakeChannel("t", account="1"),
        FakeChannel("t", account="2"),
        FakeChannel("s", account=None),
    )
    channels = Channels([first, second, every])
    assert channels.find(ThreadKey("t", "2", "p")) is second
    assert channels.find(ThreadKey("t", "1", "p")) is first
    assert channels.find(ThreadKey("s", "whichever", "p")) is every
    assert channels.find(ThreadKey("t", "3", "p")) is None
    with pytest.raises(ChannelUnavailable, match="t account 3"):
        channels.of(ThreadKey("t", "3", "p"))


def test_an_account_that_becomes_known_later_is_found_then() -> None:
    channel = FakeChannel("t", account="555")
    channels = Channels([channel])
    assert channels.find(ThreadKey("t", "100", "p")) is None
    channel.account = "100"
    assert channels.find(ThreadKey("t", "100", "p")) is channel


async def test_a_channel_without_any_capability_answers_people(stores: RedisStores) -> None:
    channel = FakeChannel(latency_s=0.0, page_size=5000)
    it = stage_on(channel, stores, says(ANSWER))
    settlement = await it.answer(question("What is new?"))
    assert (settlement.outcome, settlement.may_be_rated) == (Outcome.ANSWERED, False)
    assert channel.text == ANSWER
    assert all(not view.controls for view in channel.standing.values())
    session = await stores.sessions.current(THREAD)
    assert session is not None
    assert session.user_identifier == "fake:A1:P1:T1"
    await it.turns.settled(question(), settlement)
    await it.turns.ended(THREAD)


async def test_a_second_speaker_is_named_where_the_channel_puts_nothing_into_words_itself(stores: RedisStores) -> None:
    it = stage_on(FakeChannel(latency_s=0.0, page_size=5000), stores, says(ANSWER))
    await it.answer(question("mine", number=1))
    await it.answer(question("and mine", number=2, person=Person("U2", "Bob")))
    assert [text for _, text in it.agent.sent] == ["mine", "Bob (U2): and mine"]


async def test_a_channel_that_has_an_agent_and_names_of_its_own_is_asked_for_them(stores: RedisStores) -> None:
    it = stage_on(CapableChannel(latency_s=0.0, page_size=5000, agent_id="agent 7"), stores, says(ANSWER))
    asked = question("hello")
    await it.answer(replace(asked, origin=replace(asked.origin, is_direct=True)))
    session = await stores.sessions.current(THREAD)
    assert session is not None
    assert (it.agent.opened_agents, session.user_identifier) == (["agent 7"], "Ada@example.com")


class _Directory(FakeChannel):
    """Knows Ada by name, and notes whom it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def name_of(self, thread: ThreadKey, person_id: str) -> str:
        assert thread == THREAD
        self.asked.append(person_id)
        return {"U1": "Ada"}.get(person_id, "")


async def test_people_whose_messages_brought_no_name_are_looked_up_once() -> None:
    """M7: where the channel can; a person without a name stays an id."""
    people = [Person("U1"), Person("U2", "Bob"), Person("U3"), Person("U1"), Person("")]
    channel = _Directory()
    found = await named(channel, THREAD, people)
    assert {person_id: person.name for person_id, person in found.items()} == {
        "U1": "Ada",
        "U2": "Bob",
        "U3": "",
        "": "",
    }
    assert channel.asked == ["U1", "U3"]
    assert (await named(FakeChannel(), THREAD, people))["U1"] == Person("U1")
