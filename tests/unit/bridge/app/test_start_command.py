import os
from pathlib import Path

import pytest

from bridge.app.cli import main


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("TALKIFAI_", "SLACK_", "TELEGRAM_", "BRIDGE_", "REDIS_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("arguments", [["run"], ["web"], ["run", "--end-sessions"]])
def test_a_worker_without_settings_says_all_that_is_missing(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    missing = [line.partition(":")[0] for line in capfd.readouterr().err.splitlines()]
    assert missing == ["TALKIFAI_API_KEY", "TALKIFAI_AGENT_ID", "SLACK_BOT_TOKEN, TELEGRAM_BOT_TOKEN"]


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_worker_has_help_and_refuses_an_unknown_option(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "--end-sessions" in capfd.readouterr().out
    assert main([command, "--end-session"]) == 2
    assert "--end-session" in capfd.readouterr().err
