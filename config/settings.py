"""Every setting of the bridge: read from the environment, then from `.env`. Get them with `load_settings`."""

import difflib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.sources import DotEnvSettingsSource, EnvSettingsSource

from config import validators as problems
from config.mentions import Mentions, mentions
from config.slack_credentials import CREDENTIALS, wrong_choices
from config.telegram_bots import TOKENS, TelegramBot, contradictions, telegram_bots
from config.telegram_emails import identities

_NEEDED = {
    "TALKIFAI_AGENT_ID": "Set it to the id of the TalkifAI text agent that answers.",
    "TALKIFAI_API_KEY": "Set it to a key of the TalkifAI account (tk_live_...).",
}
_NO_CHANNEL = (
    "SLACK_BOT_TOKEN, TELEGRAM_BOT_TOKEN: no channel is set. For Slack set SLACK_BOT_TOKEN and SLACK_APP_TOKEN (over"
    " HTTP: SLACK_SIGNING_SECRET; for many workspaces: SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and SLACK_ENCRYPTION_KEY);"
    " for Telegram set TELEGRAM_BOT_TOKEN or TELEGRAM_BOT_TOKENS."
)
_OURS = ("BRIDGE_", "TALKIFAI_", "SLACK_", "TELEGRAM_")
_CLOSE = 0.8
"""How alike two names are, from 0 to 1, before one is taken for a slip of the other."""


class SettingsError(Exception):
    """Settings are missing or wrong: `lines` has one line for each.

    A line reads `NAME: what is wrong. What would be right.` and never holds the value.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def default_data_dir() -> Path:
    """Return the folder for the embedded server's data: in the user's state folder, as the platform has it.

    Linux: the XDG Base Directory Specification, which says to ignore a relative `XDG_STATE_HOME`.
    """
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without an entry in the user database
        home = Path.cwd()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "talkifai-bridge"
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else home / ".local" / "state") / "talkifai-bridge"


def _folder(text: str) -> Path:
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111 - pathlib's form raises for an unknown user


class Settings(BaseSettings):
    """The settings, checked and frozen. An alias is the variable that a field is read from."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        case_sensitive=True,
        validate_default=False,
        hide_input_in_errors=True,
    )

    talkifai_api_key: Annotated[SecretStr | None, BeforeValidator(problems.token)] = Field(
        None, validation_alias="TALKIFAI_API_KEY"
    )
    talkifai_studio_token: Annotated[SecretStr | None, BeforeValidator(problems.token)] = Field(
        None, validation_alias="TALKIFAI_STUDIO_TOKEN"
    )
    talkifai_agent_id: Annotated[UUID, BeforeValidator(problems.agent_id)] = Field(validation_alias="TALKIFAI_AGENT_ID")
    talkifai_base_url: Annotated[str, BeforeValidator(problems.http_url)] = Field(
        "https://api.talkifai.dev", validation_alias="TALKIFAI_BASE_URL"
    )
    talkifai_requests_per_minute: Annotated[int | None, BeforeValidator(problems.requests_per_minute)] = Field(
        None, validation_alias="TALKIFAI_REQUESTS_PER_MINUTE"
    )
    """The most that all workers together ask of TalkifAI; None follows what TalkifAI says of its limit."""
    slack_bot_token: Annotated[SecretStr | None, BeforeValidator(problems.slack_bot_token)] = Field(
        None, validation_alias="SLACK_BOT_TOKEN"
    )
    slack_app_token: Annotated[SecretStr | None, BeforeValidator(problems.slack_app_token)] = Field(
        None, validation_alias="SLACK_APP_TOKEN"
    )
    slack_signing_secret: Annotated[SecretStr | None, BeforeValidator(problems.token)] = Field(
        None, validation_alias="SLACK_SIGNING_SECRET"
    )
    """In the place of the app token: events come over HTTP, signed with it."""
    slack_client_id: Annotated[str | None, BeforeValidator(problems.slack_client_id)] = Field(
        None, validation_alias="SLACK_CLIENT_ID"
    )
    """With the next two, in the place of the bot token: any number of workspaces install the app."""
    slack_client_secret: Annotated[SecretStr | None, BeforeValidator(problems.token)] = Field(
        None, validation_alias="SLACK_CLIENT_SECRET"
    )
    slack_encryption_key: Annotated[SecretStr | None, BeforeValidator(problems.encryption_keys)] = Field(
        None, validation_alias="SLACK_ENCRYPTION_KEY"
    )
    """Seals their tokens. Several keys, separated by commas: the first one seals, all of them open."""
    slack_api_url: Annotated[str, BeforeValidator(problems.slack_api_url)] = Field(
        "https://slack.com/api/", validation_alias="SLACK_API_URL"
    )
    slack_streaming: Annotated[Literal["edit", "status", "native"], BeforeValidator(problems.streaming)] = Field(
        "edit", validation_alias="SLACK_STREAMING"
    )
    """How a reply is shown while it grows."""
    slack_follow_ups: Annotated[Literal["thread", "mention"], BeforeValidator(problems.one_of("thread", "mention"))] = (
        Field("thread", validation_alias="SLACK_FOLLOW_UPS")
    )
    slack_dm: Annotated[Literal["flat", "thread"], BeforeValidator(problems.one_of("flat", "thread"))] = Field(
        "flat", validation_alias="SLACK_DM"
    )
    slack_agent_view: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="SLACK_AGENT_VIEW"
    )
    slack_prompts: Annotated[tuple[str, ...] | None, BeforeValidator(problems.prompts)] = Field(
        None, validation_alias="SLACK_PROMPTS"
    )
    """Up to four things to ask, shown in the agent view."""
    slack_thread_context: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="SLACK_THREAD_CONTEXT"
    )
    slack_emails: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "on", validation_alias="SLACK_EMAILS"
    )
    slack_control: Annotated[Literal["asker", "anyone"], BeforeValidator(problems.one_of("asker", "anyone"))] = Field(
        "asker", validation_alias="SLACK_CONTROL"
    )
    slack_feedback: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="SLACK_FEEDBACK"
    )
    """Whether people can say below an answer whether it helped."""
    slack_receipt: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="SLACK_RECEIPT"
    )
    slack_external_users: Annotated[Literal["refuse", "allow"], BeforeValidator(problems.one_of("refuse", "allow"))] = (
        Field("refuse", validation_alias="SLACK_EXTERNAL_USERS")
    )
    slack_workflows: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="SLACK_WORKFLOWS"
    )
    telegram_bot_token: Annotated[SecretStr | None, BeforeValidator(problems.telegram_token)] = Field(
        None, validation_alias="TELEGRAM_BOT_TOKEN"
    )
    telegram_bot_tokens: Annotated[tuple[SecretStr, ...] | None, BeforeValidator(problems.telegram_tokens)] = Field(
        None, validation_alias="TELEGRAM_BOT_TOKENS"
    )
    """Several bots, in the place of one."""
    telegram_agent_ids: Annotated[tuple[UUID | None, ...] | None, BeforeValidator(problems.agent_ids)] = Field(
        None, validation_alias="TELEGRAM_AGENT_IDS"
    )
    """The agent of each bot, in the order of the tokens; None: `talkifai_agent_id`."""
    telegram_api_url: Annotated[str, BeforeValidator(problems.http_url)] = Field(
        "https://api.telegram.org", validation_alias="TELEGRAM_API_URL"
    )
    telegram_streaming: Annotated[Literal["edit", "status", "native"], BeforeValidator(problems.streaming)] = Field(
        "edit", validation_alias="TELEGRAM_STREAMING"
    )
    telegram_webhook_url: Annotated[str | None, BeforeValidator(problems.webhook_url)] = Field(
        None, validation_alias="TELEGRAM_WEBHOOK_URL"
    )
    """Where Telegram reaches the web server; None: updates are polled."""
    telegram_group_trigger: Annotated[Literal["mention", "all"], BeforeValidator(problems.group_trigger)] = Field(
        "mention", validation_alias="TELEGRAM_GROUP_TRIGGER"
    )
    """What in a group is a question: what mentions or answers the bot, or everything."""
    telegram_group_control: Annotated[Literal["anyone", "admins"], BeforeValidator(problems.group_control)] = Field(
        "anyone", validation_alias="TELEGRAM_GROUP_CONTROL"
    )
    """Who in a group may end a conversation."""
    telegram_receipt: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="TELEGRAM_RECEIPT"
    )
    """Whether a question gets a reaction until its answer stands there."""
    telegram_feedback: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="TELEGRAM_FEEDBACK"
    )
    """Whether people can say below an answer that it helped or not."""
    telegram_identities: Annotated[Mapping[str, str] | None, BeforeValidator(identities)] = Field(
        None, validation_alias="TELEGRAM_IDENTITIES"
    )
    """E-mail addresses by user id, read from the file at this path."""
    redis_url: Annotated[SecretStr | None, BeforeValidator(problems.redis_url)] = Field(
        None, validation_alias="REDIS_URL"
    )
    """A secret, because it holds the password."""
    redis_tls_verify: Annotated[Literal["auto", "true", "false"], BeforeValidator(problems.tls_verify)] = Field(
        "auto", validation_alias="REDIS_TLS_VERIFY"
    )
    port: Annotated[int, BeforeValidator(problems.port)] = Field(8080, validation_alias="PORT")
    """Where the web server listens."""
    data_dir: Annotated[Path, BeforeValidator(_folder)] = Field(
        default_factory=default_data_dir, validation_alias="BRIDGE_DATA_DIR"
    )
    idle_timeout_s: Annotated[float, BeforeValidator(problems.idle_timeout_s)] = Field(
        600.0, validation_alias="BRIDGE_IDLE_TIMEOUT"
    )
    max_turns: Annotated[int, BeforeValidator(problems.max_turns)] = Field(500, validation_alias="BRIDGE_MAX_TURNS")
    """How many turns one worker has live at a time."""
    show_tools: Annotated[Literal["on", "off"], BeforeValidator(problems.on_off)] = Field(
        "off", validation_alias="BRIDGE_SHOW_TOOLS"
    )
    """Whether a finished reply names the tools that were used."""
    allow_mentions: Annotated[Mentions | None, BeforeValidator(mentions)] = Field(
        None, validation_alias="BRIDGE_ALLOW_MENTIONS"
    )
    """Whom the agent may mention; None: nobody."""
    max_pages: Annotated[int, BeforeValidator(problems.max_pages)] = Field(20, validation_alias="BRIDGE_MAX_PAGES")
    """How many messages one reply fills at most."""
    key_prefix: Annotated[str, BeforeValidator(problems.key_prefix)] = Field(
        "talkifai-bridge", validation_alias="BRIDGE_KEY_PREFIX"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(problems.log_level)] = Field(
        "info", validation_alias="BRIDGE_LOG_LEVEL"
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(problems.log_format)] = Field(
        "console", validation_alias="BRIDGE_LOG_FORMAT"
    )

    _warnings: tuple[str, ...] = PrivateAttr(())
    _on_heroku: bool = PrivateAttr(default=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take nothing but what `load_settings` read, so that one place decides what counts as set."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about variables that look like a slip of the pen, for the log."""
        return self._warnings

    @property
    def slack_enabled(self) -> bool:
        """True when Slack's credentials are set."""
        return self.slack_bot_token is not None or self.slack_client_id is not None

    @property
    def slack_encryption_keys(self) -> tuple[str, ...]:
        """The keys one by one, the newest first."""
        return tuple(filter(None, (key.strip() for key in reveal(self.slack_encryption_key).split(","))))

    @property
    def telegram_enabled(self) -> bool:
        """True when there is a Telegram bot."""
        return bool(self.telegram_bots)

    @property
    def telegram_bots(self) -> tuple[TelegramBot, ...]:
        """The Telegram bots and their agents."""
        return telegram_bots(self.telegram_bot_token, self.telegram_bot_tokens or (), self.telegram_agent_ids or ())

    @property
    def on_heroku(self) -> bool:
        """True on a dyno, where the disk is wiped daily: Heroku sets `DYNO` there."""
        return self._on_heroku

    @property
    def redis_verifies_tls(self) -> bool:
        """False where the server's certificate is not to be verified: Heroku signs its Redis's own.

        An address that names a certificate authority wants it to be verified.
        """
        if self.redis_tls_verify != "auto":
            return self.redis_tls_verify == "true"
        url = urlsplit(self.redis_url.get_secret_value() if self.redis_url else "")
        names_authority = any(option.startswith("ssl_ca_") for option in parse_qs(url.query))
        return names_authority or not (self._on_heroku and url.scheme == "rediss")

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Return every secret in the clear, for the log's redaction alone."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        values = [one for value in fields for one in (value if isinstance(value, tuple) else (value,))]
        found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        found += self.slack_encryption_keys
        password = urlsplit(self.redis_url.get_secret_value()).password if self.redis_url else None
        return (*found, *{password, unquote(password)}) if password else tuple(found)


def load_settings(
    *, env_file: Path | None = Path(".env"), need_channel: bool = True, overrides: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings: `overrides` first, then the environment, then `env_file` where that exists.

    All three speak in the variables' names. Values are trimmed; an empty one counts as unset.

    Args:
        env_file: A file of `NAME=value` lines, UTF-8; None reads no file.
        need_channel: Whether it is an error that neither Slack nor Telegram is set.
        overrides: Values that win over the environment, as `chat --sandbox` needs them.

    Raises:
        SettingsError: Names every setting that is missing or wrong, never a secret's value.
    """
    given = _given(env_file, overrides or {})
    lines = _missing(given, need_channel=need_channel)
    try:
        settings = Settings.model_validate({name: given[name] for name in variable_names() if name in given})
    except ValidationError as error:
        raise SettingsError([*lines, *_wrong(error)]) from None
    if lines:
        raise SettingsError(lines)
    settings._warnings = tuple(_slips(given))  # noqa: SLF001 - the class's own module; its fields are frozen
    settings._on_heroku = "DYNO" in given  # noqa: SLF001 - the same
    return settings


def reveal(secret: SecretStr | None) -> str:
    """Return a secret for whoever needs it; empty where it is not set."""
    return secret.get_secret_value() if secret else ""


def variable_names() -> tuple[str, ...]:
    """Return the variables that the bridge reads, in the order of the documentation."""
    return tuple(str(field.validation_alias) for field in Settings.model_fields.values())


def _given(env_file: Path | None, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Merge the three places; keep what is not empty."""
    try:
        file = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8-sig").env_vars
    except UnicodeDecodeError:
        raise SettingsError([f"{env_file}: is not UTF-8 text. Save it again as UTF-8."]) from None
    except OSError as error:
        raise SettingsError([f"{env_file}: cannot be read ({error.strerror}). Allow reading it."]) from None
    merged: dict[str, str] = {}
    for place in (file, EnvSettingsSource(Settings).env_vars, overrides):
        merged.update({name: value.strip() for name, value in place.items() if value and value.strip()})
    return merged


def _missing(given: Mapping[str, str], *, need_channel: bool) -> list[str]:
    """Return one line for each setting without which the bridge cannot start."""
    absent = [] if "TALKIFAI_AGENT_ID" in given else ["TALKIFAI_AGENT_ID"]
    if not {"TALKIFAI_API_KEY", "TALKIFAI_STUDIO_TOKEN"} & given.keys():
        absent.insert(0, "TALKIFAI_API_KEY")
    lines = [f"{name}: is not set. {_NEEDED[name]}" for name in absent]
    lines += [*wrong_choices(given), *contradictions(given)]
    if need_channel and not {*CREDENTIALS, *TOKENS} & given.keys():
        lines.append(_NO_CHANNEL)
    return lines


def _wrong(error: ValidationError) -> list[str]:
    """Return one line for each value that a check refused."""
    # Why: `include_input` and `include_url` would put values and addresses of others into the message.
    details = error.errors(include_url=False, include_input=False)
    return [
        f"{detail['loc'][0]}: {detail['msg'].removeprefix('Value error, ')}"
        for detail in details
        if detail["type"] != "missing"
    ]


def _slips(given: Iterable[str]) -> list[str]:
    """Return a sentence for each unknown variable whose name is close to a known one."""
    known = variable_names()
    warnings = []
    for name in sorted(given):
        if name in known or not name.upper().startswith(_OURS):
            continue
        close = difflib.get_close_matches(name.upper(), known, n=1, cutoff=_CLOSE)
        if close:
            warnings.append(f"{name}: is no setting of the bridge and is ignored. Did you mean {close[0]}?")
    return warnings
