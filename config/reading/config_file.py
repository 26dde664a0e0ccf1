"""Reads the configuration file, TOML: a table for each section of the settings, and tables of its own."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.reading import toml_lines
from config.reading.sources import Given, read_text
from config.reading.suggestions import closest
from config.values.errors import SettingsError


@dataclass(slots=True)
class ConfigFile:
    """What a configuration file sets."""

    path: Path
    given: dict[str, Given] = field(default_factory=dict)
    """Settings, by their variables."""
    tables: dict[str, Any] = field(default_factory=dict)
    """The other tables, as they were read."""
    problems: list[str] = field(default_factory=list)
    """One line for each name that the bridge does not know."""
    lines: Mapping[toml_lines.Path, int] = field(default_factory=dict)

    def place(self, *keys: str | int) -> str:
        """Return the file and the line of a key: `bridge.toml:3`. A key that is missing is where its table begins."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.path}:{self.lines.get(keys, 1)}"

    def note(self, keys: toml_lines.Path, said: str) -> None:
        """Note a problem with the key."""
        self.problems.append(f"{self.place(*keys)}: {said}")


def read_config_file(path: Path, sections: Mapping[str, Mapping[str, str]], others: Collection[str]) -> ConfigFile:
    """Read a file. Values that are empty count as not set.

    Args:
        path: Where it is.
        sections: The tables of settings: for each key its variable.
        others: The names of the tables that hold something else.

    Raises:
        SettingsError: The file cannot be read, or is no TOML. What else is wrong is in `problems`.
    """
    text = read_text(path)
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not valid TOML: {error}.") from None
    file = ConfigFile(path, lines=toml_lines.lines_of_keys(text))
    for name, table in found.items():
        if name in others:
            file.tables[name] = table
        elif name not in sections:
            file.note((name,), _unknown(f"{name}: is no section", name, [*sections, *others]))
        elif not isinstance(table, dict):
            file.note((name,), f"{name}: is not a table. Write [{name}] above its settings.")
        else:
            _read_section(file, name, table, sections[name])
    return file


def _read_section(file: ConfigFile, name: str, table: Mapping[str, Any], variables: Mapping[str, str]) -> None:
    for key, value in table.items():
        if key not in variables:
            file.note((name, key), _unknown(f"{name}.{key}: is no setting", key, variables))
        elif value not in ("", []):
            trimmed = value.strip() if isinstance(value, str) else value
            file.given[variables[key]] = Given(trimmed, file.place(name, key))


def _unknown(said: str, name: str, known: Collection[str]) -> str:
    close = closest(name, known)
    return f"{said} of the bridge. " + (f"Did you mean {close}?" if close else f"Use one of: {', '.join(known)}.")
