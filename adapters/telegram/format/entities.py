"""Marks on a text, made acceptable to Telegram's server. Pure.

The Bot API ("MessageEntity") wants them nested cleanly, without code inside other marks and without quotes inside
quotes; the server refuses a message with a mark that is out of range or splits a character (server source).
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

CODE_KINDS = ("pre", "code")
_STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
_QUOTES = ("blockquote", "expandable_blockquote")
_WORTH = {kind: rank for rank, kind in enumerate(("pre", "text_link", "code", *_QUOTES, *_STYLES))}
"""Which marks stay when there are too many: those that carry meaning first."""
_START = attrgetter("start")
_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")


class Mark(NamedTuple):
    """A stretch of text and what it is, counted in code points: `text[start:end]`.

    A tuple like `Span`: a page has many, and each look at it makes them anew.
    """

    kind: str
    """As Bot API's `MessageEntity.type`."""
    start: int
    end: int
    url: str = ""
    language: str = ""

    def at(self, start: int, end: int) -> "Mark":
        """Return the same mark on another stretch; itself where that is its own."""
        if start == self.start and end == self.end:
            return self
        return Mark(self.kind, start, end, self.url, self.language)


class Span(NamedTuple):
    """The same in UTF-16 units, as the Bot API counts."""

    kind: str
    offset: int
    length: int
    url: str = ""
    language: str = ""


class Stretches:
    """What marks cover of a text, quick to ask where they are many."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for mark in marks:
            self.add(mark)

    def touch(self, start: int, end: int) -> bool:
        """Say whether any of `text[start:end]` is covered."""
        before = bisect_left(self._starts, end)
        return before > 0 and self._ends[before - 1] > start

    def add(self, mark: Mark) -> None:
        """Cover what this mark covers."""
        first, last = bisect_right(self._ends, mark.start), bisect_left(self._starts, mark.end)
        touched = slice(first, max(first, last))
        start = min([mark.start, *self._starts[touched]])
        end = max([mark.end, *self._ends[touched]])
        self._starts[touched], self._ends[touched] = [start], [end]


def utf16_length(text: str) -> int:
    """Count UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def spans_of(text: str, marks: Sequence[Mark]) -> tuple[Span, ...]:
    """Count marks in UTF-16 units."""
    # Characters of two units are rare: a mark moves by how many stand before it.
    wide = [] if text.isascii() else [found.start() for found in _TWO_UNITS.finditer(text)]
    if not wide:
        return tuple([Span(kind, start, end - start, url, language) for kind, start, end, url, language in marks])
    spans = []
    for kind, start, end, url, language in marks:
        before, within = bisect_left(wide, start), bisect_left(wide, end)
        spans.append(Span(kind, start + before, end - start + within - before, url, language))
    return tuple(spans)


def trimmed(text: str, marks: Sequence[Mark]) -> tuple[str, list[Mark]]:
    """Cut white space from both ends, as the server does."""
    kept = text.strip()
    lead = len(text) - len(text.lstrip()) if len(kept) < len(text) else 0
    size = len(kept)
    if not lead:
        return kept, [mark if mark.end <= size else mark.at(mark.start, size) for mark in marks if mark.start < size]
    moved = [mark.at(max(0, mark.start - lead), min(size, max(0, mark.end - lead))) for mark in marks]
    return kept, [mark for mark in moved if mark.start < mark.end]


def tidied(text: str, marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks nested cleanly, none of them empty or ending in white space."""
    in_order = sorted(marks, key=_START)
    tidy: list[Mark] = []
    at = 0
    while at < len(in_order):
        # Most marks touch no other.
        first, end, at = at, in_order[at].end, at + 1
        while at < len(in_order) and in_order[at].start <= end:
            end = max(end, in_order[at].end)
            at += 1
        group = in_order[first:at]
        if len(group) == 1:
            tidy += _shrunk_all(text, group)
        else:
            tidy += _in_order(_shrunk_all(text, group if _are_of_a_heading(group) else _nested(group)))
    return tidy


def _are_of_a_heading(marks: Sequence[Mark]) -> bool:
    """Say whether these are the two styles of a heading, which stand well together."""
    one, other, *more = marks
    return not more and {one.kind, other.kind} == {"bold", "underline"} and one[1:] == other[1:]


def _nested(marks: Sequence[Mark]) -> list[Mark]:
    """Cut apart what touches each other, as far as it may not."""
    of: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        of[mark.kind].append(mark)
    links = _apart(of["text_link"])
    pres = _apart(of["pre"], links)
    codes = _apart(of["code"], [*links, *pres])
    quotes = _apart(sorted((mark for mark in marks if mark.kind in _QUOTES), key=lambda mark: mark.start - mark.end))
    code = sorted([*pres, *codes], key=_START)
    styles = [piece for kind in _STYLES for piece in _around(_merged(of[kind]), code)]
    return [*links, *code, *quotes, *styles]


def worthiest(marks: Sequence[Mark], most: int) -> list[Mark]:
    """Return at most `most` marks, those that carry most meaning."""
    if len(marks) <= most:
        return list(marks)
    return _in_order(sorted(marks, key=lambda mark: (_WORTH[mark.kind], mark.start))[:most])


def _in_order(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (mark.start, -mark.end, _WORTH[mark.kind]))


def _apart(marks: Iterable[Mark], taken: Sequence[Mark] = ()) -> list[Mark]:
    """Keep the marks that touch none before them and none that is taken."""
    stretches = Stretches(taken)
    kept: list[Mark] = []
    for mark in marks:
        if not stretches.touch(mark.start, mark.end):
            kept.append(mark)
            stretches.add(mark)
    return kept


def _merged(marks: Iterable[Mark]) -> Iterator[Mark]:
    """Join marks that overlap."""
    current: Mark | None = None
    for mark in sorted(marks, key=_START):
        if current is not None and mark.start <= current.end:
            current = current.at(current.start, max(current.end, mark.end))
            continue
        if current is not None:
            yield current
        current = mark
    if current is not None:
        yield current


def _around(styles: Iterable[Mark], code: Sequence[Mark]) -> Iterator[Mark]:
    """Cut code, which takes no other mark, out of styles. The code is in order and apart."""
    ends = [hole.end for hole in code]
    for style in styles:
        start = style.start
        for hole in code[bisect_right(ends, start) :]:
            if hole.start >= style.end:
                break
            if start < hole.start:
                yield style.at(start, hole.start)
            start = max(start, hole.end)
        if start < style.end:
            yield style.at(start, style.end)


def _shrunk_all(text: str, marks: Iterable[Mark]) -> list[Mark]:
    """Cut white space from the ends of marks, and leave out what is nothing else."""
    return [mark for mark in [_shrunk(text, mark) for mark in marks] if mark.start < mark.end]


def _shrunk(text: str, mark: Mark) -> Mark:
    """Cut white space from the ends of a mark; of code only where nothing else is in it."""
    if not (text[mark.start].isspace() or text[mark.end - 1].isspace()):
        return mark
    words = text[mark.start : mark.end]
    body = words.strip()
    if mark.kind in CODE_KINDS:
        return mark if body else mark.at(mark.start, mark.start)
    start = mark.start + len(words) - len(words.lstrip())
    return mark.at(start, start + len(body))
