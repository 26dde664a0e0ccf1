"""Finds the lines of a TOML file's keys, which the standard library's reader does not tell. Pure."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
"""Names of tables and keys; for an entry of an array of tables its number, from 0."""


def lines_of_keys(text: str) -> dict[Path, int]:
    """Return the line on which each table and each key of a valid TOML text begins, counted from 1."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    statement, begins = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not statement:
            if line.lstrip().startswith("["):
                table = _enter(line, counts)
                lines[table] = number
                continue
            begins = number
        statement += f"{line}\n"
        try:
            found = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # a text or a list that goes on in the next line
        statement = ""
        lines.update({(*table, *path): begins for path in _paths(found)})
    return lines


def _enter(header: str, counts: dict[Path, int]) -> Path:
    """Return the path of the table that a header opens. `counts`: the entries so far of each array of tables."""
    names = next(_paths(tomllib.loads(header)))
    is_array = header.lstrip().startswith("[[")
    path: Path = ()
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        if is_array and depth == len(names):
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _paths(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every table and key, the deepest first."""
    for name, value in found.items():
        value = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value  # noqa: PLW2901 - unwrapped
        if isinstance(value, dict):
            for path in _paths(value):
                yield (name, *path)
        yield (name,)
