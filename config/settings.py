"""Every setting of the bridge, in sections. Get them with `load_settings`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.bridge import LANGUAGES, BridgeSettings
from config.reading.config_file import ConfigFile, read_config_file
from config.reading.messages import explain
from config.reading.renames import RENAMED, with_new_names
from config.reading.routes import TABLES, read_agents, read_routes
from config.reading.sources import Given, SettingsError, read_env_file, read_environment, read_overrides
from config.reading.suggestions import slips
from config.reading.texts import TABLE, OwnText, read_texts
from config.redis_settings import RedisSettings
from config.routes import RouteSettings
from config.slack import SlackSettings
from config.talkifai import TalkifaiSettings
from config.telegram import TelegramSettings
from config.values.section import Section

__all__ = ["SECTIONS", "Settings", "SettingsError", "load_settings", "reveal", "variable_names"]

_NO_CHANNEL = (
    "SLACK_BOT_TOKEN, TELEGRAM_BOT_TOKEN: no channel is set. For Slack set SLACK_BOT_TOKEN and SLACK_APP_TOKEN (over"
    " HTTP: SLACK_SIGNING_SECRET; for many workspaces: SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and BRIDGE_SECRET_KEY);"
    " for Telegram set TELEGRAM_BOT_TOKEN or TELEGRAM_BOT_TOKENS."
)


class Settings(BaseSettings):
    """The settings, checked and frozen, one section for each area."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, case_sensitive=True)

    talkifai: TalkifaiSettings
    slack: SlackSettings
    telegram: TelegramSettings
    redis: RedisSettings
    bridge: BridgeSettings
    agents: Mapping[str, UUID] = {}
    """The agents that the configuration file gives a name."""
    routes: tuple[RouteSettings, ...] = ()
    """Where another agent answers, or the same one in another way. Agents are ids here."""
    texts: tuple[OwnText, ...] = ()
    """What the operator says instead of the bridge's own words."""
    warnings: tuple[str, ...] = ()
    """Sentences about variables that look like a slip of the pen, for the log."""
    places: Mapping[str, str] = {}
    """Where each variable that is set was found: `environment`, or a file and its line."""

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
    def secret_values(self) -> tuple[str, ...]:
        """Return every secret as plain text, only for the log's redaction."""
        derived = (bot.webhook_secret.get_secret_value() for bot in self.telegram.bots)
        return (*_secrets(self), *self.redis.password, *derived)


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
"""By the name of their field."""
_PREFIXES = tuple(section.prefix for section in SECTIONS.values())


def load_settings(
    *, env_file: Path | None = Path(".env"), need_channel: bool = True, overrides: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings: `overrides` first, then the environment, then `env_file` where that exists.

    All three speak in the variables' names. Values are trimmed; an empty one counts as unset. What none of them sets
    may be set by the configuration file that `BRIDGE_CONFIG` names.

    Args:
        env_file: A file of `NAME=value` lines, UTF-8; None reads no file.
        need_channel: Whether it is an error that neither Slack nor Telegram is set.
        overrides: Values that win over the environment, for code that starts a bridge of its own.

    Raises:
        SettingsError: Names every setting that is missing or wrong, never a secret's value.
    """
    given = {**read_env_file(env_file), **read_environment(Settings), **read_overrides(overrides or {})}
    given, renames = with_new_names(given)
    warnings = (*renames, *_slips(given))
    lines: list[str] = []
    others: dict[str, Any] = {}
    file = _config_file(given)
    if file is not None:
        in_file, renames = with_new_names(file.given)
        warnings = (*warnings, *renames)
        given = {**in_file, **given}
        others["agents"] = agents = read_agents(file)
        others["routes"] = read_routes(file, agents, channel_names())
        others["texts"] = read_texts(file, LANGUAGES)
        lines += file.problems
    lines += _contradictions(given, need_channel=need_channel)
    values = {name: found.value for name, found in given.items()}
    places = {name: given[name].place for name in variable_names() if name in given}
    sections = {
        name: {variable: values[variable] for variable in section.variable_names() if variable in values}
        for name, section in SECTIONS.items()
    }
    try:
        settings = Settings.model_validate({**sections, **others, "warnings": warnings, "places": places})
    except ValidationError as error:
        raise SettingsError(*lines, *_wrong(error, given), *warnings) from None
    if lines:
        raise SettingsError(*lines, *warnings)
    return settings


def reveal(secret: SecretStr | None) -> str:
    """Return a secret as plain text; empty if it is not set."""
    return secret.get_secret_value() if secret else ""


def variable_names() -> tuple[str, ...]:
    """Return the variables that the bridge reads, section by section."""
    return tuple(name for section in SECTIONS.values() for name in section.variable_names())


def channel_names() -> tuple[str, ...]:
    """Return the channels that a route can name."""
    return (*(name for name, section in SECTIONS.items() if section.credentials), "terminal")


def _config_file(given: Mapping[str, Given]) -> ConfigFile | None:
    """Read the configuration file where one is named. Raises `SettingsError`."""
    if "BRIDGE_CONFIG" not in given:
        return None
    path = Path(given["BRIDGE_CONFIG"].value).expanduser()
    keys = {name: section.toml_keys() for name, section in SECTIONS.items()}
    del keys["bridge"]["config"]  # the file cannot name another one
    for name, section in SECTIONS.items():  # a setting that has another name now stands where it stood
        keys[name] |= {
            old.removeprefix(section.prefix).lower(): old for old in RENAMED if old.startswith(section.prefix)
        }
    return read_config_file(path, keys, (*TABLES, TABLE))


def _contradictions(given: Mapping[str, Given], *, need_channel: bool) -> list[str]:
    """Return one line for each setting that is missing, or does not go with the others."""
    values = {name: found.value for name, found in given.items()}
    lines = [
        _line(variable, said, given)
        for section in SECTIONS.values()
        for variable, said in section.contradictions(values)
    ]
    if need_channel and not any(name in given for section in SECTIONS.values() for name in section.credentials):
        lines.append(_NO_CHANNEL)
    return lines


def _wrong(error: ValidationError, given: Mapping[str, Given]) -> Iterator[str]:
    """Return one line for each value that a check refused."""
    # Why: `include_input` and `include_url` would put values and addresses of others into the message.
    for detail in error.errors(include_url=False, include_input=False):
        section, variable = SECTIONS[str(detail["loc"][0])], str(detail["loc"][1])
        field = next(field for field in section.model_fields.values() if field.alias == variable)
        if detail["type"] != "missing":  # the section's own words ask for it
            yield _line(variable, explain(detail, field), given)


def _line(variable: str, said: str, given: Mapping[str, Given]) -> str:
    place = given[variable].prefix if variable in given else ""
    return f"{place}{variable}: {said}"


def _slips(given: Mapping[str, Given]) -> list[str]:
    """Return a line for each unknown variable whose name is close to a known one."""
    return [
        _line(name, f"is no setting of the bridge and is ignored. Did you mean {meant}?", given)
        for name, meant in slips(given, variable_names(), _PREFIXES).items()
    ]


def _secrets(value: Any) -> Iterator[str]:
    """Find the secrets in a value of the settings."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case tuple():
            for one in value:
                yield from _secrets(one)
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets(getattr(value, name))
