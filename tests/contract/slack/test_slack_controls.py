"""What can be pressed below a reply in Slack: shown, pressed over real sockets, kept, answered to one person."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.redis_store import RedisStores
from adapters.slack.channel import SlackChannel
from bridge.domain.errors import SettingWrong
from bridge.domain.incoming import ANY_TURN, Command, CommandName, IntakeResult, Rating, Stop
from bridge.domain.notices import Notice
from bridge.domain.pages import Button, PageView
from bridge.domain.threads import Address, ThreadKey
from bridge.domain.turns import token_of
from config.slack import SlackSettings
from sandbox.faults import Fault, Gate
from sandbox.slack import SlackStandIn
from sandbox.slack.workspace import SlackMessage
from tests.contract.slack.desk_fixture import Desk, open_session, receiving
from tests.contract.slack_steps import methods
from tests.english import english
from tests.wishes import Kind, kind_of

TURN = "slack:T0SANDBOX:C1:1.1"
WRITING = PageView(text="So far", turn_id=TURN, controls=(Button.STOP,))
WHOLE = PageView(text="So far and on", turn_id=TURN, final=True, controls=(Button.NEW, Button.END))
BROKEN = replace(WHOLE, controls=(Button.RETRY,))
RATABLE = replace(WHOLE, controls=(Button.GOOD, Button.BAD, Button.NEW, Button.END))


@pytest.fixture
async def desk(slack: SlackStandIn, stores: RedisStores) -> AsyncIterator[Desk]:
    async with receiving(slack, stores, SlackSettings()) as opened:
        yield opened


@pytest.fixture
def address(slack: SlackStandIn) -> Address:
    """A thread whose root was written before the bridge began."""
    space = slack.workspace
    root = space.add(SlackMessage(space.new_ts(), "C1", "U0ADA", "hello"))
    return Address(account=space.team_id, place="C1", thread=root.ts)


async def pressed(desk: Desk, ts: str, label: str, user: str = "U0ADA", place: str = "C1") -> None:
    delivery = desk.slack.press(user, place, ts, label)
    await delivery.settled.wait()
    assert delivery.acked
    assert len(delivery.attempts) == 1


def blocks_below(slack: SlackStandIn, ts: str, place: str = "C1") -> list[dict[str, Any]]:
    return [block for block in slack.workspace.messages[place, ts].blocks if block["type"] != "markdown"]


async def test_controls_come_and_go_with_the_edits_of_the_reply(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    ts = await channel.post(address, WRITING)
    ((stop,),) = (block["elements"] for block in blocks_below(slack, ts))
    assert (stop["type"], stop["text"]["text"]) == ("button", "Stop")
    await channel.edit(address, ts, WHOLE)
    ((menu,),) = (block["elements"] for block in blocks_below(slack, ts))
    assert [option["text"]["text"] for option in menu["options"]] == ["New conversation", "End conversation"]
    await channel.edit(address, ts, replace(WHOLE, controls=()))
    assert blocks_below(slack, ts) == []
    assert methods(slack) == ["chat.postMessage", "chat.update", "chat.update"]


async def test_a_page_whose_controls_change_is_another_look(channel: SlackChannel) -> None:
    assert not channel.looks_same(WRITING, replace(WRITING, controls=(Button.RETRY,)))
    assert not channel.looks_same(WRITING, replace(WRITING, aside="Continues from 2:05 PM."))
    assert channel.looks_same(WRITING, replace(WRITING, source="x"))


def test_ratings_are_asked_for_where_the_options_wants_them() -> None:
    plain, rated = (SlackChannel(options=SlackSettings(feedback=wanted)) for wanted in (False, True))
    assert rated.controls == frozenset(Button)
    assert rated.controls - plain.controls == {Button.GOOD, Button.BAD}


@pytest.mark.parametrize(
    ("view", "label", "kind"),
    [
        (WRITING, "stop", Stop),
        (BROKEN, "retry", CommandName.RETRY),
        (WHOLE, "new", CommandName.NEW),
        (RATABLE, "good", Rating),
        (RATABLE, "bad", Rating),
    ],
)
async def test_a_press_is_a_question_about_its_turn(
    desk: Desk, address: Address, view: PageView, label: str, kind: Kind
) -> None:
    ts = await desk.channel.post(address, view)
    await pressed(desk, ts, label, user="U0BOB")
    (question,) = desk.kept
    assert isinstance(question, Stop | Command | Rating)
    assert (kind_of(question), question.about, question.person.id) == (kind, token_of(TURN), "U0BOB")
    assert question.thread == ThreadKey("slack", address.account, "C1", address.thread)
    assert question.address == address
    assert not isinstance(question, Rating) or question.is_good is (label == "good")
    assert not isinstance(question, Stop) or question.owner_only


async def test_a_press_that_is_delivered_again_is_the_same_and_another_press_is_not(
    desk: Desk, address: Address
) -> None:
    """D1: a click, too."""
    ts = await desk.channel.post(address, WRITING)
    await pressed(desk, ts, "stop")
    desk.slack.redeliver(desk.slack.deliveries[-1])
    await desk.slack.sockets.settled()
    assert len(desk.kept) == 1
    await pressed(desk, ts, "stop")
    assert len(desk.kept) == 2


async def test_below_a_flat_direct_message_a_press_is_about_the_whole_place(desk: Desk) -> None:
    ts = await desk.channel.post(Address("T0SANDBOX", "D1"), replace(WRITING, turn_id="slack:T0SANDBOX:D1:1.1"))
    await pressed(desk, ts, "stop", place="D1")
    assert desk.kept[0].thread == ThreadKey("slack", "T0SANDBOX", "D1")


async def test_a_press_by_somebody_of_another_workspace_is_for_ours(desk: Desk, address: Address) -> None:
    ts = await desk.channel.post(address, WRITING)
    await pressed(desk, ts, "stop")
    payload = desk.slack.deliveries[-1].payload
    payload = payload | {"team": {"id": "T0ELSEWHERE"}, "actions": [payload["actions"][0] | {"action_ts": "9.9"}]}
    desk.slack.sockets.deliver(payload, "interactive")
    await desk.slack.sockets.settled()
    assert [question.thread.account for question in desk.kept] == ["T0SANDBOX"] * 2


async def test_a_press_by_a_stranger_is_known_as_one_without_the_scope_to_look_people_up(
    desk: Desk, address: Address
) -> None:
    """A10: in a channel that is shared, buttons too."""
    desk.slack.scopes.discard("users:read")
    desk.slack.person("Con", "U0CONNECT", team="T9")
    ts = await desk.channel.post(address, BROKEN)
    await pressed(desk, ts, "retry", user="U0CONNECT")
    await pressed(desk, ts, "retry")
    assert [question.origin.metadata.get("person_team") for question in desk.kept] == ["T9", None]
    strangers, ours = desk.queued
    assert not await desk.channel.admits(strangers)
    with pytest.raises(SettingWrong, match="SLACK_EXTERNAL_USERS"):
        await desk.channel.admits(ours)


async def until_told(desk: Desk, label: str, ts: str, user: str) -> list[str]:
    """Press, and return what the person alone was told."""
    told = Gate()
    desk.slack.faults.arm(Fault("chat.postEphemeral", hold_answer=told))
    await pressed(desk, ts, label, user=user)
    await told.reached(5)
    told.open()
    return [text for _, person, _, text in desk.slack.api.ephemerals if person == user]


@pytest.mark.parametrize(
    ("became", "sentence"),
    [
        (IntakeResult.NOTHING, english(Notice.NOTHING_TO_STOP)),
        (IntakeResult.NOT_YOURS, english(Notice.NOT_YOUR_ANSWER)),
        (IntakeResult.FULL, english(Notice.BUSY)),
        (IntakeResult.RATED, english(Notice.RATED)),
    ],
)
async def test_who_presses_alone_is_told_what_became_of_it(
    desk: Desk, address: Address, became: IntakeResult, sentence: str
) -> None:
    ts = await desk.channel.post(address, WRITING)
    desk.becomes = became
    assert await until_told(desk, "stop", ts, "U0BOB") == [sentence]


async def test_an_answer_that_cannot_be_rated_is_no_silence(desk: Desk, address: Address) -> None:
    ts = await desk.channel.post(address, RATABLE)
    desk.becomes = IntakeResult.NOTHING
    assert await until_told(desk, "good", ts, "U0BOB") == [english(Notice.TOO_LATE_TO_RATE)]


async def test_only_who_began_a_conversation_ends_it_by_the_menu(
    desk: Desk, address: Address, stores: RedisStores
) -> None:
    """A15: another person is refused, in a message that only they see."""
    await open_session(stores, ThreadKey("slack", address.account, "C1", address.thread))
    ts = await desk.channel.post(address, WHOLE)
    assert await until_told(desk, "end", ts, "U0BOB") == [english(Notice.NOT_YOURS)]
    assert desk.kept == []
    await pressed(desk, ts, "end")
    assert [kind_of(question) for question in desk.kept] == [CommandName.END]


async def test_a_refused_press_that_is_delivered_twice_is_told_once(
    desk: Desk, address: Address, stores: RedisStores
) -> None:
    """A15: an envelope may come over both sockets."""
    thread = ThreadKey("slack", address.account, "C1", address.thread)
    await open_session(stores, thread)
    ts = await desk.channel.post(address, WHOLE)
    delivery = desk.slack.press("U0BOB", "C1", ts, "end")
    await delivery.settled.wait()
    await desk.slack.redeliver(delivery).settled.wait()
    # Another press of the same button is told again, and after the one before.
    assert await until_told(desk, "end", ts, "U0BOB") == [english(Notice.NOT_YOURS)] * 2


async def test_a_press_that_names_no_thread_is_of_its_messages_thread(desk: Desk, address: Address) -> None:
    desk.slack.assumptions.presses_name_the_thread = False
    ts = await desk.channel.post(address, WRITING)
    await pressed(desk, ts, "stop")
    (stop,) = desk.kept
    assert stop.thread == ThreadKey("slack", address.account, "C1", address.thread)


async def test_an_end_where_nothing_is_open_is_only_told(desk: Desk, address: Address) -> None:
    ts = await desk.channel.post(address, WHOLE)
    assert await until_told(desk, "end", ts, "U0ADA") == [english(Notice.NOTHING_OPEN)]
    assert desk.kept == []


@pytest.mark.parametrize("value", ["", "stop", "stop x T1", "leap 0123456789abcdef T1", 7, None])
async def test_a_value_that_is_none_of_ours_is_acknowledged_and_nothing(
    desk: Desk, address: Address, value: object
) -> None:
    """D13: presses, too."""
    ts = await desk.channel.post(address, WRITING)
    await pressed(desk, ts, "stop")
    payload = desk.slack.deliveries[-1].payload
    payload = payload | {"actions": [payload["actions"][0] | {"value": value, "action_ts": "9.9"}]}
    odd = desk.slack.sockets.deliver(payload, "interactive")
    await odd.settled.wait()
    assert odd.acked
    assert len(desk.kept) == 1


async def test_slacks_own_stop_stops_whatever_is_being_answered_in_the_thread(desk: Desk) -> None:
    root = await desk.slack.say("U0ADA", "D1", "hello")
    await desk.slack.press_native_stop("U0ADA", "D1", root).settled.wait()
    stop = desk.kept[-1]
    assert isinstance(stop, Stop)
    assert (stop.about, stop.thread.thread) == (ANY_TURN, root)
    assert stop.owner_only


async def test_the_command_stop_is_about_ones_own_conversations_in_that_place(desk: Desk, stores: RedisStores) -> None:
    assert await desk.type("stop", "C1") == english(Notice.NOTHING_TO_STOP)
    await open_session(stores, ThreadKey("slack", "T0SANDBOX", "C1", "1.1"))
    await open_session(stores, ThreadKey("slack", "T0SANDBOX", "D1"))
    await desk.type("stop", "C1")
    (stop,) = desk.kept
    assert isinstance(stop, Stop)
    assert (stop.thread.thread, stop.about, stop.owner_only) == ("1.1", ANY_TURN, True)


async def test_controls_stand_below_a_stream_that_was_stopped(slack: SlackStandIn) -> None:
    root = await slack.say("U0ADA", "D1", "hello")
    channel = SlackChannel(
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=slack.api_url,
        options=SlackSettings(dm="thread", streaming="native"),
    )
    await channel.open()
    address = Address("T0SANDBOX", "D1", root)
    ts = await channel.post(address, replace(WRITING, source="So far"))
    await channel.edit(address, ts, WHOLE)
    assert [block["type"] for block in blocks_below(slack, ts, "D1")] == ["actions"]
    assert "chat.update" not in methods(slack)
    await channel.aclose()
