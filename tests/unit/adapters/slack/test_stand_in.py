"""The stand-in is strict about what Slack is strict about."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.slack import SlackStandIn
from tests.unit.adapters.slack.web_api_call import call

CLEAN: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(time_scale=0.001) as standin:
        standin.echoes = False
        standin.add_channel("C1", "general")
        yield standin


def markdown(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown", "text": text}]


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"text": "hi", "thread_ts": ""}, "invalid_thread_ts"),
        ({"text": "hi", "thread_ts": "1700000000.000001"}, "thread_not_found"),
        ({"text": ""}, "no_text"),
        ({"text": 5}, "invalid_arguments"),
        ({"text": "hi", "blocks": markdown("")}, "invalid_blocks"),
        ({"text": "hi", "blocks": [{"type": "unheard_of"}]}, "invalid_blocks"),
        ({"text": "hi", "blocks": markdown("x" * 7_000) * 2}, "msg_blocks_too_long"),
        ({"text": "hi", "markdown_text": "hi"}, "markdown_text_conflict"),
        ({"text": "hi", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
        ({"text": "hi", "channel": "C2"}, "channel_not_found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_posts_that_slack_refuses_are_refused(slack: SlackStandIn, params: dict[str, Any], error: str) -> None:
    assert await call(slack, "chat.postMessage", **{"channel": "C1", **params}) == {"ok": False, "error": error}


async def test_edits_are_bounded_and_for_own_messages_only(slack: SlackStandIn) -> None:
    theirs = await slack.say("U1", "C1", "hi")
    ours = (await call(slack, "chat.postMessage", channel="C1", text="hi"))["ts"]

    async def error_of(**params: Any) -> str:
        return str((await call(slack, "chat.update", **{"channel": "C1", "text": "hi", **params})).get("error"))

    assert await error_of(ts=theirs) == "cant_update_message"
    assert await error_of(ts="1.1") == "message_not_found"
    assert await error_of(ts=ours, text="x" * 4_001) == "msg_too_long"
    assert (await call(slack, "chat.delete", channel="C1", ts=ours))["ok"]
    assert await error_of(ts=ours) == "message_not_found"
    assert slack.ledger.shown("C1") == []


async def test_tokens_methods_and_scopes_are_checked(slack: SlackStandIn) -> None:
    async def error_of(method: str, token: str = "") -> str:
        return str((await call(slack, method, token)).get("error"))

    assert await error_of("auth.test", "xoxb-other") == "invalid_auth"
    assert await error_of("auth.test", slack.app_token) == "not_allowed_token_type"
    assert await error_of("apps.connections.open") == "not_allowed_token_type"
    assert await error_of("chat.shout") == "unknown_method"
    slack.scopes.clear()
    assert await error_of("chat.postMessage") == "missing_scope"
    async with aiohttp.ClientSession() as session:
        answer = await session.post(slack.api_url + "auth.test")
        assert (await answer.json())["error"] == "not_authed"


async def test_a_thread_is_read_back_with_its_metadata(slack: SlackStandIn) -> None:
    root = await slack.say("U1", "C1", "hi")
    metadata = {"event_type": "mark", "event_payload": {"turn": "q1"}}
    await call(slack, "chat.postMessage", channel="C1", text="one", thread_ts=root, metadata=metadata)
    plain = await call(slack, "conversations.replies", channel="C1", ts=root)
    full = await call(slack, "conversations.replies", channel="C1", ts=root, include_all_metadata=True)
    assert [message["text"] for message in plain["messages"]] == ["hi", "one"]
    assert "metadata" not in plain["messages"][1]
    assert full["messages"][1]["metadata"] == metadata
    assert (await call(slack, "conversations.info", channel="C1"))["channel"]["name"] == "general"


async def test_live_tokens_and_previews_are_noticed(slack: SlackStandIn) -> None:
    await call(slack, "chat.postMessage", channel="C1", text="see https://x.example", unfurl_links=False)
    assert len(slack.previews) == 1
    blocks = markdown("<!channel> &lt;!here&gt; <@U1> a < b")
    await call(slack, "chat.postMessage", channel="C1", text="<https://x.example|bank>", blocks=blocks, **CLEAN)
    await call(slack, "chat.postMessage", channel="C1", text="@here", link_names=True, **CLEAN)
    assert slack.pings == ["<https://x.example|bank>", "<!channel>", "<@U1>", "link_names=True"]
    assert len(slack.previews) == 1


async def test_an_event_that_nobody_acknowledges_comes_four_times_and_then_never(slack: SlackStandIn) -> None:
    async with aiohttp.ClientSession() as session:
        url = (await call(slack, "apps.connections.open", slack.app_token))["url"]
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            await slack.say("U1", "C1", "hi")
            envelopes = [await socket.receive_json() for _ in range(4)]
            await slack.sockets.settled()
        assert [envelope["retry_attempt"] for envelope in envelopes] == [0, 1, 2, 3]
        assert [envelope["retry_reason"] for envelope in envelopes] == ["", "timeout", "timeout", "timeout"]
        assert len({envelope["envelope_id"] for envelope in envelopes}) == 4
        assert len({envelope["payload"]["event_id"] for envelope in envelopes}) == 1
        assert not slack.deliveries[0].acked
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_an_acknowledgement_over_another_socket_does_not_count(slack: SlackStandIn) -> None:
    slack.sockets.time_scale = 0.2
    async with aiohttp.ClientSession() as session:
        urls = [(await call(slack, "apps.connections.open", slack.app_token))["url"] for _ in range(2)]
        async with session.ws_connect(urls[0]) as one, session.ws_connect(urls[1]) as other:
            await slack.sockets.until_connected(2)
            for socket in (one, other):
                assert (await socket.receive_json())["type"] == "hello"
            slack.sockets.redelivery_after_s = ()
            await slack.say("U1", "C1", "hi")
            await slack.ledger.until(lambda: bool(slack.deliveries[0].attempts))
            attempt = slack.deliveries[0].attempts[0]
            wrong = other if attempt.connection == 1 else one
            await wrong.send_json({"envelope_id": attempt.envelope_id})
            await slack.sockets.settled()
    assert not slack.deliveries[0].acked
    assert slack.sockets.stray_acks == [attempt.envelope_id]


async def test_another_process_can_play_a_person(slack: SlackStandIn) -> None:
    async with aiohttp.ClientSession() as session:
        wish = {"user": "U1", "channel": "C1", "text": "hi"}
        answer = await session.post(slack.api_url.replace("/api/", "/sandbox/say"), json=wish)
        assert (await answer.json())["ok"]
    assert [shown.text for shown in slack.ledger.shown("C1", author="person")] == ["hi"]


async def test_the_team_may_be_named_with_every_call(slack: SlackStandIn) -> None:
    team = {"team_id": slack.workspace.team_id}
    root = await slack.say("U1", "C1", "hi")
    ts = (await call(slack, "chat.postMessage", channel="C1", text="hi", thread_ts=root, **team))["ts"]
    for method, params in (
        ("auth.test", {}),
        ("chat.update", {"channel": "C1", "ts": ts, "text": "hello"}),
        ("conversations.replies", {"channel": "C1", "ts": root}),
        ("conversations.history", {"channel": "C1"}),
        ("assistant.threads.setStatus", {"channel_id": "C1", "thread_ts": root, "status": "thinks"}),
    ):
        assert (await call(slack, method, **params, **team))["ok"], method


async def test_sockets_can_be_limited_to_one_a_minute(slack: SlackStandIn) -> None:
    slack.limits.opens_per_minute = 1
    assert (await call(slack, "apps.connections.open", slack.app_token))["ok"]
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.app_token}"}
        answer = await session.post(slack.api_url + "apps.connections.open", headers=headers)
        assert (answer.status, 55 <= int(answer.headers["Retry-After"]) <= 60) == (429, True)


async def test_what_is_not_known_of_slack_can_be_set_the_other_way(slack: SlackStandIn) -> None:
    slack.assumptions.cuts_long_updates = True
    ours = (await call(slack, "chat.postMessage", channel="C1", text="hi"))["ts"]
    assert (await call(slack, "chat.update", channel="C1", ts=ours, text="x" * 5_000))["text"] == "x" * 4_000
    slack.assumptions.repeats_presses = False
    slack.sockets.redelivery_after_s = (0.0,)
    slack.sockets.deliver({"type": "block_actions"}, "interactive")
    await slack.sockets.settled()
    assert len(slack.deliveries[-1].attempts) == 1
