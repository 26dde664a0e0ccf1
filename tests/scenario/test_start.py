"""A start with the wrong settings ends at once and says what to change."""

import base64
import time

import pytest

from sandbox.bridge_process import NotReady
from sandbox.talkifai.agents import SANDBOX_API_KEY
from tests.scenario.messengers import SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_KNOWN_WITHIN_S = 15.0


async def _refusal(scene: Scene, **settings: str) -> list[str]:
    """Start with these settings; return the lines on standard error. The exit code is 1, and it comes soon."""
    key = base64.urlsafe_b64encode(bytes(32)).decode()  # without one the start warns, whatever else is wrong
    given = {"BRIDGE_SECRET_KEY": key, **scene.settings, **settings}
    bridge = scene.bridge({name: value for name, value in given.items() if value})
    began = time.monotonic()
    with pytest.raises(NotReady):
        await bridge.start()
    assert time.monotonic() - began < _KNOWN_WITHIN_S
    assert await bridge.process.wait() == 1
    return [line for line in bridge.log if "[info" not in line]


async def test_without_a_channel_it_says_what_to_set(own_scene: Scene) -> None:
    lines = await _refusal(own_scene, SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="", TELEGRAM_BOT_TOKEN="")

    assert len(lines) == 1
    assert "SLACK_BOT_TOKEN and SLACK_APP_TOKEN" in lines[0]
    assert "TELEGRAM_BOT_TOKEN" in lines[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TALKIFAI_API_KEY", ""),
        ("TALKIFAI_AGENT_ID", "not-a-uuid"),
        ("SLACK_APP_TOKEN", ""),
        ("BRIDGE_IDLE_TIMEOUT", "1800"),
        ("REDIS_URL", "postgres://somewhere"),
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
    ],
)
async def test_a_bad_setting_is_named_in_one_line(own_scene: Scene, name: str, value: str) -> None:
    lines = await _refusal(own_scene, **{name: value})

    assert [line.partition(":")[0] for line in lines] == [name]
    assert own_scene.stage.slack.calls == []
    assert own_scene.stage.telegram.calls == []


_WRONG_TOKENS = [
    ("SLACK_BOT_TOKEN", "xoxb-wrong-token"),
    ("SLACK_APP_TOKEN", "xapp-wrong-token"),
    ("TELEGRAM_BOT_TOKEN", "999:wrong-token"),
]
_NO_SLACK = {"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": ""}


@pytest.mark.parametrize(("name", "value"), _WRONG_TOKENS)
async def test_where_every_channel_is_refused_the_start_ends_and_names_the_setting(
    own_scene: Scene, name: str, value: str
) -> None:
    other = {"TELEGRAM_BOT_TOKEN": ""} if name.startswith("SLACK") else _NO_SLACK
    lines = await _refusal(own_scene, **other, **{name: value})

    assert any(name in line for line in lines)
    assert value not in "".join(lines)


@pytest.mark.parametrize(("name", "value"), _WRONG_TOKENS)
async def test_a_token_that_is_refused_at_the_start_leaves_the_other_channel_and_all_ends_at_work(
    own_scene: Scene, name: str, value: str
) -> None:
    """R20: the sessions of the refused channel are ended by a worker that cannot serve it."""
    slack, telegram = SlackMessenger(own_scene), TelegramMessenger(own_scene)
    refused, works = (slack, telegram) if name.startswith("SLACK") else (telegram, slack)
    before = await own_scene.start_bridge(BRIDGE_IDLE_TIMEOUT="6")
    talk = await refused.ask_directly("before")
    await refused.until_said(talk, "You asked: before")
    await before.stop(within_s=15.0)
    await own_scene.start_bridge(BRIDGE_IDLE_TIMEOUT="6", **{name: value})
    other = await works.ask_directly("after")
    await works.until_said(other, "You asked: after")
    await refused.until_ended(talk)

    assert f"an operator has to act: {name}" in own_scene.log
    assert value not in own_scene.log


async def test_a_password_in_an_address_does_not_show(own_scene: Scene) -> None:
    """A3: no secret in errors."""
    lines = await _refusal(own_scene, TALKIFAI_BASE_URL="http://user:canary-pass@127.0.0.1:9")

    assert "canary-pass" not in "".join(lines)
    assert SANDBOX_API_KEY not in "".join(lines)


async def test_slack_alone_leaves_telegram_alone(own_scene: Scene) -> None:
    slack = SlackMessenger(own_scene)
    await own_scene.start_bridge(TELEGRAM_BOT_TOKEN="")
    talk = await slack.ask_directly("only here")
    await slack.until_said(talk, "You asked: only here")

    assert own_scene.stage.telegram.calls == []


async def test_telegram_alone_leaves_slack_alone(own_scene: Scene) -> None:
    telegram = TelegramMessenger(own_scene)
    await own_scene.start_bridge(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")
    talk = await telegram.ask_directly("only here")
    await telegram.until_said(talk, "You asked: only here")

    assert own_scene.stage.slack.calls == []


async def test_it_is_ready_at_once_where_slack_gives_one_socket_a_minute(own_scene: Scene) -> None:
    """R19: the documented limit of `apps.connections.open`, enforced."""
    own_scene.stage.slack.limits.opens_per_minute = 1
    slack = SlackMessenger(own_scene)
    began = time.monotonic()
    await own_scene.start_bridge(TELEGRAM_BOT_TOKEN="")
    assert time.monotonic() - began < 10.0
    talk = await slack.ask_directly("only here")
    await slack.until_said(talk, "You asked: only here")
