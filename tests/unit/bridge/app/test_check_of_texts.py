"""`check` where the operator's own texts are wrong."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.app import commands


def test_wrong_texts_are_a_finding_like_other_wrong_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that reads the JSON gets JSON."""
    path = tmp_path / "bridge.toml"
    path.write_text("[texts]\nbusy = '{x}'", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "start_logging", lambda settings: settings)  # the log is that of all tests
    given = {"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": "8d8ac610-566d-4ef0-9c22-186b2a5ed793"}
    for name, value in {**given, "TELEGRAM_BOT_TOKEN": f"100:{'a' * 35}", "BRIDGE_CONFIG": str(path)}.items():
        monkeypatch.setenv(name, value)
    assert commands.run(SimpleNamespace(command="check", json=True, offline=True)) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["verdict"] == "fail"
    assert finding["said"].startswith(f"{path}:2: texts.busy: has the placeholder {{x}}")
