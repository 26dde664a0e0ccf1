from collections.abc import Callable
from pathlib import Path

import pytest

from config.reading.loading import load_settings
from config.settings import Settings, reveal

Read = Callable[..., Settings]
Refused = Callable[..., tuple[str, ...]]

AGENT = "8d8ac610-566d-4ef0-9c22-186b2a5ed793"


def test_both_slack_tokens_turn_slack_on() -> None:
    given = {
        "TALKIFAI_API_KEY": "k",
        "TALKIFAI_AGENT_ID": AGENT,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
    }
    read = load_settings(overrides=given)
    assert read.slack.enabled
    assert not read.telegram.enabled


@pytest.mark.parametrize(
    ("given", "missing"), [("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"), ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN")]
)
def test_one_slack_token_alone_names_the_missing_one(refused: Refused, given: str, missing: str) -> None:
    token = "xoxb-canary" if given == "SLACK_BOT_TOKEN" else "xapp-canary"
    (line,) = refused(**{given: token})
    assert line.startswith(f"{missing}: is not set. ")


def test_events_come_over_sockets_or_over_http(settings: Read, refused: Refused) -> None:
    assert settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="canary").slack.enabled
    (neither,) = refused(SLACK_BOT_TOKEN="xoxb-1")
    assert neither.startswith("SLACK_APP_TOKEN: is not set. ")
    assert "SLACK_SIGNING_SECRET" in neither
    (both,) = refused(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", SLACK_SIGNING_SECRET="canary")
    assert both.startswith("SLACK_SIGNING_SECRET: is set together with SLACK_APP_TOKEN. ")


def test_a_signing_secret_alone_asks_for_the_bot_token(refused: Refused) -> None:
    """A2: nothing starts half-configured."""
    (line,) = refused(SLACK_SIGNING_SECRET="canary")
    assert line.startswith("SLACK_BOT_TOKEN: is not set. ")


KEYS = ("A" * 43 + "=", "B" * 42 + "A=")

MANY = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "canary-client", "BRIDGE_SECRET_KEY": ", ".join(KEYS)}


def test_many_workspaces_need_three_settings_and_no_bot_token(settings: Read, refused: Refused) -> None:
    read = settings(SLACK_SIGNING_SECRET="canary", **MANY)
    assert read.slack.enabled
    assert tuple(map(reveal, read.bridge.secret_key)) == KEYS
    assert set(KEYS) < set(read.secret_values)
    for missing in MANY:
        (line,) = refused(SLACK_SIGNING_SECRET="canary", **{n: v for n, v in MANY.items() if n != missing})
        assert line.startswith(f"{missing}: is not set. ")
    (both,) = refused(SLACK_SIGNING_SECRET="canary", SLACK_BOT_TOKEN="xoxb-1", **MANY)
    assert both.startswith("SLACK_BOT_TOKEN: is set together with SLACK_CLIENT_ID. ")


@pytest.mark.parametrize("keys", ["canary", "A" * 44, KEYS[0] + ",", KEYS[0] + ",canary", "é" * 44])
def test_an_encryption_key_has_32_bytes(refused: Refused, keys: str) -> None:
    (line,) = refused(SLACK_SIGNING_SECRET="canary", **{**MANY, "BRIDGE_SECRET_KEY": keys})
    assert line.startswith("BRIDGE_SECRET_KEY: entry ")
    assert "is not a key. " in line
    assert "canary" not in line


def test_the_keys_old_name_still_works_and_is_named(settings: Read) -> None:
    """A4: what was sealed with it can be read, behind a key of the new name."""
    old = {"SLACK_SIGNING_SECRET": "canary", **MANY, "SLACK_ENCRYPTION_KEY": KEYS[1], "BRIDGE_SECRET_KEY": ""}
    read = settings(**old)
    assert tuple(map(reveal, read.bridge.secret_key)) == (KEYS[1],)
    assert any("BRIDGE_SECRET_KEY" in warning for warning in read.warnings)
    both = settings(**{**old, "BRIDGE_SECRET_KEY": KEYS[0]})
    assert tuple(map(reveal, both.bridge.secret_key)) == KEYS


def test_the_keys_old_name_works_in_the_configuration_file_too(settings: Read, tmp_path: Path) -> None:
    """A4: as in the environment, which wins."""
    path = tmp_path / "bridge.toml"
    path.write_text(f"[slack]\nencryption_key = '{KEYS[1]}'\n")
    old = {"SLACK_SIGNING_SECRET": "canary", **MANY, "BRIDGE_SECRET_KEY": "", "BRIDGE_CONFIG": str(path)}
    read = settings(**old)
    assert tuple(map(reveal, read.bridge.secret_key)) == (KEYS[1],)
    assert any(f"{path}:2: SLACK_ENCRYPTION_KEY: is called BRIDGE_SECRET_KEY now" in said for said in read.warnings)
    assert tuple(map(reveal, settings(**{**old, "BRIDGE_SECRET_KEY": KEYS[0]}).bridge.secret_key)) == (KEYS[0],)


def test_swapped_slack_tokens_are_called_swapped(refused: Refused) -> None:
    lines = refused(SLACK_BOT_TOKEN="xapp-1-canary", SLACK_APP_TOKEN="xoxb-1-canary")
    assert [line.split(":")[0] for line in lines] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
    assert all("swapped" in line for line in lines)
