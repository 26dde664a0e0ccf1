"""`talkifai-bridge init` writes a file with which the bridge starts."""

import asyncio
import stat
from base64 import urlsafe_b64decode

import pytest

from sandbox.talkifai.agents import VOICE_AGENT_ID
from tests.pseudo_terminal import Terminal
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
    typed = [
        "tk_live_canary",
        talkifai[0],
        VOICE_AGENT_ID,
        talkifai[1],
        "xoxb-canary",
        slack[0],
        "xapp-canary",
        slack[1],
        "",
    ]
    ran = await run_command(own_scene, "init", typed="\n".join(typed) + "\n", **_NONE)

    env_file = own_scene.folder / ".env"
    assert ran.code == 0, ran.errors
    assert "fail    TalkifAI: TALKIFAI_API_KEY" in ran.out
    assert '"Phone Agent" is a voice agent' in ran.out
    assert "fail    Slack: SLACK_BOT_TOKEN" in ran.out
    assert "SLACK_APP_TOKEN" in ran.out
    assert ran.out.count("pass    TalkifAI: the key is accepted") == 1
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


async def test_at_a_terminal_each_answer_is_tried_before_the_next_question_and_no_token_shows(own_scene: Scene) -> None:
    """A3: tokens do not show while they are typed."""
    given = own_scene.settings
    addresses = {name: given[name] for name in ("TALKIFAI_BASE_URL", "SLACK_API_URL", "TELEGRAM_API_URL")}
    terminal = Terminal("-m", "bridge", "init", folder=own_scene.folder, shows_errors=True, **addresses)
    try:
        await asyncio.to_thread(_answer_at, terminal, given)
        assert terminal.wait() == 0
    finally:
        terminal.close()
    seen = "".join(terminal.glass.seen)
    assert not any(given[name] in seen for name in given if name.endswith(("TOKEN", "KEY")))
    assert "canary" not in seen
    assert given["SLACK_APP_TOKEN"] in (own_scene.folder / ".env").read_text()


def _answer_at(terminal: Terminal, given: dict[str, str]) -> None:
    """Type each answer at its prompt, a wrong one first, and see what is said of it."""
    for name, wrong in (
        ("TALKIFAI_API_KEY", "tk_live_canary"),
        ("TALKIFAI_AGENT_ID", VOICE_AGENT_ID),
        ("SLACK_BOT_TOKEN", "xoxb-canary"),
        ("SLACK_APP_TOKEN", "xapp-canary"),
        ("TELEGRAM_BOT_TOKEN", "999:canary"),
    ):
        for number, answer in enumerate((wrong, given[name]), 1):
            terminal.until(lambda name=name, number=number: _prompts(terminal, name) == number)  # type: ignore[misc]
            terminal.until(lambda: not terminal.echoes())
            terminal.type(f"{answer}\n")
    terminal.until(lambda: ".env is written, readable by you alone" in terminal.glass.text)


def _prompts(terminal: Terminal, name: str) -> int:
    return sum(line.startswith(f"{name}: ") or line.rstrip() == f"{name}:" for line in terminal.glass.lines)
