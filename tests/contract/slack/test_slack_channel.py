"""Slack's sending half: the real slack-sdk over real sockets against the stand-in."""

import asyncio

import pytest

from adapters.slack.api.errors import TokenGone
from adapters.slack.channel import SlackChannel
from adapters.slack.format.metadata import EVENT_TYPE
from adapters.slack.limits import SlackLimits
from bridge.domain.errors import (
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    LookupUnsupported,
    MessageGone,
    PageRejected,
    PlaceGone,
    PlaceMuted,
    PostUncertain,
    SettingWrong,
)
from bridge.domain.incoming import Question
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from bridge.ports.channel import Channel, Receiver
from config.slack import SlackSettings
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods, question_of


async def test_it_is_both_halves_of_a_channel(channel: SlackChannel) -> None:
    both: tuple[Channel, Receiver] = (channel, channel)
    assert both[0].name == "slack"
    assert both[1].receives_alone == ""


async def test_a_page_is_posted_into_the_thread_and_edited(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    """A7: no previews, on posts and edits."""
    message_id = await channel.post(address, PageView(text="See https://example.com", turn_id="q1", number=2))
    await channel.edit(address, message_id, PageView(text="See https://example.com/now", turn_id="q1", number=2))
    (shown,) = slack.ledger.shown("C1", address.thread)
    assert (shown.message_id, shown.text, shown.edits) == (message_id, "See https://example.com/now", 1)
    assert slack.previews == []
    assert slack.calls[0].params["unfurl_links"] is False
    assert slack.calls[0].params["unfurl_media"] is False
    assert not {"unfurl_links", "unfurl_media", "parse", "link_names"} & set(slack.calls[1].params)


async def test_a_post_carries_its_turn_and_page_for_a_later_look_up(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    message_id = await channel.post(address, PageView(text="Hi", turn_id="q1", number=2))
    message = slack.workspace.messages["C1", message_id]
    assert message.metadata == {"event_type": EVENT_TYPE, "event_payload": {"turn": "q1", "page": 2}}


@pytest.mark.parametrize("place", ["C1", "D1"])
async def test_a_post_whose_answer_was_lost_is_found_again(
    slack: SlackStandIn, channel: SlackChannel, place: str
) -> None:
    """S16: found by its turn and page, in a thread and in a flat DM."""
    await slack.say("U0ADA", place, f"{slack.mention} hi")
    question = question_of(slack, channel)
    view = PageView(text="Hi", turn_id=question.id)
    assert await channel.find_post(question.address, view) is None
    for number in (2, 1):
        slack.faults.arm(Fault("chat.postMessage", lose_answer=True))
        with pytest.raises(PostUncertain):
            await channel.post(question.address, PageView(text="Hi", turn_id=question.id, number=number))
    for _ in range(250):
        await slack.say("U0BOB", place, "and so on", question.address.thread or None)
    found = await channel.find_post(question.address, view)
    assert found is not None
    assert slack.workspace.messages[place, found].metadata["event_payload"] == {"turn": question.id, "page": 1}
    assert await channel.find_post(question.address, PageView(turn_id="another")) is None


async def test_without_the_right_to_read_a_post_cannot_be_looked_for(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    slack.scopes.discard("channels:history")
    with pytest.raises(LookupUnsupported):
        await channel.find_post(address, PageView(turn_id="q1"))
    slack.faults.arm(Fault("conversations.replies", status=502))
    with pytest.raises(ChannelUnavailable):
        await channel.find_post(address, PageView(turn_id="q1"))


async def test_a_flat_conversation_names_no_thread(slack: SlackStandIn, channel: SlackChannel) -> None:
    await channel.post(Address(slack.workspace.team_id, "D1"), PageView(text="Hi"))
    assert "thread_ts" not in slack.calls[0].params
    assert [shown.text for shown in slack.ledger.shown("D1", "")] == ["Hi"]


async def test_status_and_notice_stand_below_the_text(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    await channel.post(address, PageView(text="So far", status="Looking_that *up*", notice="One.\nTwo."))
    await channel.post(address, PageView())
    texts = [shown.text for shown in slack.ledger.shown("C1", address.thread)]
    assert texts == ["So far\n\n_Looking that up_\n\n_One._\n_Two._", "…"]


async def test_the_largest_page_that_fits_is_taken_as_post_and_edit(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    for unit in ("a", "<", "ä", "😀", "[a](b)"):
        text = unit
        while channel.fits(text + unit):
            text += unit
        view = PageView(text=text, notice="The answer was too long and was shortened here.")
        message_id = await channel.post(address, view)
        await channel.edit(address, message_id, view)
        assert slack.ledger.versions(message_id)[-1].text.startswith(text)


async def test_an_edit_that_changes_nothing_is_done(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    """S13: "not modified" is no error."""
    message_id = await channel.post(address, PageView(text="Hi"))
    await channel.edit(address, message_id, PageView(text="Hi"))
    slack.faults.arm(Fault("chat.update", error="message_not_modified"))
    await channel.edit(address, message_id, PageView(text="Hi"))


async def test_a_post_whose_answer_was_lost_is_uncertain_and_not_repeated(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    """S16: never the same text twice."""
    slack.faults.arm(Fault("chat.postMessage", lose_answer=True))
    with pytest.raises(PostUncertain):
        await channel.post(address, PageView(text="Hi"))
    assert len(slack.ledger.shown("C1", address.thread)) == 1
    assert methods(slack) == ["chat.postMessage"]


@pytest.mark.parametrize(
    ("fault", "post_raises", "edit_raises"),
    [
        (Fault("*", status=502), PostUncertain, ChannelUnavailable),
        (Fault("*", status=200), PostUncertain, ChannelUnavailable),
        (Fault("*", status=404), ChannelUnavailable, ChannelUnavailable),
        (Fault("*", refuse=True), PostUncertain, ChannelUnavailable),
        (Fault("*", error="internal_error"), PostUncertain, ChannelUnavailable),
        (Fault("*", error="fatal_error"), PostUncertain, ChannelUnavailable),
        (Fault("*", error="request_timeout"), ChannelUnavailable, ChannelUnavailable),
        (Fault("*", error="ratelimited"), ChannelRateLimited, ChannelRateLimited),
        (Fault("*", status=429, retry_after_s=7), ChannelRateLimited, ChannelRateLimited),
        (Fault("*", error="channel_not_found"), PlaceGone, PlaceGone),
        (Fault("*", error="is_archived"), PlaceMuted, PlaceMuted),
        (Fault("*", error="channel_is_limited_access"), PlaceMuted, PlaceMuted),
        (Fault("*", error="accesslimited"), PlaceMuted, PlaceMuted),
        (Fault("*", error="token_revoked"), TokenGone, TokenGone),
        (Fault("*", error="missing_scope"), ChannelTokenRefused, ChannelTokenRefused),
        (Fault("*", error="msg_too_long"), PageRejected, PageRejected),
        (Fault("*", error="something_new"), PageRejected, PageRejected),
        (Fault("*", error="edit_window_closed"), MessageGone, MessageGone),
        (Fault("*", error="cant_update_message"), MessageGone, MessageGone),
    ],
    ids=lambda value: value.error or str(value.status) if isinstance(value, Fault) else None,
)
async def test_errors_are_the_bridges_own(
    slack: SlackStandIn,
    channel: SlackChannel,
    address: Address,
    fault: Fault,
    post_raises: type[Exception],
    edit_raises: type[Exception],
) -> None:
    message_id = await channel.post(address, PageView(text="Hi"))
    fault.times = 2
    slack.faults.clear()
    slack.faults.arm(fault)
    with pytest.raises(post_raises) as posting:
        await channel.post(address, PageView(text="Hi"))
    with pytest.raises(edit_raises) as editing:
        await channel.edit(address, message_id, PageView(text="Hi"))
    for raised in (posting, editing):
        assert type(raised.value) in (post_raises, edit_raises)
        assert raised.value.__cause__ is None
        assert slack.bot_token not in str(raised.value)
    assert len(slack.calls) == 3


async def test_a_429_names_its_wait_and_the_scope_of_the_budget(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    """S8: the wait is Slack's, the scope is the one that `pace` speaks of."""
    message_id = await channel.post(address, PageView(text="Hi"))
    slack.faults.arm(Fault("*", status=429, retry_after_s=7, times=2))
    with pytest.raises(ChannelRateLimited) as posting:
        await channel.post(address, PageView(text="Hi"))
    with pytest.raises(ChannelRateLimited) as editing:
        await channel.edit(address, message_id, PageView(text="Hi"))
    pace = channel.pace(address)
    assert (posting.value.retry_after_s, posting.value.scope) == (7, pace.posts[0].scope)
    assert (editing.value.retry_after_s, editing.value.scope) == (7, pace.edits[0].scope)


async def test_pace_has_one_budget_for_all_edits_and_for_posts_one_per_channel_and_one_for_all(
    channel: SlackChannel, address: Address
) -> None:
    pace, elsewhere = channel.pace(address), channel.pace(Address(address.account, "D1"))
    assert pace.edits == elsewhere.edits
    assert pace.posts[0] != elsewhere.posts[0]
    assert pace.posts[1] == elsewhere.posts[1]
    assert (pace.edits[0].calls, pace.edits[0].window_s) == (50, 60)
    # The 429 of each method stops the scope in which its calls are counted.
    assert pace.finds[0].scope.endswith("conversations.replies")
    assert elsewhere.finds[0].scope.endswith("conversations.history")
    assert pace.edit_floor_s == 1.2


async def test_the_stand_in_limits_as_slack_does(slack: SlackStandIn, channel: SlackChannel, address: Address) -> None:
    slack.limits.enabled = True
    message_id = await channel.post(address, PageView(text="0"))
    for number in range(50):
        await channel.edit(address, message_id, PageView(text=str(number)))
    with pytest.raises(ChannelRateLimited) as limited:
        await channel.edit(address, message_id, PageView(text="more"))
    assert 1 <= limited.value.retry_after_s <= 60
    assert slack.limits.answered == {"chat.update": 1}


async def test_a_message_or_place_that_is_gone_is_told_apart(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    """S14: a deleted reply, another person's message, a deleted thread, a place without the bot."""
    message_id = await channel.post(address, PageView(text="Hi"))
    slack.delete_as_person("C1", message_id)
    with pytest.raises(MessageGone):
        await channel.edit(address, message_id, PageView(text="Hi"))
    with pytest.raises(MessageGone):
        await channel.edit(address, address.thread, PageView(text="Hi"))
    slack.delete_as_person("C1", address.thread)
    with pytest.raises(PlaceGone):
        await channel.post(address, PageView(text="Hi"))
    slack.workspace.place("C1").bot_is_member = False
    with pytest.raises(PlaceGone):
        await channel.post(Address(address.account, "C1"), PageView(text="Hi"))
    with pytest.raises(PlaceGone):
        await channel.post(Address(address.account, "C404"), PageView(text="Hi"))


async def test_blocks_that_are_refused_give_way_to_plain_text(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    slack.faults.arm(Fault("chat.postMessage", error="invalid_blocks"))
    message_id = await channel.post(address, PageView(text="1 < 2 <!here>"))
    slack.faults.arm(Fault("chat.update", error="invalid_blocks"))
    await channel.edit(address, message_id, PageView(text="2 < 3 <!here>"))
    assert [frame.text for frame in slack.ledger.versions(message_id)] == ["1 < 2 <!here>", "2 < 3 <!here>"]
    assert slack.pings == []
    slack.faults.arm(Fault("chat.update", error="invalid_blocks"))
    with pytest.raises(PageRejected):
        await channel.edit(address, message_id, PageView(text="x" * 4_000))
    slack.faults.arm(Fault("chat.postMessage", error="invalid_blocks", times=2))
    with pytest.raises(PageRejected):
        await channel.post(address, PageView(text="Hi"))


async def test_nothing_listening_is_unavailable_even_for_a_post(slack: SlackStandIn, channel: SlackChannel) -> None:
    await slack.stop()
    # The kept connection is only known to be closed once the loop has read its end.
    await asyncio.sleep(0.1)
    with pytest.raises(ChannelUnavailable):
        await channel.post(Address("T1", "D1"), PageView(text="Hi"))


@pytest.mark.parametrize("limits", [SlackLimits(call_s=0.3)])
async def test_a_slow_answer_to_a_post_is_uncertain(slack: SlackStandIn, channel: SlackChannel) -> None:
    slack.faults.arm(Fault("chat.postMessage", delay_s=0.6))
    with pytest.raises(PostUncertain):
        await channel.post(Address(slack.workspace.team_id, "D1"), PageView(text="Hi"))


async def test_proxy_variables_of_the_environment_are_not_followed(
    slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    channel = SlackChannel(
        options=SlackSettings(), bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url
    )
    connected = asyncio.Event()

    async def accept(_question: Question) -> None:
        """Never called."""

    await channel.open()
    receiving = asyncio.ensure_future(channel.receive(accept, lambda _: connected.set()))  # type: ignore[arg-type]  # no question comes
    await asyncio.wait_for(connected.wait(), 10)
    receiving.cancel()
    await asyncio.wait([receiving])
    await channel.aclose()


async def test_an_address_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SettingWrong, match="SLACK_API_URL"):
        await SlackChannel(options=SlackSettings(), bot_token="x", app_token="y", api_url="slack.com").open()


async def test_a_slack_that_does_not_answer_is_unavailable_at_the_start(slack: SlackStandIn) -> None:
    slack.faults.arm(Fault("auth.test", delay_s=30))
    channel = SlackChannel(
        options=SlackSettings(), bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url
    )
    async with asyncio.timeout(10):
        with pytest.raises(ChannelUnavailable):
            await channel.open()


async def test_tokens_are_in_no_repr(slack: SlackStandIn, channel: SlackChannel) -> None:
    assert slack.bot_token not in repr(channel)
    assert slack.app_token not in repr(channel)
