"""`talkifai-bridge init` writes a file with which the bridge starts."""

import stat
from base64 import urlsafe_b64decode

import pytest

from tests.scenario.command_line import run_command
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_NONE = dict.fromkeys(
    ("TALKIFAI_API_KEY", "TALKIFAI_AGENT_ID", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "TELEGRAM_BOT_TOKEN"), ""
)


async def test_each_answer_is_tried_and_what_works_is_written_for_its_owner_alone(own_scene: Scene) -> None:
    """A3: no secret is printed."""
    given = own_scene.settings
    talkifai = [given["TALKIFAI_API_KEY"], given["TALKIFAI_AGENT_ID"]]
    slack = [given["SLACK_BOT_TOKEN"], given["SLACK_APP_TOKEN"]]
    typed = ["tk_live_canary", talkifai[1], *talkifai, "xoxb-canary", slack[1], *slack, ""]
    ran = await run_command(own_scene, "init", typed="\n".join(typed) + "\n", **_NONE)

    env_file = own_scene.folder / ".env"
    assert ran.code == 0, ran.errors
    assert "fail    TalkifAI: TALKIFAI_API_KEY" in ran.out
    assert "fail    Slack: SLACK_BOT_TOKEN" in ran.out
    assert "https://api.slack.com/apps?new_app=1&manifest_yaml=" in ran.out
    assert "canary" not in ran.out + ran.errors
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    *written, key = env_file.read_text().splitlines()
    assert written == [
        *(f"{name}={given[name]}" for name in ("TALKIFAI_API_KEY", "TALKIFAI_AGENT_ID")),
        *(f"{name}={given[name]}" for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")),
    ]
    name, _, made = key.partition("=")
    assert (name, len(urlsafe_b64decode(made))) == ("BRIDGE_SECRET_KEY", 32)
    assert made not in ran.out + ran.errors
    assert (await run_command(own_scene, "init", **_NONE)).code == 1
    assert (await run_command(own_scene, "check", "--offline", **_NONE)).code == 0
