"""Slack without sockets: the bridge as a process with a web server, called by the stand-in."""

import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from adapters.slack.inbound.http_mode import EVENTS_PATH, LARGEST_BODY
from bridge.domain.notices import Notice
from sandbox.bridge_process import NotReady
from sandbox.faults import Fault, Gate
from sandbox.slack.event_requests import signed
from sandbox.talkifai.script import Answer
from tests.english import english
from tests.ports import free_port
from tests.scenario.messengers import SlackMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(150)]


def http_settings(scene: Scene, port: str) -> dict[str, str]:
    return {"PORT": port, "SLACK_SIGNING_SECRET": scene.stage.slack.signing_secret, "SLACK_APP_TOKEN": ""}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    async with Scene() as opened:
        port = free_port()
        opened.stage.slack.deliver_to(f"http://127.0.0.1:{port}{EVENTS_PATH}")
        await opened.start_bridge("web", **http_settings(opened, port))
        yield opened


async def test_a_mention_and_what_follows_it_are_answered(slack: SlackMessenger) -> None:
    """D2: both events of a mention come as requests of their own."""
    slack.scene.answers |= {"what is new?": Answer.of("Nothing."), "really?": Answer.of("Really.")}
    talk = await slack.ask_in_group("what is new?")
    await slack.until_texts(talk, "Nothing.")
    await slack.follow_up(talk, "really?")
    await slack.until_texts(talk, "Nothing.", "Really.")
    assert [record.posted for record in slack.records(talk)] == [["what is new?", "really?"]]


async def test_a_direct_message_is_answered_though_it_is_delivered_again(slack: SlackMessenger) -> None:
    """D1: over HTTP, with the number of the retry in its headers."""
    slack.scene.answers["hello"] = Answer.of("Good day.")
    talk = await slack.ask_directly("hello")
    await slack.until_texts(talk, "Good day.")
    for delivery in list(slack.slack.deliveries):
        slack.slack.redeliver(delivery)
    await slack.slack.sockets.settled()
    await slack.follow_up(talk, "and then?")
    await slack.until_said(talk, "and then?")
    assert [record.posted for record in slack.records(talk)] == [["hello", "and then?"]]


async def test_a_command_is_answered_and_a_press_in_the_home_tab_ends_a_conversation(slack: SlackMessenger) -> None:
    talk = await slack.ask_directly("hello there")
    await slack.until_said(talk, "hello there")
    listed = slack.slack.slash(talk.person, talk.place, "status")
    await listed.settled.wait()
    assert listed.response["text"] == f"{english(Notice.YOUR_CONVERSATIONS)}:\n• direct message"

    published = Gate()
    slack.faults.arm(Fault("views.publish", hold_answer=published))
    slack.slack.open_app(talk.person, talk.place, "home")
    await published.reached()
    published.open()
    blocks = slack.slack.api.homes[talk.person]["blocks"]
    (thread,) = [block["accessory"]["value"] for block in blocks if "accessory" in block]
    pressed = slack.slack.click(talk.person, "talkifai_end", thread)
    await pressed.settled.wait()
    assert pressed.acked
    await slack.until_ended(talk)


async def test_a_signed_event_of_the_longest_message_is_answered_with_a_notice(slack: SlackMessenger) -> None:
    """A17: it is larger than what most requests may be, and is not lost without a word."""
    talk = await slack.ask_in_group("an example")
    await slack.until_said(talk, "You asked: an example")
    (example,) = [
        one.payload for one in slack.slack.deliveries if one.payload.get("event", {}).get("type") == "app_mention"
    ][-1:]
    words = "\U0001f980" * 39_000
    text = f"{slack.slack.mention} {words}"
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": words}]}
    ts = f"{time.time():.6f}"
    root = example["event"]["ts"]
    event = example["event"] | {"ts": ts, "event_ts": ts, "thread_ts": root, "text": text, "blocks": [section]}
    body = json.dumps(example | {"event_id": "EvLongest", "event": event | {"client_msg_id": ts}}).encode()
    assert 900_000 < len(body) < LARGEST_BODY
    assert slack.slack.sockets.request_url is not None
    url, secret, larger = slack.slack.sockets.request_url.url, slack.slack.signing_secret, body + b" " * LARGEST_BODY
    async with httpx.AsyncClient(headers={"Content-Type": "application/json"}) as client:
        assert (await client.post(url, content=body, headers=signed(secret, body))).status_code == 200
        assert (await client.post(url, content=larger, headers=signed(secret, larger))).status_code == 413
    told = english(Notice.TOO_LONG)
    await slack.book.until(lambda: any(told in one.text for one in slack.ledger.shown(talk.place)))
    assert "body too large: 1" in slack.scene.log


async def test_over_http_a_bridge_without_a_web_server_does_not_start(own_scene: Scene) -> None:
    """A2: it names the setting."""
    with pytest.raises(NotReady, match="SLACK_SIGNING_SECRET: needs the web server"):
        await own_scene.start_bridge(**http_settings(own_scene, "8080"))


async def test_sockets_and_http_at_once_are_refused_by_name(own_scene: Scene) -> None:
    with pytest.raises(NotReady, match="SLACK_SIGNING_SECRET: is set together with SLACK_APP_TOKEN"):
        await own_scene.start_bridge("web", SLACK_SIGNING_SECRET="a-secret")
