"""How the commands show durations, times and tables."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

_BAR = 20


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


def bar(value: float, most: float) -> str:
    """Show how a value compares with the largest."""
    return "█" * (round(_BAR * value / most) if most else 0)


def show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. If the output is no terminal, no line is folded."""
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
