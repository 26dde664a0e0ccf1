from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.reading.messages import MESSAGES, explain
from config.reading.validation import validated
from config.settings import SECTIONS, Settings, variable_names
from config.values.mentions import Mentions

Read = Callable[..., Settings]
Refused = Callable[..., tuple[str, ...]]


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


def test_a_reply_has_twenty_pages_unless_the_setting_says_otherwise(settings: Read) -> None:
    assert settings().bridge.max_pages == 20
    assert settings(BRIDGE_MAX_PAGES="100").bridge.max_pages == 100


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


_SWITCHES = [
    section.variables()[field.name] for section in SECTIONS.values() for field in fields(section) if field.type is bool
]


@pytest.mark.parametrize("name", _SWITCHES)
def test_a_switch_takes_on_off_true_false_yes_no_1_and_0(settings: Read, name: str) -> None:
    def is_on(word: str) -> bool:
        section = next(prefix for prefix, kind in SECTIONS.items() if name in kind.variables().values())
        value = getattr(getattr(settings(**{name: word}), section), name.partition("_")[2].lower())
        assert isinstance(value, bool)
        return value

    assert all(map(is_on, ("on", "On", "true", "TRUE", "yes", "1")))
    assert not any(map(is_on, ("off", "OFF", "false", "False", "no", "0")))


@pytest.mark.parametrize("name", variable_names())
@pytest.mark.parametrize("value", ["", [], ["canary"], [[]], {}, {"canary": 1}, -1, 10**40, 2.5, object()])
def test_the_table_has_words_for_everything_that_is_no_value_of_a_setting(name: str, value: object) -> None:
    section, field = next(
        (kind, field) for kind in SECTIONS.values() for field in fields(kind) if kind.variables()[field.name] == name
    )
    try:
        validated(section, {field.name: value})
    except ValidationError as error:
        for detail in error.errors():
            if detail["type"] != "missing":
                assert detail["type"] in MESSAGES
                assert "canary" not in explain(detail, field)
