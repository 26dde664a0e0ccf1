"""Marks on a text, made acceptable to Telegram's server. Pure.

The Bot API ("MessageEntity") wants them nested cleanly, without code inside other marks and without quotes inside
quotes; the server refuses a message with a mark that is out of range or splits a character (server source).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

CODE_KINDS = ("pre", "code")
_STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
_QUOTES = ("blockquote", "expandable_blockquote")
_WORTH = {kind: rank for rank, kind in enumerate(("pre", "text_link", "code", *_QUOTES, *_STYLES))}
"""Which marks stay when there are too many: those that carry meaning first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text and what it is, counted in code points: `text[start:end]`."""

    kind: str
    """As Bot API's `MessageEntity.type`."""
    start: int
    end: int
    url: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Span:
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
    units = _units_before(text)
    return tuple(
        Span(mark.kind, units[mark.start], units[mark.end] - units[mark.start], mark.url, mark.language)
        for mark in marks
    )


def trimmed(text: str, marks: Sequence[Mark]) -> tuple[str, list[Mark]]:
    """Cut white space from both ends, as the server does."""
    kept = text.strip()
    lead = len(text) - len(text.lstrip())
    moved = (
        replace(mark, start=max(0, mark.start - lead), end=min(len(kept), max(0, mark.end - lead))) for mark in marks
    )
    return kept, [mark for mark in moved if mark.start < mark.end]


def tidied(text: str, marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks nested cleanly, none of them empty or ending in white space."""
    links = _apart([mark for mark in marks if mark.kind == "text_link"])
    pres = _apart([mark for mark in marks if mark.kind == "pre"], links)
    codes = _apart([mark for mark in marks if mark.kind == "code"], [*links, *pres])
    quotes = _apart(sorted((mark for mark in marks if mark.kind in _QUOTES), key=lambda mark: mark.start - mark.end))
    code = sorted([*pres, *codes], key=lambda mark: mark.start)
    styles = [piece for kind in _STYLES for piece in _around(_merged(marks, kind), code)]
    shrunk = (_shrunk(text, mark) for mark in (*links, *code, *quotes, *styles))
    return _in_order(mark for mark in shrunk if mark.start < mark.end)


def worthiest(marks: Sequence[Mark], most: int) -> list[Mark]:
    """Return at most `most` marks, those that carry most meaning."""
    if len(marks) <= most:
        return list(marks)
    return _in_order(sorted(marks, key=lambda mark: (_WORTH[mark.kind], mark.start))[:most])


def _in_order(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (mark.start, -mark.end, _WORTH[mark.kind]))


def _units_before(text: str) -> Sequence[int]:
    if utf16_length(text) == len(text):
        return range(len(text) + 1)
    return [0, *accumulate(2 if character > "\uffff" else 1 for character in text)]


def _apart(marks: Iterable[Mark], taken: Sequence[Mark] = ()) -> list[Mark]:
    """Keep the marks that touch none before them and none that is taken."""
    stretches = Stretches(taken)
    kept: list[Mark] = []
    for mark in marks:
        if not stretches.touch(mark.start, mark.end):
            kept.append(mark)
            stretches.add(mark)
    return kept


def _merged(marks: Sequence[Mark], kind: str) -> Iterator[Mark]:
    """Join marks of one kind that overlap."""
    current: Mark | None = None
    for mark in sorted((mark for mark in marks if mark.kind == kind), key=lambda mark: mark.start):
        if current is not None and mark.start <= current.end:
            current = replace(current, end=max(current.end, mark.end))
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
                yield replace(style, start=start, end=hole.start)
            start = max(start, hole.end)
        if start < style.end:
            yield replace(style, start=start)


def _shrunk(text: str, mark: Mark) -> Mark:
    """Cut white space from the ends of a mark; of code only where nothing else is in it."""
    words = text[mark.start : mark.end]
    if mark.kind in CODE_KINDS:
        return mark if words.strip() else replace(mark, end=mark.start)
    lead, body = len(words) - len(words.lstrip()), words.strip()
    return replace(mark, start=mark.start + lead, end=mark.start + lead + len(body))
