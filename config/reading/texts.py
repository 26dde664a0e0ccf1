"""Reads the operator's own texts of a configuration file. What each may say, the bridge checks."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from config.reading.config_file import ConfigFile
from config.values.own_text import TABLE, OwnText


def read_texts(file: ConfigFile, languages: Collection[str]) -> tuple[OwnText, ...]:
    """Return the texts. What is wrong in their form goes to the file's problems."""
    table = file.tables.get(TABLE, {})
    if not isinstance(table, dict):
        file.note((TABLE,), "texts: is not a table. Write [texts] above lines of name = text.")
        return ()
    return tuple(_read(file, table, languages))


def _read(file: ConfigFile, table: Mapping[str, Any], languages: Collection[str]) -> Iterator[OwnText]:
    for name, value in table.items():
        if name in languages and isinstance(value, dict):
            for inner, words in value.items():
                yield from _text(file, name, inner, words)
        elif len(name) == 2:  # noqa: PLR2004 - the code of a language; no text has so short a name
            file.note(
                (TABLE, name),
                f"texts.{name}: is no language of the bridge, or no table. Use one of: {', '.join(languages)}.",
            )
        else:
            yield from _text(file, "", name, value)


def _text(file: ConfigFile, language: str, name: str, words: Any) -> Iterator[OwnText]:
    path = tuple(filter(None, (TABLE, language, name)))
    forms = words.values() if isinstance(words, dict) else [words]
    if not forms or not all(isinstance(form, str) for form in forms):
        file.note(path, f'{".".join(path)}: is not text. Put it in quotes; plural forms: {{ one = "…", other = "…" }}.')
        return
    yield OwnText(language=language, name=name, words=words, place=file.place(*path))
