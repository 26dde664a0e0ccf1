"""Characters as people see them, which must not be cut apart: grapheme clusters of Unicode (UAX 29). Pure."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

ZERO_WIDTH_JOINER = "\u200d"


def is_flag_half(character: str) -> bool:
    """Say whether this is one of the letters that make a flag in pairs."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def clusters(text: str) -> Iterator[str]:
    """Yield the characters as people see them."""
    return (found[0] for found in _cluster().finditer(text))


def before_cluster(text: str, position: int) -> int:
    """Move a cut back out of a cluster; back to `position` where one fills all the text before it."""
    around = text[position - 1 : position + 1] if 0 < position < len(text) else ""
    if around.isascii() and around != "\r\n":
        return position
    # A line end is a boundary whatever stands around it, so clusters are counted from there.
    place = text.rfind("\n", 0, position) + 1
    for found in _cluster().finditer(text, place):
        if found.end() > position:
            break
        place = found.end()
    return place or position


@cache
def _cluster() -> "Pattern[str]":
    # Imported late: 1.4 MB for the few cuts that have no ASCII on both sides.
    import regex  # noqa: PLC0415 - the reason stands above

    return regex.compile(r"\X")
