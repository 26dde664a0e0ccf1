"""Reads what is set, and where: the environment and a `.env` file, in the variables' names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream

from config.values.errors import SettingsError

ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Given:
    """One value as it was found."""

    value: Any
    """Trimmed text; from a configuration file also a number, a bool or a list."""
    place: str
    """`environment`, or the file and its line: `.env:3`."""

    @property
    def prefix(self) -> str:
        """What stands in front of a line about the value."""
        return "" if self.place == ENVIRONMENT else f"{self.place}: "


def read_environment() -> dict[str, Given]:
    """Return the variables of this process that are not empty."""
    return _trimmed(os.environ, {})


def read_overrides(overrides: Mapping[str, str]) -> dict[str, Given]:
    """Return values that this process was given by its own code; they count as its environment."""
    return _trimmed(overrides, {})


def read_env_file(path: Path | None) -> dict[str, Given]:
    """Return what a file of `NAME=value` lines sets; nothing where there is no such file.

    Raises `SettingsError` for a file that cannot be read, and for each line that is no such line.
    """
    if path is None or not path.is_file():
        return {}
    text = read_text(path)
    # Why: the values come from `dotenv_values`, which expands `${NAME}`; only its parser knows the lines.
    bindings = list(parse_stream(StringIO(text)))
    broken = [_first_line(binding.original) for binding in bindings if binding.error]
    if broken:
        remedy = "Write NAME=value, close every quote, or put # in front."
        raise SettingsError(*(f"{path}:{line}: is not a setting. {remedy}" for line in broken))
    places = {binding.key: f"{path}:{_first_line(binding.original)}" for binding in bindings if binding.key}
    return _trimmed(dotenv_values(stream=StringIO(text)), places)


def _first_line(original: Original) -> int:
    """Return the number of the first line that is not empty."""
    blank = original.string[: len(original.string) - len(original.string.lstrip())]
    return original.line + blank.count("\n")


def read_text(path: Path) -> str:
    """Return a file's text. Raises `SettingsError` naming the file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text. Save it again as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}). Check the path and who may read it.") from None


def _trimmed(values: Mapping[str, str | None], places: Mapping[str, str]) -> dict[str, Given]:
    return {
        name: Given(value.strip(), places.get(name, ENVIRONMENT))
        for name, value in values.items()
        if value and value.strip()
    }
