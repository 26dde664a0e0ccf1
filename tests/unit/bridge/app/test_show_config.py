import json
import os
from pathlib import Path

import pytest

from bridge.app.cli import main

AGENT = "8d8ac610-566d-4ef0-9c22-186b2a5ed793"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set one setting of each kind, from each place."""
    for name in list(os.environ):
        if name.startswith(("TALKIFAI_", "SLACK_", "TELEGRAM_", "BRIDGE_", "REDIS_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TALKIFAI_API_KEY", "tk_live_canary")
    monkeypatch.setenv("TALKIFAI_AGENT_ID", AGENT)
    monkeypatch.setenv("REDIS_URL", "rediss://canary-user:canary-password@redis.example:6380/1")
    monkeypatch.setenv("TELEGRAM_BOT_TOKENS", "1:canary,2:canary")
    (tmp_path / ".env").write_text("BRIDGE_SHOW_TOOLS=yes\nBRIDGE_CONFIG=bridge.toml\nSLACK_EMAIL=off\n")
    (tmp_path / "bridge.toml").write_text(
        f"[agents]\nsupport = '{AGENT}'\n[slack]\nprompts = ['[red]One', 'Two']\n"
        "[[routes]]\nchannel = 'slack'\nplace = 'C1'\nagent = 'support'\nidle_timeout = 300\n"
        "access = { denied_users = ['U1'] }\n"
        "[texts]\nanswers = { one = 'A reply', other = '{count} replies' }\n[texts.de]\nbusy = 'Zu voll.'\n"
    )


def test_each_setting_is_shown_with_its_value_and_its_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["config"]) == 0
    printed = capsys.readouterr()
    rows = [" ".join(line.split()) for line in printed.out.splitlines()]
    file = tmp_path / "bridge.toml"
    for row in (
        "TALKIFAI_API_KEY environment (hidden)",
        f"TALKIFAI_AGENT_ID environment {AGENT}",
        "TELEGRAM_BOT_TOKENS environment (hidden), (hidden)",
        "REDIS_URL environment rediss://…@redis.example:6380/1",
        "BRIDGE_SHOW_TOOLS .env:1 on",
        "SLACK_PROMPTS bridge.toml:4 [red]One, Two",
        "BRIDGE_IDLE_TIMEOUT default 600",
        f"BRIDGE_CONFIG .env:2 {file}",
        "channel=slack, place=C1 agent=support, idle_timeout=300, access.denied_users=U1",
        "texts.answers bridge.toml:12 one=A reply; other={count} replies",
        "texts.de.busy bridge.toml:14 Zu voll.",
        ".env:3: SLACK_EMAIL: is no setting of the bridge and is ignored. Did you mean SLACK_EMAILS?",
    ):
        assert row in rows
    assert "canary" not in printed.out + printed.err


def test_the_same_can_be_read_by_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--json"]) == 0
    printed = capsys.readouterr().out
    shown = json.loads(printed)
    lines = {line["name"]: line for line in shown["settings"]}
    assert lines["SLACK_PROMPTS"] == {"name": "SLACK_PROMPTS", "value": "[red]One, Two", "place": "bridge.toml:4"}
    assert [route["where"] for route in shown["routes"]] == ["channel=slack, place=C1"]
    assert shown["texts"] == [
        {
            "name": "texts.answers",
            "words": {"one": "A reply", "other": "{count} replies"},
            "place": "bridge.toml:12",
        },
        {"name": "texts.de.busy", "words": "Zu voll.", "place": "bridge.toml:14"},
    ]
    assert len(shown["warnings"]) == 1
    assert "canary" not in printed


def test_only_what_is_set_is_shown_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set"]) == 0
    printed = capsys.readouterr().out
    assert "TALKIFAI_API_KEY" in printed
    assert "default" not in printed


def test_wrong_settings_are_said_instead(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BRIDGE_MAX_PAGES", "0")
    assert main(["config"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("BRIDGE_MAX_PAGES: is out of range. ")


def test_a_worker_without_a_channel_can_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TELEGRAM_BOT_TOKENS")
    assert main(["config"]) == 0
    assert "TELEGRAM_BOT_TOKENS" in capsys.readouterr().out
