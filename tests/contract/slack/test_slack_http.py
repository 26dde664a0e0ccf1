"""HTTP mode: the real slack-bolt behind the real web server, called by the stand-in."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.slack.channel import SlackChannel
from adapters.slack.inbound.http_mode import EVENTS_PATH, Web
from adapters.slack.limits import USUAL, SlackLimits
from adapters.web.server import WebServer
from config.slack import SlackSettings
from sandbox.slack import SlackStandIn
from sandbox.slack.event_requests import body_of, signed
from tests.contract.slack.inbox_fixture import Inbox

SECRET = "canary-signing-secret"
HELLO = {"type": "event_callback", "team_id": "T0SANDBOX", "event_id": "Ev1", "event": {"type": "message"}}


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(signing_secret=SECRET) as standin:
        standin.sockets.redelivery_after_s = (0.0, 0.2, 0.5)
        standin.person("Ada", "U0ADA", "ada@example.com")
        standin.add_channel("C1", "general")
        standin.add_channel("D1")
        yield standin


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@asynccontextmanager
async def serving(slack: SlackStandIn, inbox: Inbox, limits: SlackLimits = USUAL) -> AsyncIterator[str]:
    """Receive until the block ends; gives the address at which events are taken."""
    async with WebServer(port=0, host="127.0.0.1", channels=["slack"]) as server, asyncio.TaskGroup() as tasks:
        channel = SlackChannel(
            options=SlackSettings(),
            bot_token=slack.bot_token,
            api_url=slack.api_url,
            web=Web(server, SECRET),
            limits=limits,
        )
        await channel.open()
        connected = asyncio.Queue[str]()
        receiving = tasks.create_task(channel.receive(inbox.accept, connected.put_nowait))
        assert await asyncio.wait_for(connected.get(), 10) == "Slack: connected to Sandbox by HTTP at /slack/events"
        slack.deliver_to(f"http://127.0.0.1:{server.port}{EVENTS_PATH}")
        yield f"http://127.0.0.1:{server.port}{EVENTS_PATH}"
        receiving.cancel()
        await asyncio.wait([receiving])
        await channel.aclose()


async def post(url: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(url, content=body, headers={"Content-Type": "application/json", **headers})


async def test_what_is_posted_is_acknowledged_after_it_was_kept(slack: SlackStandIn, inbox: Inbox) -> None:
    """D3: what could not be kept is answered with an error, and the retry is as good as the first delivery."""
    inbox.failures = 2
    async with serving(slack, inbox):
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]
    assert [attempt.status for attempt in slack.deliveries[0].attempts] == [503, 503, 200]
    assert "apps.connections.open" not in {call.method for call in slack.calls}


async def test_no_answer_says_that_nothing_is_to_be_delivered_again(slack: SlackStandIn, inbox: Inbox) -> None:
    inbox.failures = 1
    async with serving(slack, inbox) as url:
        payload = HELLO | {"event": {"type": "message", "user": "U0ADA", "channel": "D1", "ts": "1.1", "text": "hi"}}
        body, _ = body_of(payload, "events_api")
        refused = await post(url, body, signed(SECRET, body))
    assert refused.status_code == 503
    assert "x-slack-no-retry" not in refused.headers


async def test_an_event_whose_keeping_takes_too_long_is_delivered_again(slack: SlackStandIn, inbox: Inbox) -> None:
    async with serving(slack, inbox, SlackLimits(answer_within_s=0.2)):
        inbox.gate.clear()
        await slack.say("U0ADA", "D1", "hello")
        await asyncio.wait_for(inbox.arrived.wait(), 5)
        await asyncio.sleep(0.3)
        inbox.gate.set()
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]
    assert slack.deliveries[0].attempts[0].status == 503
    assert slack.deliveries[0].acked


async def test_a_redelivery_is_recognised(slack: SlackStandIn, inbox: Inbox) -> None:
    """D1: the same event again, over HTTP."""
    async with serving(slack, inbox):
        await slack.say("U0ADA", "C1", f"{slack.mention} hello")
        for delivery in list(slack.deliveries):
            slack.redeliver(delivery)
        await slack.sockets.settled()
    assert len(inbox.offered) == 4
    assert inbox.texts == ["hello"]


async def test_slack_is_told_the_challenge_with_which_it_tries_the_address(slack: SlackStandIn, inbox: Inbox) -> None:
    async with serving(slack, inbox) as url:
        body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}).encode()
        answered = await post(url, body, signed(SECRET, body))
        unsigned = await post(url, body, {})
    assert (answered.status_code, answered.json()) == (200, {"challenge": "3eZbrw1aB"})
    assert (unsigned.status_code, unsigned.text) == (401, "")


_BODY = json.dumps(HELLO).encode()
_NOW = signed(SECRET, _BODY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed("another secret", _BODY),
        signed(SECRET, _BODY + b" "),
        signed(SECRET, _BODY, time.time() - 301),
        signed(SECRET, _BODY, time.time() + 4000),
        {**_NOW, "X-Slack-Request-Timestamp": "soon"},
        {**_NOW, "X-Slack-Request-Timestamp": ""},
        {**_NOW, "X-Slack-Request-Timestamp": "9" * 5_000},
        {**_NOW, "X-Slack-Signature": "v0=é"},
        {**_NOW, "X-Slack-Signature": ""},
        {"X-Slack-Signature": _NOW["X-Slack-Signature"]},
        {"X-Slack-Request-Timestamp": _NOW["X-Slack-Request-Timestamp"]},
    ],
    ids=range(12),
)
@pytest.mark.parametrize("body", [_BODY, b"{", b"\xff", b"payload=%7B"], ids=["event", "cut", "no-utf8", "form"])
async def test_what_is_not_signed_is_refused_and_not_read(
    slack: SlackStandIn, inbox: Inbox, headers: dict[str, str], body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A1: 401, never 500; and nothing of it in the log."""
    async with serving(slack, inbox) as url:
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with httpx.AsyncClient() as client:
            refused = await client.post(url, content=body, headers=sent)
    assert (refused.status_code, refused.text) == (401, "")
    assert inbox.offered == []
    assert "event_callback" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"[]", b"7", b"\xff", b"{}", b'{"type": 7}', b'{"type": "event_callback", "event": 7}'),
        b'{"authorizations": 7}',
        b"[" * 100_000,
        b"payload=%7B",
        b'{"type": "event_callback", "authorizations": ["x"]}',
    ],
    ids=repr,
)
async def test_what_cannot_be_read_is_answered_and_stops_nobody(slack: SlackStandIn, inbox: Inbox, body: bytes) -> None:
    """D13: signed, and of no use: 200 or 401, as it would be the same at each redelivery."""
    async with serving(slack, inbox) as url:
        answered = await post(url, body, signed(SECRET, body))
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert answered.status_code in {200, 401}
    assert inbox.texts == ["hello"]


async def test_before_and_after_receiving_slack_has_to_come_again(slack: SlackStandIn, inbox: Inbox) -> None:
    async with WebServer(port=0, host="127.0.0.1", channels=["slack"]) as server:
        assert (await post(f"http://127.0.0.1:{server.port}{EVENTS_PATH}", b"{}", {})).status_code == 503
    async with serving(slack, inbox) as url, httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == 405
