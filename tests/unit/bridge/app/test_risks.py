"""What the start warns of."""

from pathlib import Path

import pytest

from bridge.app.risks import risks
from config.reading.loading import load_settings

_SET = {
    "TALKIFAI_API_KEY": "tk_live_canary",
    "TALKIFAI_AGENT_ID": "8c1f5f8e-5c4d-4a51-9a3e-2f4f3b1c7d10",
    "TELEGRAM_BOT_TOKEN": "1:canary",
    "BRIDGE_SECRET_KEY": "A" * 43 + "=",
    "REDIS_URL": "redis://localhost:6379/0",
}


def said(folder: Path, **more: str) -> list[str]:
    settings = load_settings(env_file=None, overrides={**_SET, **more})
    return list(risks(settings, folder / ".env"))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"REDIS_URL": "redis://:canary@127.0.0.1:6379/0"},
        {"REDIS_URL": "redis://[::1]:6379/0", "TALKIFAI_BASE_URL": "http://127.0.0.2:80"},
        {"REDIS_URL": "rediss://redis.example:6379/0"},
        {"REDIS_URL": "unix:///tmp/redis.sock"},
    ],
)
def test_what_stays_on_this_machine_or_is_encrypted_is_no_risk(tmp_path: Path, more: dict[str, str]) -> None:
    assert said(tmp_path, **more) == []


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("TALKIFAI_BASE_URL", "http://talkifai.example"),
        ("SLACK_API_URL", "http://10.0.0.5/api"),
        ("TELEGRAM_API_URL", "http://telegram"),
        ("REDIS_URL", "redis://:canary@redis.example:6379/0"),
    ],
)
def test_an_address_elsewhere_without_encryption_is_named(tmp_path: Path, name: str, address: str) -> None:
    (line,) = said(tmp_path, **{name: address})
    assert line.startswith(f"{name} leads to another machine without encryption")
    assert "canary" not in line


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    (line,) = said(tmp_path, BRIDGE_SECRET_KEY="")
    assert line.startswith("BRIDGE_SECRET_KEY is not set")


def test_a_file_of_secrets_that_others_can_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("")
    file.chmod(0o644)
    (line,) = said(tmp_path)
    assert line == f"{file} can be read by other users of this machine. Run chmod 600 {file}"
    file.chmod(0o600)
    assert said(tmp_path) == []


def test_a_configuration_file_that_others_can_read_is_named(tmp_path: Path) -> None:
    """A4: it may hold tokens, as `.env` does."""
    file = tmp_path / "bridge.toml"
    file.write_text("[telegram]\nbot_token = '1:canary'\n")
    file.chmod(0o644)
    assert said(tmp_path, BRIDGE_CONFIG=str(file)) == [
        f"{file} can be read by other users of this machine. Run chmod 600 {file}"
    ]
    file.chmod(0o600)
    assert said(tmp_path, BRIDGE_CONFIG=str(file)) == []
