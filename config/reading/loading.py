"""Reads the settings, and says everything that is wrong with them at once."""

import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.apart import BEGIN
from config.bridge import LANGUAGES
from config.reading.config_file import ConfigFile, read_config_file
from config.reading.messages import explain
from config.reading.renames import RENAMED, with_new_names
from config.reading.routes import TABLES, read_agents, read_routes
from config.reading.sources import Given, read_env_file, read_environment, read_overrides
from config.reading.suggestions import slips
from config.reading.texts import read_texts
from config.reading.validation import validated
from config.settings import SECTIONS, Settings, variable_names
from config.values.errors import SettingsError
from config.values.own_text import TABLE

_NO_CHANNEL = (
    "SLACK_BOT_TOKEN, TELEGRAM_BOT_TOKEN: no channel is set. For Slack set SLACK_BOT_TOKEN and SLACK_APP_TOKEN (over"
    " HTTP: SLACK_SIGNING_SECRET; for many workspaces: SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and BRIDGE_SECRET_KEY);"
    " for Telegram set TELEGRAM_BOT_TOKEN or TELEGRAM_BOT_TOKENS."
)


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
    given = {**read_env_file(env_file), **read_environment(), **read_overrides(overrides or {})}
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
        name: {field: values[variable] for field, variable in section.variables().items() if variable in values}
        for name, section in SECTIONS.items()
    }
    try:
        settings = validated(Settings, {**sections, **others, "warnings": warnings, "places": places})
    except ValidationError as error:
        raise SettingsError(*lines, *_wrong(error, given), *warnings) from None
    if lines:
        raise SettingsError(*lines, *warnings)
    return settings


def send_settings() -> None:
    """Write the settings to standard output for `load_apart`, or the lines of what is wrong."""
    try:
        found: Settings | tuple[str, ...] = load_settings()
    except SettingsError as error:
        found = error.lines
    sys.stdout.buffer.write(BEGIN + pickle.dumps(found))


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
        section, name = SECTIONS[str(detail["loc"][0])], str(detail["loc"][1])
        field = next(field for field in fields(section) if field.name == name)
        if detail["type"] != "missing":  # the section's own words ask for it
            yield _line(section.variables()[name], explain(detail, field), given)


def _line(variable: str, said: str, given: Mapping[str, Given]) -> str:
    place = given[variable].prefix if variable in given else ""
    return f"{place}{variable}: {said}"


def _slips(given: Mapping[str, Given]) -> list[str]:
    """Return a line for each unknown variable whose name is close to a known one."""
    return [
        _line(name, f"is no setting of the bridge and is ignored. Did you mean {meant}?", given)
        for name, meant in slips(given, variable_names(), _PREFIXES).items()
    ]
