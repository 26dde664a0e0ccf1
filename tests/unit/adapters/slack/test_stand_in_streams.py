"""The stand-in's streams are as strict as Slack's are said to be."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.models.messages.chunk import TaskUpdateChunk
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackStandIn
from tests.unit.adapters.slack.web_api_call import call


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(time_scale=0.001) as standin:
        standin.echoes = False
        standin.add_channel("C1", "general")
        standin.add_channel("D1")
        yield standin


async def _start(slack: SlackStandIn, place: str = "D1", **params: Any) -> dict[str, Any]:
    root = await slack.say("U1", place, "hi")
    return await call(slack, "chat.startStream", **{"channel": place, "thread_ts": root, **params})


@pytest.mark.parametrize(
    ("place", "params", "error"),
    [
        ("D1", {"thread_ts": None}, "invalid_arguments"),
        ("D1", {"thread_ts": "1700000000.000001"}, "thread_not_found"),
        ("D1", {"metadata": {"event_type": "x", "event_payload": {}}}, "invalid_arguments"),
        ("D1", {"unfurl_links": False}, "invalid_arguments"),
        ("D1", {"markdown_text": "x" * 12_001}, "msg_too_long"),
        ("C1", {}, "missing_recipient_user_id"),
        ("C1", {"recipient_user_id": "U1"}, "missing_recipient_team_id"),
    ],
)
async def test_starts_that_slack_refuses_are_refused(
    slack: SlackStandIn, place: str, params: dict[str, Any], error: str
) -> None:
    assert (await _start(slack, place, **params))["error"] == error
    assert slack.ledger.shown(place) == []


async def test_a_stream_only_grows_up_to_its_limit(slack: SlackStandIn) -> None:
    ts = (await _start(slack, markdown_text="It"))["ts"]
    here = {"channel": "D1", "ts": ts}
    assert (await call(slack, "chat.appendStream", **here))["error"] == "no_text"
    assert (await call(slack, "chat.appendStream", **here, markdown_text=" grows"))["ok"]
    assert (await call(slack, "chat.appendStream", **here, markdown_text="x" * 11_993))["error"] == "msg_too_long"
    assert (await call(slack, "chat.update", **here, text="Another"))["error"] == "streaming_state_conflict"
    assert [frame.text for frame in slack.ledger.versions(ts)] == ["It", "It grows"]


async def test_a_stream_that_is_closed_takes_nothing_more_and_can_be_edited(slack: SlackStandIn) -> None:
    for way in ("stopped", "expired"):
        here = {"channel": "D1", "ts": (await _start(slack, markdown_text=way))["ts"]}
        if way == "stopped":
            assert (await call(slack, "chat.stopStream", **here, markdown_text="."))["ok"]
        else:
            slack.api.streams.expire()
        for method in ("chat.appendStream", "chat.stopStream"):
            refused = await call(slack, method, **here, markdown_text="more")
            assert refused["error"] == "message_not_in_streaming_state"
        assert (await call(slack, "chat.update", **here, text="Another"))["ok"]


async def test_a_stream_closes_by_itself_after_five_minutes(slack: SlackStandIn) -> None:
    now = 1000.0
    slack.api.streams._clock = lambda: now
    ts = (await _start(slack, markdown_text="It"))["ts"]
    now += 299.0
    assert slack.api.streams.live == [ts]
    now += 2.0
    assert slack.api.streams.live == []
    refused = await call(slack, "chat.appendStream", channel="D1", ts=ts, markdown_text="more")
    assert refused["error"] == "message_not_in_streaming_state"


async def test_pings_and_previews_in_streams_are_noticed(slack: SlackStandIn) -> None:
    ts = (await _start(slack, markdown_text="<!here> https"))["ts"]
    assert set(slack.pings) == {"<!here>"}
    assert slack.previews == []
    await call(slack, "chat.appendStream", channel="D1", ts=ts, markdown_text="://evil.example")
    assert slack.previews == [ts]
    theirs = await slack.say("U1", "D1", "mine")
    refused = await call(slack, "chat.appendStream", channel="D1", ts=theirs, markdown_text="x")
    assert refused["error"] == "message_not_owned_by_app"


async def test_a_stream_takes_chunks_and_shows_tasks(slack: SlackStandIn) -> None:
    """What Slack's own client libraries send: the team with every call, and chunks."""
    task = {"type": "task_update", "id": "t1", "title": "Look it up", "status": "in_progress"}
    plan = {"type": "plan_update", "title": "Two steps"}
    team = {"team_id": slack.workspace.team_id}
    words = [{"type": "markdown_text", "text": "It"}]
    ts = (await _start(slack, chunks=[plan, task, *words], task_display_mode="plan", **team))["ts"]
    here = {"channel": "D1", "ts": ts, **team}
    assert slack.api.streams.tasks[ts] == {"": ("Two steps", ""), "t1": ("Look it up", "in_progress")}
    for odd in ([{"type": "odd"}], [task | {"status": "completed"}], "text"):
        assert (await call(slack, "chat.appendStream", **here, chunks=odd))["error"] == "invalid_chunks"
    header = {"type": "header", "text": {"type": "plain_text", "text": "Sources"}}
    more = [{"type": "markdown_text", "text": " grows"}, {"type": "blocks", "blocks": [header]}]
    assert (await call(slack, "chat.appendStream", **here, chunks=more))["ok"]
    assert (await call(slack, "chat.stopStream", **here, chunks=[task | {"status": "complete"}]))["ok"]
    assert slack.api.streams.tasks[ts]["t1"] == ("Look it up", "complete")
    message = slack.workspace.messages["D1", ts]
    assert (message.text, message.blocks) == ("It grows", [{"type": "markdown", "text": "It grows"}, header])
    refused = await _start(slack, task_display_mode="odd")
    assert refused["error"] == "invalid_arguments"


async def test_slacks_own_helper_for_streams_gets_on_with_the_stand_in(slack: SlackStandIn) -> None:
    root = await slack.say("U1", "D1", "hi")
    client = AsyncWebClient(slack.bot_token, slack.api_url)
    stream = await client.chat_stream(channel="D1", thread_ts=root, buffer_size=1, task_display_mode="timeline")
    await stream.append(chunks=[TaskUpdateChunk(id="t1", title="Look it up", status="complete")])
    await stream.append(markdown_text="It grows")
    await stream.stop()
    assert [shown.text for shown in slack.ledger.shown("D1")] == ["It grows"]


async def test_whether_an_expired_stream_can_be_edited_can_be_set_the_other_way(slack: SlackStandIn) -> None:
    slack.assumptions.repairs_expired_streams = False
    here = {"channel": "D1", "ts": (await _start(slack, markdown_text="It"))["ts"]}
    slack.api.streams.expire()
    assert (await call(slack, "chat.update", **here, text="Another"))["error"] == "streaming_state_conflict"
