"""Tables, which Telegram does not have: columns of monospace text, or a card for each row where that is too wide. Pure.

Takes and returns the parser's events, see `adapters/telegram/rewriting.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from adapters.telegram.limits import TABLE_COLUMNS
from bridge.markdown.graphemes import columns
from bridge.markdown.preprocess import MOST_COLUMNS

Event = Any
RangedEvent = tuple[Event, Mapping[str, int]]

_BORDER, _RULE, _CROSS = " │ ", "─", "─┼─"
_LINE_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_PAIR = 2


@dataclass(slots=True)
class _Cell:
    events: list[Event] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return its words alone."""
        words = "".join(_words(event) for event in self.events)
        return " ".join(_LINE_BREAK.sub(" / ", words).split())


def table(events: Sequence[RangedEvent], alignments: Sequence[str]) -> list[RangedEvent]:
    """Return what is shown for a table, given the events between its start and its end."""
    if not events:
        return []
    rows = [_narrow(row) for row in _rows(event for event, _ in events) if row]
    if not rows:
        return []
    width = max(len(row) for row in rows)
    full = [[*row, *(_Cell() for _ in range(width - len(row)))] for row in rows]
    widths = [max(columns(row[index].text) for row in full) for index in range(width)]
    if sum(widths) + len(_BORDER) * (width - 1) <= TABLE_COLUMNS:
        shown = _as_columns(full, widths, alignments)
    else:
        shown = _as_pairs(full) if width == _PAIR else _as_cards(full)
    # The first block stands where the table stood; without a place, the others have an empty line before them.
    places = chain([events[0][1]], repeat({}))
    return list(zip(shown, places, strict=False))


def _rows(events: Iterator[Event]) -> Iterator[list[_Cell]]:
    row: list[_Cell] = []
    cell: _Cell | None = None
    for event in events:
        match event:
            case {"Start": "TableCell"}:
                cell = _Cell()
            case {"End": "TableCell"} if cell is not None:
                row.append(cell)
                cell = None
            case {"End": "TableRow" | "TableHead"}:
                yield row
                row = []
            case _ if cell is not None:
                cell.events.append(event)
            case _:
                continue
    yield row


def _narrow(row: list[_Cell]) -> list[_Cell]:
    """Put what is beyond the last column into it: a row can be longer than its header."""
    for cell in row[MOST_COLUMNS:]:
        row[MOST_COLUMNS - 1].events += [{"Text": _BORDER}, *cell.events]
    return row[:MOST_COLUMNS]


def _words(event: Event) -> str:
    match event:
        case {"Text": str(words)} | {"Code": str(words)}:
            return words
        case "SoftBreak" | "HardBreak":
            return " "
        case _:
            return ""


def _as_columns(rows: Sequence[Sequence[_Cell]], widths: Sequence[int], alignments: Sequence[str]) -> Iterator[Event]:
    lines = []
    for number, row in enumerate(rows):
        padded = [
            _padded(cell.text, width, alignments[index] if index < len(alignments) else "")
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(_BORDER.join(padded).rstrip())
        if number == 0:
            lines.append(_CROSS.join(_RULE * width for width in widths))
    kind = {"CodeBlock": {"Fenced": ""}}
    yield {"Start": kind}
    yield {"Text": "\n".join(lines) + "\n"}
    yield {"End": "CodeBlock"}


def _padded(text: str, width: int, alignment: str) -> str:
    room = width - columns(text)
    if alignment == "Right":
        return " " * room + text
    if alignment == "Center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room


def _as_pairs(rows: Sequence[Sequence[_Cell]]) -> Iterator[Event]:
    """Show two columns as a list: the first in bold, the second behind it."""
    yield from _overview(rows[0])
    if len(rows) == 1:
        return
    yield {"Start": {"List": None}}
    for name, value in rows[1:]:
        yield {"Start": "Item"}
        yield from _strong(name)
        if value.text:
            yield {"Text": ": " if name.text else ""}
            yield from _inline(value)
        yield {"End": "Item"}
    yield {"End": {"List": False}}


def _as_cards(rows: Sequence[Sequence[_Cell]]) -> Iterator[Event]:
    """Show each row as a paragraph: its first cell in bold, then a line for each other cell."""
    header = rows[0]
    yield from _overview(header)
    for row in rows[1:]:
        yield {"Start": "Paragraph"}
        yield from _strong(row[0])
        for name, cell in zip(header[1:], row[1:], strict=True):
            if not cell.text:
                continue
            yield "HardBreak"
            yield {"Text": f"{name.text}: " if name.text else ""}
            yield from _inline(cell)
        yield {"End": "Paragraph"}


def _overview(header: Sequence[_Cell]) -> Iterator[Event]:
    """Name the columns once, in their order."""
    names = [cell.text for cell in header if cell.text]
    if names:
        yield {"Start": "Paragraph"}
        yield {"Start": "Emphasis"}
        yield {"Text": " · ".join(names)}
        yield {"End": "Emphasis"}
        yield {"End": "Paragraph"}


def _strong(cell: _Cell) -> Iterator[Event]:
    if cell.text:
        yield {"Start": "Strong"}
        yield from (event for event in _inline(cell) if event not in ({"Start": "Strong"}, {"End": "Strong"}))
        yield {"End": "Strong"}


def _inline(cell: _Cell) -> Iterator[Event]:
    for event in cell.events:
        if isinstance(event, dict) and "Text" in event:
            yield {"Text": _LINE_BREAK.sub(" / ", event["Text"])}
        else:
            yield event
