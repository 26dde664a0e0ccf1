"""Tables, which Telegram does not have: monospace columns, or a card for each row where that is too wide. Pure."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from adapters.telegram.format.message_text import MessageText
from adapters.telegram.limits import TABLE_COLUMNS
from bridge.markdown.preprocess import MOST_COLUMNS

_BORDER, _RULE, _CROSS = " │ ", "─", "─┼─"
# Blanks are read from the beginning of their run alone: from each of them it would take time by the square.
_LINE_BREAK = re.compile(r"(?:(?<!\s)\s+)?<br\s*/?>\s*", re.IGNORECASE)
_PAIR = 2

MOST_CELLS = 1_000
"""Of one table in one message: a larger one is shown as it is written."""


class Cell:
    """The words of one cell, with their styles."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, str]] = []

    def write(self, text: str) -> None:
        """Add words."""
        self.pieces.append(("text", text))

    def code(self, code: str) -> None:
        """Add code."""
        self.pieces.append(("code", code))

    def begin(self, kind: str) -> None:
        """Begin a style."""
        self.pieces.append(("begin", kind))

    def end(self, kind: str) -> None:
        """End it."""
        self.pieces.append(("end", kind))

    def add(self, other: "Cell") -> None:
        """Add another cell."""
        self.write(_BORDER)
        self.pieces += other.pieces

    @cached_property
    def text(self) -> str:
        """Return its words alone. Asked for once it is whole."""
        words = "".join(words for kind, words in self.pieces if kind in ("text", "code"))
        return " ".join(_LINE_BREAK.sub(" / ", words).split())

    def draw(self, message: MessageText, *, but: str = "") -> None:
        """Write it with its styles, but for one that it stands in."""
        for kind, value in self.pieces:
            if kind == "text":
                message.write(_LINE_BREAK.sub(" / ", value))
            elif kind == "code":
                message.code(value)
            elif value != but:
                message.begin(value) if kind == "begin" else message.end(value)


class Table:
    """A table that is being read.

    Args:
        alignments: Of its columns, as the parser names them.
        at: Where in the source it stands.
    """

    def __init__(self, alignments: Sequence[str], at: int) -> None:
        self._alignments = alignments
        self._at = at
        self._rows: list[list[Cell]] = []
        self._row: list[Cell] = []
        self._width = 0
        self.is_in_row = False

    @property
    def cells(self) -> int:
        """How many cells it has, those included that fill up short rows."""
        return len(self._rows) * self._width

    def new_cell(self) -> Cell:
        """Begin the next cell of the row."""
        cell = Cell()
        self._row.append(cell)
        return cell

    def end_row(self) -> None:
        """End the row. A row can be longer than its header: what is beyond the last column stands in that."""
        self.is_in_row = False
        for cell in self._row[MOST_COLUMNS:]:
            self._row[MOST_COLUMNS - 1].add(cell)
        if self._row:
            self._rows.append(self._row[:MOST_COLUMNS])
            self._width = max(self._width, len(self._rows[-1]))
        self._row = []

    def draw(self, message: MessageText) -> None:
        """Write it."""
        self.end_row()
        if not self._rows:
            return
        width = self._width
        rows = [[*row, *(Cell() for _ in range(width - len(row)))] for row in self._rows]
        widths = [max(_columns(row[index].text) for row in rows) for index in range(width)]
        # The first block stands where the table stood; the others have an empty line before them.
        if sum(widths) + len(_BORDER) * (width - 1) <= TABLE_COLUMNS:
            message.code_block("\n".join(self._lines(rows, widths)), "", self._at)
        elif width == _PAIR:
            _draw_pairs(message, rows, self._at)
        else:
            _draw_cards(message, rows, self._at)

    def _lines(self, rows: Sequence[Sequence[Cell]], widths: Sequence[int]) -> Iterator[str]:
        alignments = [*self._alignments, *[""] * len(widths)]
        for number, row in enumerate(rows):
            padded = (
                _padded(cell.text, width, alignment)
                for cell, width, alignment in zip(row, widths, alignments, strict=False)
            )
            yield _BORDER.join(padded).rstrip()
            if number == 0:
                yield _CROSS.join(_RULE * width for width in widths)


def _columns(text: str) -> int:
    """Return how many columns of monospace characters a text takes."""
    # Imported late: not each bot shows tables.
    from rich.cells import cell_len  # noqa: PLC0415 - the reason stands above

    return cell_len(text)


def _padded(text: str, width: int, alignment: str) -> str:
    room = width - _columns(text)
    if alignment == "Right":
        return " " * room + text
    if alignment == "Center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room


def _draw_pairs(message: MessageText, rows: Sequence[Sequence[Cell]], at: int) -> None:
    """Show two columns as a list: the first in bold, the second behind it."""
    is_drawn = _draw_overview(message, rows[0], at)
    if len(rows) == 1:
        return
    message.start_list(None, None if is_drawn else at)
    for name, value in rows[1:]:
        message.start_item()
        _draw_strong(message, name)
        if value.text:
            message.write(": " if name.text else "")
            value.draw(message)
        message.end_item()
    message.end_list()


def _draw_cards(message: MessageText, rows: Sequence[Sequence[Cell]], at: int) -> None:
    """Show each row as a paragraph: its first cell in bold, then a line for each other cell."""
    header = rows[0]
    is_drawn = _draw_overview(message, header, at)
    for row in rows[1:]:
        message.start_lines(None if is_drawn else at)
        is_drawn = True
        _draw_strong(message, row[0])
        for name, cell in zip(header[1:], row[1:], strict=True):
            if cell.text:
                message.write(f"\n{name.text}: " if name.text else "\n")
                cell.draw(message)
        message.end_paragraph()


def _draw_overview(message: MessageText, header: Sequence[Cell], at: int) -> bool:
    """Name the columns once, in their order. False where none has a name."""
    names = [cell.text for cell in header if cell.text]
    if names:
        message.start_lines(at)
        message.begin("italic")
        message.write(" · ".join(names))
        message.end("italic")
        message.end_paragraph()
    return bool(names)


def _draw_strong(message: MessageText, cell: Cell) -> None:
    if cell.text:
        message.begin("bold")
        cell.draw(message, but="bold")
        message.end("bold")
