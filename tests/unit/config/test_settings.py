from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from config.bridge import default_data_dir
from config.settings import Settings, SettingsError, load_settings, reveal
from config.slack import CREDENTIALS
from config.telegram import TOKENS
from config.values.mentions import Mentions

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


def test_a_terminal_needs_no_channel() -> None:
    read = load_settings(need_channel=False, overrides={"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": AGENT})
    assert not read.slack.enabled
    assert not read.telegram.enabled


def test_the_studio_token_takes_the_place_of_the_key(settings: Read) -> None:
    read = settings(TALKIFAI_API_KEY="", TALKIFAI_STUDIO_TOKEN="st")
    assert read.talkifai.api_key is None
    assert read.talkifai.studio_token is not None


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
MANY = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "canary-client", "SLACK_ENCRYPTION_KEY": ", ".join(KEYS)}


def test_many_workspaces_need_three_settings_and_no_bot_token(settings: Read, refused: Refused) -> None:
    read = settings(SLACK_SIGNING_SECRET="canary", **MANY)
    assert read.slack.enabled
    assert tuple(map(reveal, read.slack.encryption_key)) == KEYS
    assert set(KEYS) < set(read.secret_values)
    for missing in MANY:
        (line,) = refused(SLACK_SIGNING_SECRET="canary", **{n: v for n, v in MANY.items() if n != missing})
        assert line.startswith(f"{missing}: is not set. ")
    (both,) = refused(SLACK_SIGNING_SECRET="canary", SLACK_BOT_TOKEN="xoxb-1", **MANY)
    assert both.startswith("SLACK_BOT_TOKEN: is set together with SLACK_CLIENT_ID. ")


@pytest.mark.parametrize("keys", ["canary", "A" * 44, KEYS[0] + ",", KEYS[0] + ",canary", "é" * 44])
def test_an_encryption_key_has_32_bytes(refused: Refused, keys: str) -> None:
    (line,) = refused(SLACK_SIGNING_SECRET="canary", **{**MANY, "SLACK_ENCRYPTION_KEY": keys})
    assert line.startswith("SLACK_ENCRYPTION_KEY: entry ")
    assert "is not a key. " in line
    assert "canary" not in line


def test_swapped_slack_tokens_are_called_swapped(refused: Refused) -> None:
    lines = refused(SLACK_BOT_TOKEN="xapp-1-canary", SLACK_APP_TOKEN="xoxb-1-canary")
    assert [line.split(":")[0] for line in lines] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
    assert all("swapped" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TALKIFAI_API_KEY", "tk live", "spaces"),
        ("TALKIFAI_AGENT_ID", "agent-1", "not a UUID"),
        ("TALKIFAI_BASE_URL", "api.talkifai.dev", "http"),
        ("TALKIFAI_BASE_URL", "https://", "no host"),
        ("TALKIFAI_BASE_URL", "https://user:canary@host", "user"),
        ("TALKIFAI_BASE_URL", "https://host?x=1", "query"),
        ("TALKIFAI_BASE_URL", "https://host:99999", "not an address"),
        ("TALKIFAI_BASE_URL", "https://[::1", "not an address"),
        ("SLACK_STREAMING", "fast", "edit, status or native"),
        ("TELEGRAM_STREAMING", "draft", "edit, status or native"),
        ("BRIDGE_SHOW_TOOLS", "all", "on or off"),
        ("BRIDGE_ALLOW_MENTIONS", "U1,somebody", "number 2"),
        ("TELEGRAM_API_URL", "ftp://host", "http"),
        ("SLACK_API_URL", "https:///api", "no host"),
        ("TELEGRAM_BOT_TOKEN", "canary", "@BotFather"),
        ("TELEGRAM_BOT_TOKEN", "bot12:canary", "@BotFather"),
        ("TELEGRAM_AGENT_IDS", "agent-canary", "entry 1"),
        ("TELEGRAM_GROUP_TRIGGER", "reply", "mention or all"),
        ("TELEGRAM_GROUP_CONTROL", "owner", "anyone or admins"),
        ("TELEGRAM_RECEIPT", "👀", "on or off"),
        ("TELEGRAM_IDENTITIES", "/nowhere/canary.txt", "cannot be read"),
        ("TELEGRAM_WEBHOOK_URL", "http://bot.example.com", "https://"),
        ("TELEGRAM_WEBHOOK_URL", "https://bot.example.com:8080", "8443"),
        ("TELEGRAM_WEBHOOK_URL", "https://u:canary@bot.example.com", "https://"),
        ("TELEGRAM_WEBHOOK_URL", "https://bot.example.com:port", "not a web address"),
        ("PORT", "0", "65535"),
        ("PORT", "http", "65535"),
        ("REDIS_URL", "http://host", "redis://"),
        ("REDIS_URL", "redis://", "no host"),
        ("REDIS_URL", "unix://", "no socket"),
        ("REDIS_URL", "redis://host:port", "not an address"),
        ("REDIS_TLS_VERIFY", "maybe", "auto"),
        ("BRIDGE_IDLE_TIMEOUT", "ten", "not a number"),
        ("BRIDGE_IDLE_TIMEOUT", "0", "out of range"),
        ("BRIDGE_IDLE_TIMEOUT", "-1", "out of range"),
        ("BRIDGE_IDLE_TIMEOUT", "1800", "below 1800"),
        ("BRIDGE_IDLE_TIMEOUT", "nan", "out of range"),
        ("BRIDGE_IDLE_TIMEOUT", "inf", "out of range"),
        ("BRIDGE_MAX_TURNS", "0", "1 to 5000"),
        ("BRIDGE_MAX_TURNS", "5001", "1 to 5000"),
        ("BRIDGE_MAX_TURNS", "1.5", "whole number"),
        ("BRIDGE_MAX_PAGES", "0", "1 to 100"),
        ("BRIDGE_MAX_PAGES", "101", "1 to 100"),
        ("BRIDGE_MAX_PAGES", "many", "whole number"),
        ("BRIDGE_KEY_PREFIX", "a{b}", "Redis key"),
        ("BRIDGE_LOG_LEVEL", "loud", "debug"),
        ("BRIDGE_LOG_FORMAT", "xml", "json"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_would_be_right(
    refused: Refused, name: str, value: str, said: str
) -> None:
    (line,) = refused(**{name: value})
    assert line.startswith(f"{name}: ")
    assert said in line
    assert line.endswith((".", "-"))
    assert "canary" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-canary"),
        ("SLACK_BOT_TOKEN", "xapp-canary"),
        ("SLACK_BOT_TOKEN", "xoxb-canary\u201d"),
        ("SLACK_APP_TOKEN", "xoxb-canary"),
        ("SLACK_APP_TOKEN", "canary"),
        ("TALKIFAI_API_KEY", "canary\u00e9"),
        ("TALKIFAI_AGENT_ID", "tk_live_canary"),
        ("TELEGRAM_BOT_TOKEN", "12:canary secret"),
        ("REDIS_URL", "redis://:canary@host:x"),
        ("BRIDGE_IDLE_TIMEOUT", "canary"),
        ("BRIDGE_LOG_LEVEL", "canary"),
    ],
)
def test_no_error_shows_a_value(refused: Refused, name: str, value: str) -> None:
    """A3: a secret may stand in the wrong variable."""
    assert "canary" not in "\n".join(refused(**{name: value}))


def test_the_settings_do_not_print_secrets(settings: Read) -> None:
    """A3: neither as text nor in a traceback."""
    read = settings(
        SLACK_BOT_TOKEN="xoxb-canary-bot",
        SLACK_APP_TOKEN="xapp-canary-app",
        TALKIFAI_STUDIO_TOKEN="canary-studio",
        REDIS_URL="rediss://:canary-password@host:6379/0",
    )
    assert "canary" not in repr(read) + str(read) + read.model_dump_json()
    assert set(read.secret_values) == {
        "tk_live_canary-key",
        "canary-studio",
        "xoxb-canary-bot",
        "xapp-canary-app",
        "12:canary-telegram",
        "rediss://:canary-password@host:6379/0",
        "canary-password",
    }


def test_the_settings_are_frozen(settings: Read) -> None:
    with pytest.raises(ValidationError):
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


def test_a_reply_has_twenty_pages_unless_the_setting_says_otherwise(settings: Read) -> None:
    assert settings().bridge.max_pages == 20
    assert settings(BRIDGE_MAX_PAGES="100").bridge.max_pages == 100


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


def test_values_are_trimmed_and_brought_into_form(settings: Read) -> None:
    read = settings(
        SLACK_API_URL=" http://localhost:1/api ",
        TELEGRAM_API_URL="http://localhost:2/",
        TALKIFAI_BASE_URL="http://[::1]:3/base//",
        BRIDGE_LOG_LEVEL="DEBUG",
        BRIDGE_LOG_FORMAT="Json",
        BRIDGE_IDLE_TIMEOUT="2.5",
        BRIDGE_DATA_DIR="~/data",
    )
    assert read.slack.api_url == "http://localhost:1/api/"
    assert read.telegram.api_url == "http://localhost:2"
    assert read.talkifai.base_url == "http://[::1]:3/base"
    assert (read.bridge.log_level, read.bridge.log_format, read.bridge.idle_timeout_s) == ("debug", "json", 2.5)
    assert read.bridge.data_dir == Path.home() / "data"


@pytest.mark.parametrize("url", ["redis://h", "redis://:p@h:1/2", "rediss://u:p@h:1?x=y", "unix:///run/r.sock?db=1"])
def test_every_form_of_a_redis_address_is_taken_as_it_is(settings: Read, url: str) -> None:
    read = settings(REDIS_URL=url)
    assert read.redis.url is not None
    assert read.redis.url.get_secret_value() == url


@pytest.mark.parametrize(
    ("given", "verifies"),
    [
        ({"REDIS_URL": "rediss://h"}, True),
        ({"REDIS_URL": "rediss://h", "DYNO": "worker.1"}, False),
        ({"REDIS_URL": "rediss://h", "DYNO": "worker.1", "REDIS_TLS_VERIFY": "true"}, True),
        ({"REDIS_URL": "rediss://h?ssl_ca_certs=/ca.pem", "DYNO": "worker.1"}, True),
        ({"REDIS_URL": "rediss://h?ssl_ca_certs=/ca.pem", "REDIS_TLS_VERIFY": "no"}, False),
        ({"REDIS_URL": "rediss://h", "REDIS_TLS_VERIFY": "no"}, False),
        ({"REDIS_URL": "redis://h", "DYNO": "worker.1"}, True),
        ({}, True),
    ],
)
def test_certificates_are_verified_but_for_herokus_own(
    settings: Read, given: dict[str, str], *, verifies: bool
) -> None:
    on_heroku = "DYNO" in given
    assert settings(**given).redis.verifies_tls(on_heroku=on_heroku) is verifies


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


def test_the_way_of_showing_replies_is_set_for_each_channel(settings: Read) -> None:
    read = settings(SLACK_STREAMING="Status", TELEGRAM_STREAMING="native", BRIDGE_SHOW_TOOLS="yes")
    assert (read.slack.streaming, read.telegram.streaming, read.bridge.show_tools) == ("status", "native", True)
    usual = settings()
    assert (usual.slack.streaming, usual.telegram.streaming, usual.bridge.show_tools) == ("edit", "edit", False)


def test_the_list_of_mentions_is_read(settings: Read) -> None:
    read = settings(BRIDGE_ALLOW_MENTIONS="U1,@anna")
    assert read.bridge.allow_mentions.slack == {"<@U1>"}
    assert read.bridge.allow_mentions.telegram == {"anna"}
    assert settings().bridge.allow_mentions == Mentions()


_ONE, _OTHER = "3f2b8a54-6c1d-4e0f-9a77-51d0c2b7e901", "8d1e4c20-0b5a-4f63-8c2e-7a9f3e6d1b02"


@pytest.mark.parametrize(
    ("agents", "agents_read"),
    [(f" {_ONE} ,, {_OTHER}", [_ONE, "", _OTHER]), (",,", ["", "", ""]), ("", ["", "", ""])],
)
def test_each_of_several_telegram_bots_has_its_agent(settings: Read, agents: str, agents_read: list[str]) -> None:
    read = settings(TELEGRAM_BOT_TOKEN="", TELEGRAM_BOT_TOKENS="1:a, 2:b,3:c", TELEGRAM_AGENT_IDS=agents)
    bots = read.telegram.bots
    assert [bot.token.get_secret_value() for bot in bots] == ["1:a", "2:b", "3:c"]
    assert [bot.agent_id for bot in bots] == agents_read
    assert bots[1].token_name == "TELEGRAM_BOT_TOKENS, number 2"
    assert read.telegram.enabled
    assert {"1:a", "2:b", "3:c"} <= set(read.secret_values)


def test_one_telegram_bot_may_have_an_agent_of_its_own(settings: Read) -> None:
    (bot,) = settings(TELEGRAM_BOT_TOKEN="1:a", TELEGRAM_AGENT_IDS=_OTHER).telegram.bots
    assert (bot.token_name, bot.agent_id) == ("TELEGRAM_BOT_TOKEN", _OTHER)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TELEGRAM_BOT_TOKENS": "1:canary", "TELEGRAM_BOT_TOKEN": "2:canary"}, "together with TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKENS": "1:canary,,2:canary"}, "entry 2"),
        ({"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKENS": "1:canary,1:canary2"}, "twice"),
        (
            {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKENS": "1:canary,2:canary", "TELEGRAM_AGENT_IDS": _ONE},
            "TELEGRAM_AGENT_IDS: has 1 entries, and TELEGRAM_BOT_TOKENS has 2",
        ),
        (
            {"TELEGRAM_BOT_TOKEN": "1:canary", "TELEGRAM_AGENT_IDS": f"{_ONE},{_OTHER}"},
            "TELEGRAM_AGENT_IDS: has 2 entries, and TELEGRAM_BOT_TOKEN has 1",
        ),
    ],
)
def test_telegram_settings_that_do_not_go_together_are_named(
    refused: Refused, given: dict[str, str], said: str
) -> None:
    (line,) = refused(**given)
    assert said in line
    assert "canary" not in line
