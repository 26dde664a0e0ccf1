"""What Markdown's lines are: which block each belongs to, and in which quotes and list items. Pure.

Follows CommonMark (sections 4 and 5) and GFM's tables as far as lines go; what is inside a line is in
`inline`. HTML is text everywhere, as every channel shows it.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

_HEADING = re.compile(r"#{1,6}(?:[ \t]+|$)")
_FENCE = re.compile(r"(`{3,}|~{3,})([^\n]*)")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_UNDERLINE = re.compile(r"(?:=+|-+)[ \t]*")
_MARKER = re.compile(r"(?:([-+*])|([0-9]{1,9})([.)]))(?=[ \t]|$)")
_DELIMITER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_PIPE = re.compile(r"\\.|`+[^`]*`+|(\|)")
_BLOCK_SIGNS, _CONTAINER_SIGNS = frozenset("#`~*-_"), frozenset(">-+*0123456789")
_DELIMITER_SIGNS, _WHITE = frozenset("|:-"), frozenset(" \t")
_CODE_INDENT = _TAB = 4
_MOST_CONTAINERS = 16
"""Quotes and items inside each other; deeper ones are text."""


class Kind(Enum):
    """What a line is."""

    BLANK = auto()
    TEXT = auto()
    """The first line of a paragraph."""
    MORE = auto()
    """A further line of a paragraph."""
    HEADING = auto()
    UNDERLINE = auto()
    """Makes a heading of the paragraph above it."""
    RULE = auto()
    FENCE = auto()
    """Opens a block of code."""
    CODE = auto()
    FENCE_END = auto()
    INDENTED = auto()
    """Code by its indentation."""
    DELIMITER = auto()
    """The line under a table's header."""
    ROW = auto()


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quote that is open."""


class Item(NamedTuple):
    """A list item that is open."""

    lead: int
    """Columns before its marker."""
    sign: str
    """The bullet, or what follows the number."""
    number: int | None
    """Its number as people see it, whatever the source says."""
    width: int
    """Columns from the start of the surrounding block to the item's text."""

    @property
    def marker(self) -> str:
        """Return its bullet or number."""
        return self.sign if self.number is None else f"{self.number}{self.sign}"

    @property
    def excess(self) -> int:
        """Columns that its true number takes beyond the one in the source."""
        return max(0, self.lead + len(self.marker) + 1 - self.width)


Container = Quote | Item


class Paragraph(NamedTuple):
    """A paragraph that is open. A tuple like `Open` and `Line`: every line makes one of each."""

    last: str
    """Its last line, which a table's delimiter row would make the header."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code that is open."""

    opener: str
    """The whole opening line, with its language."""
    marker: str
    """What closes it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is open."""

    header: str
    delimiter: str


Leaf = Paragraph | Fence | Table


class Open(NamedTuple):
    """What is open between two lines."""

    containers: tuple[Container, ...] = ()
    leaf: Leaf | None = None


class Line(NamedTuple):
    """One line, and what is open after it."""

    kind: Kind
    after: Open
    content: int
    """Where in the line its text begins, behind all marks."""
    kept: int
    """How many of the containers open before go on here."""
    has_marker: bool = False
    """True where a list item begins here."""


NOTHING = Open()


def continuation(containers: tuple[Container, ...]) -> str:
    """Return what a further line in these containers begins with."""
    return "".join("> " if isinstance(held, Quote) else " " * held.width for held in containers)


def cells(row: str) -> int:
    """Count the cells of a table's line."""
    body = row.strip()
    bars = [match.start(1) for match in _PIPE.finditer(body) if match[1]]
    inner = [bar for bar in bars if 0 < bar < len(body) - 1]
    return len(inner) + 1


def first_bar(line: str) -> int | None:
    """Return where a line's first cell border stands, outside code."""
    return next((match.start(1) for match in _PIPE.finditer(line) if match[1]), None)


def read_line(before: Open, line: str) -> Line:
    """Read one line, without its line end."""
    if not before.containers and (line[:1].isalpha() or not line):
        return _plain_line(before, line)
    at, kept = _matched(before.containers, line) if before.containers else (0, 0)
    all_kept = kept == len(before.containers)
    if isinstance(before.leaf, Fence) and all_kept:
        return _in_code(before, before.leaf, line, at)
    if not line[at:].strip():
        return Line(Kind.BLANK, Open(before.containers[:kept]), len(line), kept)
    interrupts = all_kept and isinstance(before.leaf, Paragraph)
    containers, at, has_marker = _opened(before.containers, kept, line, at, interrupts=interrupts)
    indent, start = _indent(line, at)
    if len(containers) == kept:
        same = _same_block(before, line[start:], start, kept, indent)
        if same is not None:
            return same
    if indent >= _CODE_INDENT:
        return Line(Kind.INDENTED, Open(containers), start, kept, has_marker)
    kind, leaf, mark = _started(line[start:])
    return Line(kind, Open(containers, leaf), start + mark, kept, has_marker)


def _plain_line(before: Open, line: str) -> Line:
    """Read an empty line, or one that begins with a letter, outside of quotes and lists: most lines are such."""
    leaf = before.leaf
    if isinstance(leaf, Fence):
        return Line(Kind.CODE, before, 0, 0)
    if not line:
        return Line(Kind.BLANK, NOTHING, 0, 0)
    if isinstance(leaf, Table):
        return Line(Kind.ROW, before, 0, 0)
    return Line(Kind.TEXT if leaf is None else Kind.MORE, Open((), Paragraph(line)), 0, 0)


def _matched(containers: tuple[Container, ...], line: str) -> tuple[int, int]:
    """Return where the line's text begins behind the marks of the containers that go on, and how many those are."""
    at = kept = 0
    for held in containers:
        indent, start = _indent(line, at)
        if isinstance(held, Quote):
            if indent >= _CODE_INDENT or line[start : start + 1] != ">":
                break
            at = _behind_quote(line, start)
        elif start < len(line):
            if indent < held.width:
                break
            at = _skipped(line, at, held.width)
        kept += 1
    return at, kept


def _in_code(before: Open, fence: Fence, line: str, at: int) -> Line:
    indent, start = _indent(line, at)
    match, count = _FENCE.fullmatch(line[start:]), len(before.containers)
    ends = match is not None and match[1][0] == fence.marker[0] and len(match[1]) >= len(fence.marker)
    if ends and match is not None and not match[2].strip() and indent < _CODE_INDENT:
        return Line(Kind.FENCE_END, Open(before.containers), start, count)
    return Line(Kind.CODE, before, at, count)


def _opened(
    open_before: tuple[Container, ...], kept: int, line: str, at: int, *, interrupts: bool
) -> tuple[tuple[Container, ...], int, bool]:
    """Open the quotes and items that begin in this line."""
    containers = open_before[:kept]
    has_marker = False
    while len(containers) < _MOST_CONTAINERS:
        indent, start = _indent(line, at)
        if indent >= _CODE_INDENT:
            break
        if start == len(line) or line[start] not in _CONTAINER_SIGNS:
            break
        if line[start] == ">":
            containers, at = (*containers, Quote()), _behind_quote(line, start)
            interrupts = False
            continue
        match = _MARKER.match(line, start)
        if match is None or _RULE.fullmatch(line, start):
            break
        after, text = _indent(line, match.end())
        is_empty = text == len(line)
        if interrupts and (is_empty or (match[2] and int(match[2]) != 1)):
            break  # CommonMark, list items: only such a list can interrupt a paragraph
        gap = 1 if is_empty or after > _CODE_INDENT else after
        number = int(match[2]) if match[2] else None
        older = open_before[len(containers)] if len(containers) == kept < len(open_before) else None
        sign = match[1] or match[3]
        if isinstance(older, Item) and older.sign == sign and older.number is not None and number is not None:
            number = older.number + 1
        width = indent + len(match[0]) + gap
        containers = (*containers, Item(indent, sign, number, width))
        at, has_marker, interrupts = _skipped(line, match.end(), gap), True, False
    return containers, at, has_marker


def _same_block(before: Open, text: str, start: int, kept: int, indent: int) -> Line | None:
    """Read a line that opens no container as part of the paragraph or table before it; None where it is not."""
    leaf = before.leaf
    if not isinstance(leaf, Paragraph | Table):
        return None
    all_kept = kept == len(before.containers)
    is_text = indent >= _CODE_INDENT or _started(text)[0] is Kind.TEXT
    if isinstance(leaf, Table):
        is_row = all_kept and is_text and indent < _CODE_INDENT
        return Line(Kind.ROW, before, start, kept) if is_row else None
    if all_kept and indent < _CODE_INDENT:
        is_delimiter = text[:1] in _DELIMITER_SIGNS and _DELIMITER.fullmatch(text) is not None
        if is_delimiter and "|" in leaf.last + text and cells(leaf.last) == cells(text):
            return Line(Kind.DELIMITER, Open(before.containers, Table(leaf.last, text)), start, kept)
        if _UNDERLINE.fullmatch(text):
            return Line(Kind.UNDERLINE, Open(before.containers), start, kept)
    # Also a lazy line, which leaves the marks of its quote or item out.
    return Line(Kind.MORE, Open(before.containers, Paragraph(text)), start, kept) if is_text else None


def _started(text: str) -> tuple[Kind, Leaf | None, int]:
    """Return the block that begins with this text, and how long its mark is."""
    if text[:1] not in _BLOCK_SIGNS:
        return Kind.TEXT, Paragraph(text), 0
    if heading := _HEADING.match(text):
        return Kind.HEADING, None, heading.end()
    fence = _FENCE.fullmatch(text)
    # An info string with a backtick in it is inline code, not a fence (CommonMark 4.5).
    if fence and not (fence[1][0] == "`" and "`" in fence[2]):
        return Kind.FENCE, Fence(text.strip(), fence[1]), 0
    if _RULE.fullmatch(text):
        return Kind.RULE, None, 0
    return Kind.TEXT, Paragraph(text), 0


def _indent(line: str, at: int) -> tuple[int, int]:
    """Return how many columns of white space stand at a place, and where they end."""
    count, size = 0, len(line)
    while at < size and line[at] in _WHITE:
        count += _TAB - count % _TAB if line[at] == "\t" else 1
        at += 1
    return count, at


def _skipped(line: str, at: int, width: int) -> int:
    count = 0
    while at < len(line) and count < width and line[at] in " \t":
        count += _TAB - count % _TAB if line[at] == "\t" else 1
        at += 1
    return at


def _behind_quote(line: str, start: int) -> int:
    return start + 1 + (line[start + 1 : start + 2] in (" ", "\t"))
