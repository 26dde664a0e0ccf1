"""What a turn offers to press, and who may ask and end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.domain.errors import AgentUnavailable, ChannelRateLimited, ChannelUnavailable
from bridge.domain.incoming import CommandName, Edit, IntakeResult
from bridge.domain.notices import SLASHES, Notice
from bridge.domain.pages import Button
from bridge.domain.stream_events import StreamEnded, StreamEvent, TextDelta
from bridge.domain.threads import Person
from bridge.domain.turns import AnswerResult, Outcome, token_of
from bridge.texts.sentences import question_changed
from tests.english import english
from tests.fakes import THREAD, command, question
from tests.unit.bridge.conversation.turn_fixture import ANSWER, echo, says, stage


@pytest.mark.parametrize("name", [CommandName.END, CommandName.NEW])
async def test_only_who_began_a_conversation_ends_it_where_the_setting_says_so(
    stores: RedisStores, name: CommandName
) -> None:
    """A15: refused for everybody else, who may still ask."""
    it = stage(stores, says(ANSWER))
    it.channel.only_opener_controls = True
    await it.answer(question(number=1))
    await it.answer(command(name, number=2, person=Person("somebody")))
    assert it.notices[-1:] == [english(Notice.NOT_YOURS)]
    kept = await stores.sessions.current(THREAD)
    assert kept is not None
    it.channel.only_opener_controls = False
    await it.answer(command(name, number=3, person=Person("somebody")))
    now = await stores.sessions.current(THREAD)
    assert now is None or now.conversation.id != kept.conversation.id


async def test_a_reply_offers_what_fits_how_it_stands(stores: RedisStores) -> None:
    """S17: Stop while it is written, and then what the channel can show of the rest."""

    async def in_two_parts(_: str) -> AsyncIterator[StreamEvent]:
        yield TextDelta(ANSWER[:40])
        await asyncio.sleep(0.3)
        yield TextDelta(ANSWER[40:])
        yield StreamEnded()

    it = stage(stores, in_two_parts)
    it.channel.controls = frozenset({Button.STOP, Button.RETRY, Button.GOOD, Button.NEW})
    settlement = await it.answer(question())
    growing = [call.view.controls for call in it.channel.calls if not call.view.final]
    assert set(growing) == {(Button.STOP,)}
    assert [view.controls for view in it.channel.standing.values()] == [(Button.GOOD, Button.NEW)]
    assert settlement.may_be_rated


async def test_a_press_on_retry_asks_the_question_it_stands_under_again_in_its_askers_name(stores: RedisStores) -> None:
    """S1: once, and not the question of another failure."""
    it = stage(stores, says(ANSWER))
    it.channel.controls = frozenset(Button)
    it.agent.open_errors = [AgentUnavailable("503")]
    await it.answer(question(number=1))
    assert [view.controls for view in it.channel.standing.values()] == [(Button.RETRY,)]
    retry, sam = CommandName.RETRY, Person("somebody", "Sam")
    await it.answer(command(retry, number=2, person=sam, about=token_of("another question")))
    assert it.notices[-1] == english(Notice.NOTHING_TO_RETRY)
    await it.answer(command(retry, number=3, person=sam, about=token_of(question(number=1).id)))
    assert [text for _, text in it.agent.sent] == [question(number=1).text]
    session = await stores.sessions.current(THREAD)
    assert session is not None
    assert session.person_id == question().person.id


async def test_a_command_that_failed_offers_no_retry(stores: RedisStores) -> None:
    """S1: there are no words to ask again."""
    it = stage(stores, says(ANSWER))
    it.channel.controls = frozenset(Button)
    it.agent.open_errors = [AgentUnavailable("503")]
    await it.answer(command(CommandName.START))
    assert [view.controls for view in it.channel.standing.values()] == [()]


async def test_a_channel_that_cannot_tell_who_asks_is_asked_again_within_the_turn(stores: RedisStores) -> None:
    """D6: a look-up that fails for minutes sets no question aside."""
    it = stage(stores, says(ANSWER))
    it.channel.admission_errors = [ChannelUnavailable("500"), ChannelRateLimited(0.01, "users.info")]
    assert (await it.answer(question())).outcome is Outcome.ANSWERED
    assert it.channel.admission_errors == []


async def test_a_turn_that_has_left_the_bridge_is_finished_without_asking_who_it_is_for(stores: RedisStores) -> None:
    """D6: an answer that is recorded is shown, also while the channel cannot tell."""
    it = stage(stores, says(ANSWER))
    lease = await it.put(question())
    await stores.queue.begin(lease)
    await stores.queue.record_answer(lease, ANSWER, AnswerResult(Outcome.ANSWERED))
    it.channel.admitting = False
    assert (await it.take(lease)).outcome is Outcome.ANSWERED
    assert it.channel.text == ANSWER


async def test_the_offer_to_ask_a_changed_question_has_a_button_that_asks_it(stores: RedisStores) -> None:
    """M6: the button names the question's own turn."""
    it = stage(stores, echo)
    it.channel.controls = frozenset({Button.AGAIN, Button.STOP})
    asked = question()
    await it.answer(asked)
    assert await stores.inbox.amend(Edit(asked.origin, "What is old?")) is IntakeResult.OFFERED
    await it.turns.offer_retry(asked.origin)
    offer = list(it.channel.standing.values())[-1]
    assert (offer.controls, offer.notice) == ((Button.AGAIN,), question_changed(english, SLASHES))
    pressed = command(CommandName.RETRY, number=2, about=token_of(offer.turn_id))
    await it.answer(pressed)
    (offer_id,) = (at for at, view in it.channel.standing.items() if view is offer)
    await it.turns.close_offer(replace(pressed, offer_id=offer_id))
    assert replace(it.channel.standing[offer_id], turn_id=offer.turn_id) == replace(offer, controls=())
    assert it.agent.sent[-1][1] == "What is old?"
