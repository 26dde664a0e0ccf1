"""No secret in any line of the log."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from adapters.slack.inbound.http_mode import EVENTS_PATH
from bridge.domain.notices import Notice
from sandbox.faults import Fault
from sandbox.slack.server import SlackStandIn
from sandbox.talkifai.script import Answer, Say
from sandbox.telegram.server import TelegramStandIn
from tests.english import english
from tests.ports import free_port
from tests.scenario.messengers import Messenger, SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-canaryslackbot-0123456789",
    "SLACK_APP_TOKEN": "xapp-canaryslackapp-0123456789",
    "TELEGRAM_BOT_TOKEN": "100:AAcanarytelegram_0123456789",
    "TALKIFAI_API_KEY": "tk_live_canarytalkifai0123456789",
}
_CORES = ("canaryslackbot", "canaryslackapp", "canarytelegram", "canarytalkifai", "eyJ")
"""What would be left of a token that is cut up; every session's JWT begins with the last."""
_SAID = ("goes wrong", "Sentence", "Ada ", "Bob ", "@example.com", "is the key right")
"""What people and the agent write, and what people are called."""


@pytest_asyncio.fixture
async def secret_scene() -> AsyncIterator[Scene]:
    """A stage whose tokens can be told from everything else."""
    scene = Scene()
    scene.stage.slack = SlackStandIn(bot_token=_SECRETS["SLACK_BOT_TOKEN"], app_token=_SECRETS["SLACK_APP_TOKEN"])
    scene.stage.telegram = TelegramStandIn((_SECRETS["TELEGRAM_BOT_TOKEN"],))
    scene.stage.talkifai.gate.api_keys = {_SECRETS["TALKIFAI_API_KEY"]}
    async with scene as opened:
        yield opened


async def _go_wrong(scene: Scene, messenger: Messenger) -> None:
    """Let every call fail in some way; people are answered all the same."""
    text = " ".join(f"Sentence {number} of the answer." for number in range(1, 25))
    question = f"all goes wrong, {messenger.name}"
    scene.answers[question] = Answer.of(Say(text, chunk=12, pause_s=0.04))
    for fault in (Fault("open", status=429, retry_after_s=1), Fault("ask", {"message": question}, cut_at_byte=400)):
        scene.stage.talkifai.faults.arm(fault)
    scene.stage.talkifai.faults.arm(Fault("history", status=500))
    scene.stage.talkifai.faults.arm(Fault("end", status=500))
    messenger.faults.arm(Fault(messenger.edit_call, status=500))
    messenger.faults.arm(Fault(messenger.edit_call, refuse=True, after=1))
    messenger.faults.arm(Fault(messenger.post_call, status=429, retry_after_s=1))
    talk = await messenger.ask_directly(question)
    await messenger.until_texts(talk, text, within_s=45.0)
    await messenger.follow_up(talk, "end" if messenger.name == "slack" else "/end")
    await messenger.until_ended(talk)


async def test_no_secret_is_in_the_log_at_debug(secret_scene: Scene) -> None:
    """A3, A26: a whole scenario at DEBUG, with everything going wrong, searched for canaries, texts and names."""
    scene = secret_scene
    bridge = await scene.start_bridge(**_SECRETS, BRIDGE_LOG_LEVEL="debug")
    slack, telegram = SlackMessenger(scene), TelegramMessenger(scene)
    await asyncio.gather(_go_wrong(scene, slack), _go_wrong(scene, telegram))
    scene.stage.telegram.faults.arm(Fault("getUpdates", status=500))
    scene.stage.telegram.faults.arm(Fault("getUpdates", refuse=True))
    scene.stage.slack.sockets.drop()
    await scene.stage.slack.sockets.until_connected(1, 30.0)
    scene.stage.talkifai.gate.api_keys = {"another"}
    for messenger in (slack, telegram):
        talk = await messenger.ask_in_group("is the key right?")
        await messenger.until_said(talk, english(Notice.UNAVAILABLE))
    scene.stage.telegram.world.bots.clear()
    scene.stage.slack.bot_token = scene.stage.slack.app_token = "another"
    scene.stage.slack.sockets.drop()
    # All tokens are refused now: the worker ends by itself and says why.
    async with asyncio.timeout(60.0):
        await bridge.process.wait()
    log = scene.log

    assert "[debug" in log
    assert "TELEGRAM_BOT_TOKEN" in log
    assert "SLACK_APP_TOKEN" in log
    assert [secret for secret in (*_SECRETS.values(), *_CORES, *_SAID) if secret in log] == []


async def test_no_secret_and_no_word_is_in_the_log_at_debug_over_http(secret_scene: Scene) -> None:
    """A26: webhook mode, whose secret was once read in the log and used to forge an update."""
    scene, port = secret_scene, free_port()
    scene.stage.slack.deliver_to(f"http://127.0.0.1:{port}{EVENTS_PATH}")
    over_http = {
        "PORT": port,
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": scene.stage.slack.signing_secret,
        "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}",
    }
    await scene.start_bridge("web", **{**_SECRETS, **over_http}, BRIDGE_LOG_LEVEL="debug")
    slack, telegram = SlackMessenger(scene), TelegramMessenger(scene)
    await asyncio.gather(_go_wrong(scene, slack), _go_wrong(scene, telegram))
    webhook_secret = scene.stage.telegram.queues[100].secret
    async with httpx.AsyncClient() as client:
        refused = await client.post(f"http://127.0.0.1:{port}/telegram/100", json={"update_id": 1})
        assert refused.status_code == 401
    log = scene.log

    assert "[debug" in log
    assert len(webhook_secret) == 64
    secrets = (*_SECRETS.values(), *_CORES, *_SAID, webhook_secret, scene.stage.slack.signing_secret)
    assert [secret for secret in secrets if secret in log] == []
