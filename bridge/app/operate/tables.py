"""How the commands show durations, times, amounts and tables."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

_BAR, _SHORTEST_BAR = 20, 6
_NARROWEST = 20
"""Cells of a column that is folded."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_GAP = 2


def duration(seconds: float) -> str:
    """Show a duration in its two largest units, such as `5m 12s`."""
    left, parts = max(0, round(seconds)), list[str]()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def moment(at: float) -> str:
    """Show a time, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def counted(count: int, noun: str) -> str:
    """Show a number of things, such as `1 session` or `1,200 sessions`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def total_tokens(usage: Mapping[str, int]) -> int:
    """Return the total where TalkifAI names one, else the sum of the parts."""
    return usage.get("total_tokens", sum(usage.values()))


def bar(share: float, cells: int) -> str:
    """Show a share of the largest, from 0 to 1, in so many cells. What is not 0 shows."""
    whole, eighths = divmod(max(round(share * cells * 8), int(share > 0)), 8)
    return ("█" * whole + _EIGHTHS[eighths]).rstrip()


def show(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[str] = (),
    folded: str = "",
    bars: Sequence[float] = (),
) -> None:
    """Print a table. Where the terminal is too narrow for it, each row becomes a paragraph: no id is ever broken.

    Args:
        columns: Their headings.
        rows: Their cells.
        numbers: The columns that are aligned to the right.
        folded: The one column whose cells may take several lines.
        bars: For each row a share of the largest, drawn behind it where there is room.
    """
    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]
    width = sum(widths) + _GAP * (len(widths) - 1)
    room = Console().width if sys.stdout.isatty() else width + _GAP + _BAR
    if width > room and folded:
        at = columns.index(folded)
        widths[at] -= width - room
        width = room if widths[at] >= _NARROWEST else width
    console = Console(highlight=False, width=room)
    if width > room:
        _show_paragraphs(console, columns, rows)
        return
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for name, cells in zip(columns, widths, strict=True):
        justify: JustifyMethod = "right" if name in numbers else "left"
        table.add_column(name, justify=justify, width=cells, no_wrap=name != folded, overflow="fold")
    cells = min(_BAR, room - width - _GAP)
    drawn = [bar(share, cells) for share in bars] if cells >= _SHORTEST_BAR else []
    if drawn:
        table.add_column("", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(*map(Text, (*row, *drawn[number : number + 1])))
    with console.capture() as drawn_table:
        console.print(table)
    # Rich fills the last column with blanks, which would wrap where a pipe leads to a narrower terminal.
    print("\n".join(line.rstrip() for line in drawn_table.get().splitlines()))


def _show_paragraphs(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row as its first cell and, below it, the others with their names."""
    for row in rows:
        console.print(Text(row[0], style="bold"), soft_wrap=True)
        facts = [f"{name} {cell}" for name, cell in zip(columns[1:], row[1:], strict=True) if cell]
        for line in _filled(facts, console.width):
            console.print(Text(line), soft_wrap=True)


def _filled(parts: Sequence[str], width: int) -> Iterator[str]:
    """Put as many parts on a line as it has room for."""
    line = ""
    for part in parts:
        if line and cell_len(line) + len(" · ") + cell_len(part) > width:
            yield line
            line = ""
        line = f"{line} · {part}" if line else f"  {part}"
    if line:
        yield line
