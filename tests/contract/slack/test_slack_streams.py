"""Slack's native streams and status lines: the real slack-sdk over real sockets against the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack.channel import SlackChannel
from adapters.slack.format.metadata import EVENT_TYPE
from adapters.slack.limits import USUAL, SlackLimits
from bridge.domain.errors import ChannelRateLimited, ChannelUnavailable, LookupUnsupported, PostUncertain
from bridge.domain.notices import Status
from bridge.domain.pages import PageView, Streaming
from bridge.domain.threads import Address
from config.slack import SlackSettings
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods
from tests.english import english

TURN = "slack:T0SANDBOX:D1:1.000001"


def page(text: str, *, final: bool = False, status: str = "", notice: str = "", shown: str = "") -> PageView:
    """Make a page. `shown`: where the text as shown closes what the text leaves open."""
    return PageView(shown or text, status, notice, 1, final, TURN, source=text)


@pytest.fixture
async def native(slack: SlackStandIn, limits: SlackLimits) -> AsyncIterator[SlackChannel]:
    channel = await _open(slack, Streaming.NATIVE, limits)
    yield channel
    await channel.aclose()


@pytest.fixture
async def dm(slack: SlackStandIn) -> Address:
    root = await slack.say("U0ADA", "D1", "hi")
    return Address(account=slack.workspace.team_id, place="D1", thread=root)


async def _open(slack: SlackStandIn, streaming: Streaming, limits: SlackLimits = USUAL) -> SlackChannel:
    channel = SlackChannel(
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=slack.api_url,
        options=SlackSettings(streaming=streaming.value),
        limits=limits,
    )
    await channel.open()
    slack.calls.clear()
    return channel


def looks(slack: SlackStandIn, ts: str) -> list[str]:
    return [frame.text for frame in slack.ledger.versions(ts)]


async def test_a_page_grows_in_a_stream_and_is_one_message_with_its_mark(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    ts = await native.post(dm, page("It begins"))
    await native.edit(dm, ts, page("It begins and goes"))
    await native.edit(dm, ts, page("It begins and goes on.", final=True, notice="Used: a tool"))
    assert methods(slack) == ["chat.startStream", "chat.appendStream", "chat.stopStream"]
    assert looks(slack, ts) == [
        "It begins",
        "It begins and goes",
        "It begins and goes on.\n\n_Used: a tool_",
    ]
    assert slack.api.streams.live == []
    assert slack.workspace.messages["D1", ts].metadata == {
        "event_type": EVENT_TYPE,
        "event_payload": {"turn": TURN, "page": 1},
    }


@pytest.mark.parametrize("place", ["C1", "D1"])
async def test_outside_the_threads_of_direct_messages_a_page_is_posted_and_edited(
    slack: SlackStandIn, native: SlackChannel, place: str
) -> None:
    root = await slack.say("U0ADA", place, f"{slack.mention} hi")
    address = Address(slack.workspace.team_id, place, root if place == "C1" else "")
    ts = await native.post(address, page("It begins"))
    await native.edit(address, ts, page("It begins and ends.", final=True))
    assert methods(slack) == ["chat.postMessage", "chat.update"]
    assert native.pace(address).finals == ()


async def test_what_is_whole_at_once_is_posted(slack: SlackStandIn, native: SlackChannel, dm: Address) -> None:
    await native.post(dm, page("Short.", final=True))
    assert methods(slack) == ["chat.postMessage"]


async def test_what_only_closes_a_half_written_end_is_not_appended(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    whole = "See:\n```py\nprint(1)\n```\nand [the docs](mailto:docs@site.example) &amp; <b>so</b> on"
    ts = await native.post(dm, page("See"))
    for end in range(4, len(whole) + 1):
        text = whole[:end]
        closed = text + "\n```" if 5 <= end < whole.index("\n```\nand") + 4 else text
        await native.edit(dm, ts, page(text, shown=closed))
    await native.edit(dm, ts, page(whole, final=True))
    assert set(methods(slack)) == {"chat.startStream", "chat.appendStream", "chat.stopStream"}
    assert looks(slack, ts)[-1] == whole
    assert all(whole.startswith(look) for look in looks(slack, ts))
    assert slack.pings == []


async def test_a_text_that_changes_what_was_appended_goes_on_as_edits(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    ts = await native.post(dm, page("The answer is 41"))
    await native.edit(dm, ts, page("The answer was 42"))
    await native.edit(dm, ts, page("The answer was 42."))
    assert methods(slack) == ["chat.startStream", "chat.stopStream", "chat.update", "chat.update"]
    assert looks(slack, ts) == ["The answer is 41", "The answer was 42", "The answer was 42."]


@pytest.mark.parametrize("address_text", ["https://evil.example/?q=secret", "WWW.evil.example"])
async def test_no_web_address_is_ever_streamed(
    slack: SlackStandIn, native: SlackChannel, dm: Address, address_text: str
) -> None:
    """A7: a stream has no switch for previews, so its message is edited before an address stands in it."""
    text = f"Look at {address_text} for more."
    first = await native.post(dm, page("Look"))
    for end in range(5, len(text) + 1):
        await native.edit(dm, first, page(text[:end], final=end == len(text)))
    second = await native.post(dm, page(text))
    assert looks(slack, first)[-1] == looks(slack, second)[-1] == text
    assert slack.previews == []
    assert methods(slack).count("chat.startStream") == methods(slack).count("chat.stopStream") == 1


@pytest.mark.parametrize(
    "code",
    ["unknown_method", "method_deprecated", "feature_not_enabled", "channel_type_not_supported", "user_not_found"],
)
async def test_where_no_stream_starts_the_page_is_posted_and_edited(
    slack: SlackStandIn, native: SlackChannel, dm: Address, code: str
) -> None:
    slack.faults.arm(Fault("chat.startStream", error=code))
    ts = await native.post(dm, page("It begins"))
    await native.edit(dm, ts, page("It begins and ends.", final=True))
    assert methods(slack) == ["chat.startStream", "chat.postMessage", "chat.update"]
    assert looks(slack, ts) == ["It begins", "It begins and ends."]


async def test_a_workspace_without_streams_is_not_asked_again(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    slack.faults.arm(Fault("chat.startStream", error="feature_not_enabled"))
    for number in range(3):
        await native.post(dm, page(f"Number {number}"))
    assert methods(slack).count("chat.startStream") == 1
    assert native.pace(dm).finals == ()


@pytest.mark.parametrize("call", ["chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize("code", ["message_not_in_streaming_state", "stopped_by_user", "msg_too_long"])
async def test_a_stream_that_cannot_go_on_is_made_whole_by_an_edit(
    slack: SlackStandIn, native: SlackChannel, dm: Address, call: str, code: str
) -> None:
    final = call == "chat.stopStream"
    ts = await native.post(dm, page("It begins"))
    slack.faults.arm(Fault(call, error=code))
    await native.edit(dm, ts, page("It begins and goes on", final=final))
    assert looks(slack, ts) == ["It begins", "It begins and goes on"]
    assert slack.api.streams.live == []
    await native.edit(dm, ts, page("It begins and goes on to the end.", final=True))
    assert looks(slack, ts)[-1] == "It begins and goes on to the end."


async def test_a_stream_that_slack_has_closed_is_edited(slack: SlackStandIn, native: SlackChannel, dm: Address) -> None:
    """Slack closes a stream after some minutes."""
    ts = await native.post(dm, page("It begins"))
    slack.api.streams.expire()
    await native.edit(dm, ts, page("It begins and goes on"))
    assert looks(slack, ts) == ["It begins", "It begins and goes on"]


@pytest.mark.parametrize("limits", [SlackLimits(stream_age_most_s=0.0)])
async def test_a_stream_is_closed_before_slack_closes_it(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    ts = await native.post(dm, page("It begins"))
    await native.edit(dm, ts, page("It begins and goes on"))
    assert methods(slack)[1:] == ["chat.stopStream", "chat.update"]
    assert looks(slack, ts) == ["It begins", "It begins and goes on"]


@pytest.mark.parametrize("call", ["chat.appendStream", "chat.stopStream"])
async def test_an_append_whose_answer_was_lost_is_not_repeated(
    slack: SlackStandIn, native: SlackChannel, dm: Address, call: str
) -> None:
    """S16: never the same text twice, whether the lost call had its effect or not."""
    whole = page("It begins and goes on", final=call == "chat.stopStream")
    for fault in (Fault(call, lose_answer=True), Fault(call, refuse=True)):
        ts = await native.post(dm, page("It begins"))
        slack.faults.arm(fault)
        with pytest.raises(ChannelUnavailable):
            await native.edit(dm, ts, whole)
        await native.edit(dm, ts, whole)
        assert set(looks(slack, ts)) == {"It begins", "It begins and goes on"}
        assert looks(slack, ts)[-1] == "It begins and goes on"
        assert slack.api.streams.live == []


@pytest.mark.parametrize(("call", "final"), [("chat.appendStream", False), ("chat.stopStream", True)])
async def test_a_429_stops_the_budget_of_its_method_and_the_stream_goes_on(
    slack: SlackStandIn, native: SlackChannel, dm: Address, call: str, *, final: bool
) -> None:
    """S8: the scope is the one that `pace` speaks of."""
    ts = await native.post(dm, page("It begins"))
    slack.faults.arm(Fault(call, status=429, retry_after_s=7))
    with pytest.raises(ChannelRateLimited) as limited:
        await native.edit(dm, ts, page("It begins and goes on", final=final))
    pace = native.pace(dm)
    assert limited.value.scope == (pace.finals if final else pace.edits)[0].scope
    await native.edit(dm, ts, page("It begins and goes on", final=final))
    assert methods(slack)[-2:] == [call, call]
    assert looks(slack, ts) == ["It begins", "It begins and goes on"]


@pytest.mark.parametrize("streaming", Streaming)
async def test_a_stream_of_a_worker_that_died_is_closed_and_edited(
    slack: SlackStandIn, native: SlackChannel, dm: Address, streaming: Streaming
) -> None:
    """D6: the next worker, in whatever mode, goes on in the message that is there."""
    ts = await native.post(dm, page("It begins"))
    other = await _open(slack, streaming)
    await other.edit(dm, ts, page("It begins and ends.", final=True))
    await other.aclose()
    assert looks(slack, ts) == ["It begins", "It begins and ends."]
    assert slack.api.streams.live == []


async def test_a_stream_whose_start_was_not_answered_is_found_by_its_text(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    """S16: an open stream carries no mark yet."""
    assert await native.find_post(dm, page("It begins & goes on")) is None
    slack.faults.arm(Fault("chat.startStream", lose_answer=True))
    with pytest.raises(PostUncertain):
        await native.post(dm, page("It begins &"))
    (shown,) = slack.ledger.shown("D1", dm.thread)
    assert await native.find_post(dm, page("It begins & goes on")) == shown.message_id
    with pytest.raises(LookupUnsupported):
        await native.find_post(dm, page("Something else"))


async def test_a_status_before_the_text_and_within_it_stands_under_the_thread(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    assert await native.draft(dm, page("", status="Looking that up: <web> search…"))
    assert not await native.draft(dm, page("It begins"))
    ts = await native.post(dm, page("It begins"))
    await native.edit(dm, ts, page("It begins", status="Looking that up: calculator…"))
    await native.edit(dm, ts, page("It begins and"))
    said = [status for _, _, status in slack.api.statuses]
    assert said == ["Looking that up: web search…", "Looking that up: calculator…", ""]
    assert looks(slack, ts) == ["It begins", "It begins and"]


async def test_a_status_that_is_refused_or_limited_holds_no_stream_up(
    slack: SlackStandIn, native: SlackChannel, dm: Address
) -> None:
    ts = await native.post(dm, page("It begins"))
    for fault in (Fault("assistant.threads.setStatus", status=429), Fault("assistant.threads.setStatus", error="no")):
        slack.faults.arm(fault)
        await native.edit(dm, ts, page("It begins and", status=f"Looking {id(fault)}"))
    assert looks(slack, ts) == ["It begins", "It begins and"]


async def test_in_status_mode_only_the_line_under_the_thread_shows_a_page_that_grows(
    slack: SlackStandIn, address: Address
) -> None:
    channel = await _open(slack, Streaming.STATUS)
    assert await channel.draft(address, replace(page("", status=english(Status.THINKING)), is_thinking=True))
    assert await channel.draft(address, page("", status="Writing… (500 characters)"))
    await channel.show_activity(address)
    assert [status for _, _, status in slack.api.statuses] == ["is thinking…", "Writing… (500 characters)"]
    assert slack.ledger.shown("C1", address.thread) == []
    flat = Address(address.account, "D1")
    assert not await channel.draft(flat, page("", status=english(Status.THINKING)))
    slack.faults.arm(Fault("assistant.threads.setStatus", error="channel_not_found"))
    assert not await channel.draft(address, page("", status="Writing…"))
    assert not await channel.draft(address, page("", status="Writing…"))
    assert methods(slack).count("assistant.threads.setStatus") == 3
    await channel.aclose()


async def test_each_method_of_streams_has_a_budget_of_its_own(native: SlackChannel, dm: Address) -> None:
    pace = native.pace(dm)
    budgets = [(*pace.posts[2:], *pace.edits, *pace.finals)]
    assert [[(budget.scope, budget.calls, budget.window_s) for budget in found] for found in budgets] == [
        [
            ("slack:T0SANDBOX:chat.startStream", 18, 60.0),
            ("slack:T0SANDBOX:chat.appendStream", 90, 60.0),
            ("slack:T0SANDBOX:chat.stopStream", 18, 60.0),
        ]
    ]


async def test_a_stream_ends_with_its_small_line(slack: SlackStandIn, native: SlackChannel, dm: Address) -> None:
    """M1: a block of the call that stops it."""
    ts = await native.post(dm, page("The answer"))
    await native.edit(dm, ts, replace(page("The answer.", final=True), aside="Continues from 2:05 PM."))
    assert methods(slack) == ["chat.startStream", "chat.stopStream"]
    assert looks(slack, ts)[-1] == "The answer.\nContinues from 2:05 PM."
