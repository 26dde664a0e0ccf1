"""Cut a growing Markdown text into pages: pure, and a page that is full never changes again.

The source slices of the pages, put together, are the text. What a page shows is its slice with the white
space at the cut trimmed, and a code fence that the cut goes through closed and opened again.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})([^\n]*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"')\]]*\s")  # noqa: RUF001 - full-width sentence ends of CJK text
_ZERO_WIDTH_JOINER = "\u200d"
_HEADING_RANK, _PARAGRAPH_RANK, _LINE_RANK, _CODE_LINE_RANK = range(4)


@dataclass(frozen=True, slots=True)
class Fence:
    """A code fence that is open."""

    opener: str
    """The whole opening line, with its language."""
    marker: str
    """What closes it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the slice of the source it covers and the fence open at its start."""

    source: str
    opened: Fence | None = None
    continues: bool = False
    """True when the text goes on, on another page."""

    def shown(self) -> str:
        """Return the page as well-formed Markdown."""
        text = self.grown()
        fence = open_fence(self.source, self.opened)
        return f"{text.rstrip(chr(10))}\n{fence.marker}" if fence else text

    def grown(self) -> str:
        """Return the page without closing what is open at its end: it goes on where this ends."""
        text = self.source
        if self.opened is None:
            text = text.lstrip("\n")
        if self.continues:
            text = text.rstrip()
        if self.opened is not None:
            text = f"{self.opened.opener}\n{text}"
        return text


def open_fence(source: str, opened: Fence | None = None) -> Fence | None:
    """Return the fence that is open at the end of `source`, given the one open at its start."""
    fence = opened
    for line in source.split("\n"):
        match = _FENCE.match(line)
        if match is None:
            continue
        _, marker, info = match.groups()
        if fence is None:
            # An info string with a backtick in it is inline code, not a fence (CommonMark 4.5).
            if not (marker[0] == "`" and "`" in info):
                fence = Fence(opener=line.strip(), marker=marker)
        elif marker[0] == fence.marker[0] and len(marker) >= len(fence.marker) and not info.strip():
            fence = None
    return fence


class Paginator:
    """Follows one growing text. `fits` says whether Markdown, as shown, goes into one channel message."""

    def __init__(self, fits: Callable[[str], bool]) -> None:
        self._fits = fits
        self._full: list[Page] = []
        self._start = 0
        self._opened: Fence | None = None

    def pages(self, text: str) -> list[Page]:
        """Return all pages of `text`, which must go on from the text of the last call."""
        while True:
            rest = text[self._start :]
            last = Page(rest, self._opened)
            if not rest.strip() or self._fits(last.shown()):
                return [*self._full, last] if rest.strip() or not self._full else list(self._full)
            cut = self._cut(rest)
            page = Page(rest[:cut], self._opened, continues=True)
            self._full.append(page)
            self._start += cut
            self._opened = open_fence(page.source, self._opened)

    def _cut(self, rest: str) -> int:
        """Return where the page ends: the best boundary beyond the first third of what fits."""
        low, high = 1, len(rest)
        while low < high:
            middle = (low + high + 1) // 2
            if self._fits(Page(rest[:middle], self._opened, continues=True).shown()):
                low = middle
            else:
                high = middle - 1
        earliest = low // 3
        best: tuple[int, int] | None = None
        for position, rank in _line_starts(rest[: low + 1], self._opened):
            if earliest < position <= low and (best is None or rank <= best[0]):
                best = (rank, position)
        if best is not None:
            return best[1]
        for pattern in (_SENTENCE_END, re.compile(r"\s")):
            ends = [found.end() for found in pattern.finditer(rest, earliest, low)]
            if ends:
                return ends[-1]
        return _before_cluster(rest, low)


def _line_starts(text: str, opened: Fence | None) -> Iterator[tuple[int, int]]:
    """Yield the line starts where a page may end, with its rank as a place to cut: the lower the better."""
    fence = opened
    position = 0
    before = ""
    after_heading = False
    for number, line in enumerate(text.split("\n")):
        # A heading belongs to what follows, also across blank lines; and right after the opening line of a code
        # block a cut would leave an empty block behind.
        opens_code = fence is not None and _FENCE.match(before)
        if number and not after_heading and not opens_code:
            yield position, _rank(before, line, fence)
        fence = open_fence(line, fence)
        if line.strip():
            after_heading = fence is None and _HEADING.match(line) is not None
        before = line
        position += len(line) + 1


def _rank(before: str, line: str, fence: Fence | None) -> int:
    if fence is not None:
        return _CODE_LINE_RANK
    if _HEADING.match(line):
        return _HEADING_RANK
    if not before.strip() or _FENCE.match(line):
        return _PARAGRAPH_RANK
    if line.lstrip().startswith("|") and before.lstrip().startswith("|"):
        return _CODE_LINE_RANK
    return _LINE_RANK


def _before_cluster(text: str, position: int) -> int:
    """Move a cut back out of a combined character, such as an emoji family or a flag."""
    cut = position
    while cut > 1 and cut < len(text) and (_joins_left(text[cut]) or text[cut - 1] == _ZERO_WIDTH_JOINER):
        cut -= 1
    flags = 0
    while cut - flags > 0 and _is_flag_half(text[cut - flags - 1]):
        flags += 1
    if flags % 2 and cut < len(text) and _is_flag_half(text[cut]):
        cut -= 1
    return cut if cut > 0 else position


def _joins_left(character: str) -> bool:
    return (
        character == _ZERO_WIDTH_JOINER
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
