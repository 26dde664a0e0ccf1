"""Characters as people see them: what must not be cut apart, and how wide it stands in a monospace font. Pure.

The rules are the part of Unicode's text segmentation (UAX 29) that chat texts need: combining marks, joined emoji,
skin tones, flags of both kinds, Hangul, and CR before LF.
"""

import unicodedata
from collections.abc import Iterator

ZERO_WIDTH_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_MARKS = frozenset({"Mn", "Me", "Mc"})
_THAI_AND_LAO_AM = frozenset("\u0e33\u0eb3")


def joins(before: str, after: str) -> bool:
    """Say whether a character belongs to the one before it. Flags are counted apart, see `clusters`."""
    if ZERO_WIDTH_JOINER in (before, after):
        return True
    if after < "\u0300":
        return before == "\r" and after == "\n"
    return (
        unicodedata.category(after) in _MARKS
        or after in _THAI_AND_LAO_AM
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags, which spell the flags of countries in a country
        or ("\u1160" <= after <= "\u11ff" and "\u1100" <= before <= "\u11ff")  # Hangul syllables in parts
    )


def is_flag_half(character: str) -> bool:
    """Say whether this is one of the letters that make a flag in pairs."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def clusters(text: str) -> Iterator[str]:
    """Yield the characters as people see them."""
    start = 0
    flag_is_open = False
    for place in range(1, len(text) + 1):
        if place < len(text):
            pairs_up = is_flag_half(text[place - 1]) and is_flag_half(text[place]) and not flag_is_open
            if pairs_up or joins(text[place - 1], text[place]):
                flag_is_open = pairs_up or flag_is_open
                continue
        yield text[start:place]
        start, flag_is_open = place, False


def before_cluster(text: str, position: int) -> int:
    """Move a cut back out of a cluster; back to `position` where one fills all the text before it."""
    if not 0 < position < len(text):
        return position
    cut = position
    while cut > 0 and joins(text[cut - 1], text[cut]):
        cut -= 1
    flags = 0
    while flags < cut and is_flag_half(text[cut - flags - 1]):
        flags += 1
    if flags % 2 and is_flag_half(text[cut]):
        cut -= 1
    return cut or position


def columns(text: str) -> int:
    """Count the columns that a line takes in a monospace font: two for wide characters and emoji."""
    if text.isascii():
        return len(text)
    return sum(_columns(cluster) for cluster in clusters(text))


def _columns(cluster: str) -> int:
    if _EMOJI_STYLE in cluster or is_flag_half(cluster[0]):
        return 2
    first = cluster[0]
    if unicodedata.category(first) in {*_MARKS, "Cf", "Cc"}:
        return 0
    return 2 if unicodedata.east_asian_width(first) in {"W", "F"} else 1
