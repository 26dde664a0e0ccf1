"""Markdown before it is parsed: formulas are code, and nothing in it can hide words. Pure.

A block of HTML would take the marks in it for text, and the definition of a link would vanish, or turn words that
people have read already into a link. Both become plain lines; so does a table that is too wide for a table anywhere.
"""

import re
from collections.abc import Iterator

from bridge.markdown.blocks import NOTHING, Kind, cells, read_line
from bridge.markdown.math import formulas_as_code

_HTML = re.compile(r"<(?=[/!?A-Za-z])(?![A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>|[^\s<>@]+@[^\s<>@]+>)")
_DEFINITION = re.compile(r"\[(?:\\.|[^\[\]\\])+\](?=:)")
_BORDERS = re.compile(r"[|: \t-]+")

MOST_COLUMNS = 20
"""A wider table is text. A parser fills short rows up, so a wide header over many short rows is millions of cells."""
_MANY_BORDERS = re.compile(rf"(?m)^(?:[^|\n]*\|){{{MOST_COLUMNS}}}")


def prepared(markdown: str) -> str:
    """Return the Markdown to parse."""
    text = formulas_as_code(markdown)
    may_change = "<" in text or "]:" in text or _MANY_BORDERS.search(text) is not None
    return "\n".join(_lines(text)) if may_change else text


def _lines(text: str) -> Iterator[str]:
    state = NOTHING
    for line in text.split("\n"):
        seen = read_line(state, line)
        state = seen.after
        lead, words = line[: seen.content], line[seen.content :]
        if seen.kind not in (Kind.TEXT, Kind.MORE, Kind.DELIMITER):
            yield line
        elif _BORDERS.fullmatch(words) and cells(words) > MOST_COLUMNS:
            yield f"{lead}\\{words}"  # even where its header has other columns for us: parsers differ on bars in code
        elif _HTML.match(words):
            yield f"{lead}\\{words}"
        elif match := _DEFINITION.match(words):
            yield f"{lead}{match[0]}\\{words[match.end() :]}"
        else:
            yield line
