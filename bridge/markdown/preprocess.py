"""Markdown before it is parsed: formulas are code, and nothing in it can hide words. Pure.

A block of HTML would take the marks in it for text, and the definition of a link would vanish, or turn words that
people have read already into a link. Both become plain lines; so does a table that is too wide for a table anywhere.

A page that grows is parsed again and again. What reads the parser's events keeps what it made of a page where blocks
begin that are in no other, so that it reads the last blocks alone.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from bridge.markdown.blocks import NOTHING, Kind, cells, read_line
from bridge.markdown.math import formulas_as_code
from bridge.runtime.bounded_dict import BoundedDict

Reader = TypeVar("Reader")
State = TypeVar("State")

_HTML = re.compile(r"<(?=[/!?A-Za-z])(?![A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>|[^\s<>@]+@[^\s<>@]+>)")
_DEFINITION = re.compile(r"\[(?:\\.|[^\[\]\\])+\](?=:)")
_BORDERS = re.compile(r"[|: \t-]+")

MOST_COLUMNS = 20
"""A wider table is text. A parser fills short rows up, so a wide header over many short rows is millions of cells."""
_MANY_BORDERS = re.compile(rf"(?m)^(?:[^|\n]*+\|){{{MOST_COLUMNS}}}")


def prepared(markdown: str) -> str:
    """Return the Markdown to parse."""
    text = formulas_as_code(markdown)
    has_wide_table = text.count("|") >= MOST_COLUMNS and _MANY_BORDERS.search(text) is not None
    return "\n".join(_lines(text)) if has_wide_table or "<" in text or "]:" in text else text


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


_ALIKE = 200
"""Characters at a page's beginning by which it is known. A shorter one is read as quickly without what was kept."""
_LINK = re.compile(rb"(?m)^(?:[^\w`\n\[\\]|[0-9]{1,9}[.)]|\[[ xX]\])*\[(?:\\.|[^\[\]\\])+\]:", re.DOTALL)
"""What could define a link, whatever signs of quotes and lists stand before it."""


class BlockStarts(Generic[State]):
    """Where blocks begin in a source that grows, and what was made of all that stands before. Places are bytes."""

    def __init__(self, nothing: State) -> None:
        self._source = b""
        self._starts: list[tuple[int, State]] = [(0, nothing)]

    def go_on(self, source: bytes) -> tuple[int, State]:
        """Return where to read on in a source, and what was made of it before that place.

        That is where the block before the last one begins that both sources have the beginning of. The lines up to a
        block's first one settle what stands before the block above it, as Markdown is read line by line. What they
        say of the block above it may change: a paragraph becomes a heading or a table.
        """
        alike = bisect(self._starts, 0, key=lambda start: source[: start[0]] != self._source[: start[0]])
        known = max(0, alike - 2)
        del self._starts[known + 1 :]
        self._source = source
        return self._starts[known]

    def note(self, begin: int, state_of: Callable[[], State]) -> None:
        """Note that a block begins, and ask what was made of all before it."""
        at = self._source.rfind(b"\n", 0, begin) + 1
        if at > self._starts[-1][0] and not self._source[at:begin].strip(b" \t"):
            self._starts.append((at, state_of()))


class Readers(Generic[Reader]):
    """The readers of pages that grow, for another look at each. A page is known by how it begins."""

    def __init__(self, new: Callable[[], Reader], most: int) -> None:
        self._new = new
        self._of: BoundedDict[str, Reader] = BoundedDict(most)

    def take(self, page: str) -> Reader:
        """Return the reader of a page that begins alike, else a new one. No other call gets it until it is kept."""
        return (None if _is_read_whole(page) else self._of.pop(page[:_ALIKE], None)) or self._new()

    def keep(self, page: str, reader: Reader) -> None:
        """Keep what has read this page to its end."""
        if not _is_read_whole(page):
            self._of[page[:_ALIKE]] = reader


def _is_read_whole(page: str) -> bool:
    # The definition of a link has an effect on all of a text.
    return len(page) < _ALIKE or ("]:" in page and _LINK.search(page.encode()) is not None)
