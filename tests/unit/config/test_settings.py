from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from uuid import UUID

import pytest

from config.bridge import default_data_dir
from config.reading.loading import load_settings
from config.settings import Settings, SettingsError
from config.slack import CREDENTIALS
from config.telegram import TOKENS

Read = Callable[..., Settings]
Refused = Callable[..., tuple[str, ...]]

AGENT = "8d8ac610-566d-4ef0-9c22-186b2a5ed793"


def test_nothing_set_says_everything_that_is_missing_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    lines = caught.value.lines
    assert [line.split(":")[0] for line in lines] == [
        "TALKIFAI_API_KEY",
        "TALKIFAI_AGENT_ID",
        "SLACK_BOT_TOKEN, TELEGRAM_BOT_TOKEN",
    ]
    assert [name for name in (*CREDENTIALS, *TOKENS) if name not in lines[2]] == []
    assert str(caught.value) == "\n".join(lines)


def test_the_least_that_is_needed_turns_on_one_channel_with_all_defaults(settings: Read, tmp_path: Path) -> None:
    read = settings()
    assert read.telegram.enabled
    assert not read.slack.enabled
    assert read.talkifai.agent_id == UUID(AGENT)
    assert read.redis.url is None
    assert read.bridge.data_dir == tmp_path / ".local/state/talkifai-bridge" or "Library" in str(read.bridge.data_dir)
    assert read.warnings == ()


def test_a_terminal_needs_no_channel() -> None:
    read = load_settings(need_channel=False, overrides={"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": AGENT})
    assert not read.slack.enabled
    assert not read.telegram.enabled


def test_the_studio_token_takes_the_place_of_the_key(settings: Read) -> None:
    read = settings(TALKIFAI_API_KEY="", TALKIFAI_STUDIO_TOKEN="st")
    assert read.talkifai.api_key is None
    assert read.talkifai.studio_token is not None


def test_the_settings_do_not_print_secrets(settings: Read) -> None:
    """A3: neither as text nor in a traceback."""
    read = settings(
        SLACK_BOT_TOKEN="xoxb-canary-bot",
        SLACK_APP_TOKEN="xapp-canary-app",
        TALKIFAI_STUDIO_TOKEN="canary-studio",
        REDIS_URL="rediss://:canary-password@host:6379/0",
    )
    assert "canary" not in repr(read) + str(read)
    assert set(read.secret_values) == {
        "tk_live_canary-key",
        "canary-studio",
        "xoxb-canary-bot",
        "xapp-canary-app",
        "12:canary-telegram",
        "rediss://:canary-password@host:6379/0",
        "canary-password",
        read.telegram.bots[0].webhook_secret.get_secret_value(),
    }


def test_the_settings_are_frozen(settings: Read) -> None:
    with pytest.raises(FrozenInstanceError):
        settings().bridge.idle_timeout_s = 5.0  # type: ignore[misc] # the very thing that must not work


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\nTALKIFAI_API_KEY='tk_live_file'\nexport BRIDGE_IDLE_TIMEOUT=3\nBRIDGE_MAX_TURNS=7\n"
        f"TALKIFAI_AGENT_ID={AGENT}\nTELEGRAM_BOT_TOKEN=1:a\n"
    )
    monkeypatch.setenv("BRIDGE_MAX_TURNS", "9")
    monkeypatch.setenv("BRIDGE_IDLE_TIMEOUT", "  ")
    read = load_settings()
    assert read.talkifai.api_key is not None
    assert read.talkifai.api_key.get_secret_value() == "tk_live_file"
    assert (read.bridge.idle_timeout_s, read.bridge.max_turns) == (3.0, 9)
    with pytest.raises(SettingsError):
        load_settings(env_file=None)


def test_overrides_win_over_the_environment(monkeypatch: pytest.MonkeyPatch, settings: Read) -> None:
    monkeypatch.setenv("BRIDGE_MAX_TURNS", "9")
    assert settings(BRIDGE_MAX_TURNS="11").bridge.max_turns == 11
    assert settings(BRIDGE_MAX_TURNS="").bridge.max_turns == 9


def test_the_example_file_can_be_used_as_it_is_but_for_what_is_needed(settings: Read) -> None:
    example = Path(__file__).parents[3] / ".env.example"
    read = load_settings(
        env_file=example, need_channel=False, overrides={"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": AGENT}
    )
    assert read.bridge.idle_timeout_s == settings().bridge.idle_timeout_s


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TALKIFAI_API_KEY=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"^\.env: is not UTF-8 text\. Save it again as UTF-8\.$"):
        load_settings()


def test_a_byte_order_mark_does_not_hide_the_first_line(tmp_path: Path, settings: Read) -> None:
    (tmp_path / ".env").write_text("BRIDGE_MAX_TURNS=7\n", encoding="utf-8-sig")
    assert settings().bridge.max_turns == 7


def test_a_slip_in_a_name_is_pointed_out(settings: Read) -> None:
    read = settings(BRIDGE_IDLE_TIMOUT="3", SLACK_BOT_TOKN="canary", BRIDGE_SOMETHING_ELSE="x", bridge_max_turns="9")
    assert read.warnings == (
        "BRIDGE_IDLE_TIMOUT: is no setting of the bridge and is ignored. Did you mean BRIDGE_IDLE_TIMEOUT?",
        "SLACK_BOT_TOKN: is no setting of the bridge and is ignored. Did you mean SLACK_BOT_TOKEN?",
        "bridge_max_turns: is no setting of the bridge and is ignored. Did you mean BRIDGE_MAX_TURNS?",
    )
    assert read.bridge.max_turns == 500


def test_a_variable_named_like_a_field_is_not_a_setting(monkeypatch: pytest.MonkeyPatch, settings: Read) -> None:
    monkeypatch.setenv("max_turns", "9")
    monkeypatch.setenv("data_dir", "/elsewhere")
    assert settings().bridge.max_turns == 500
    assert settings().bridge.data_dir == default_data_dir()


def test_the_data_folder_is_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_data_dir() == Path("/state/talkifai-bridge")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert default_data_dir() == tmp_path / ".local/state/talkifai-bridge"
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_data_dir() == tmp_path / "Library/Application Support/talkifai-bridge"


def test_a_user_without_a_home_gets_a_data_folder_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", no_home)
    assert default_data_dir() == tmp_path / ".local/state/talkifai-bridge"


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("TALKIFAI_AGENTID", "TALKIFAI_AGENT_ID"),
        ("TALKIFAI_KEY", "TALKIFAI_API_KEY"),
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("REDIS_URI", "REDIS_URL"),
    ],
)
def test_a_mistyped_name_is_recognised_when_a_needed_setting_is_missing(mistyped: str, meant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(overrides={mistyped: "canary"})
    assert f"{mistyped}: is no setting of the bridge and is ignored. Did you mean {meant}?" in caught.value.lines
    assert "canary" not in str(caught.value)


def test_a_platforms_own_variable_is_no_slip(settings: Read) -> None:
    assert settings(REDIS_TLS_URL="rediss://h").warnings == ()


def test_every_line_of_the_file_that_is_no_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\n\nTALKIFAI_API_KEY=k\nthis is canary\n\nexport BRIDGE_MAX_TURNS=\"7\n\nREDIS_URL='a\nb'\n"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings()
    remedy = "Write NAME=value, close every quote, or put # in front."
    assert caught.value.lines == (f".env:4: is not a setting. {remedy}", f".env:6: is not a setting. {remedy}")


def test_a_wrong_value_of_the_file_is_named_with_its_line(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\n\nBRIDGE_MAX_TURNS=0\nSLACK_APP_TOKEN=xapp-1\nSLACK_SIGNING_SECRET=s\nSLACK_BOT_TOKEN=xoxb-1\n"
        "BRIDGE_MAX_PAGE=3\n"
    )
    lines = refused()
    assert [line.split(" ")[0] for line in lines] == [
        ".env:5:",
        ".env:3:",
        ".env:7:",
    ]
    assert lines[1].startswith(".env:3: BRIDGE_MAX_TURNS: is out of range. ")
    (again,) = [line for line in refused(BRIDGE_MAX_TURNS="0") if "BRIDGE_MAX_TURNS" in line]
    assert again.startswith("BRIDGE_MAX_TURNS: ")
