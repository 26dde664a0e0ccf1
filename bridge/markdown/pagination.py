"""Cut a growing Markdown text into pages: pure, and a page that is full never changes again.

The source slices of the pages, put together, are the text. What a page shows is its slice with the white space at the
cut trimmed, and with what the cut goes through closed and opened again: fences with their language, tables with their
header, lists with the right number, emphasis. What is repeated for that is the page's `lead`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bridge.markdown.blocks import NOTHING, Kind, Open, read_line
from bridge.markdown.boundaries import SENTENCE, line_starts
from bridge.markdown.graphemes import before_cluster
from bridge.markdown.inline import OpenInline, tail_of
from bridge.markdown.page_prefix import lead_at_line, lead_inside_line, widened
from bridge.markdown.streaming import NOTHING_READ, LinesRead, Prefixes

MAX_PAGES = 20
"""How many pages a reply has at most, unless the settings say otherwise."""

_SENTENCE_END = re.compile(r"[.!?…][\"')\]*_]*\s+|[。！？][」』）]*\s*")  # noqa: RUF001 - full-width sentence ends of CJK text
_SPACE = re.compile(r"\s+")
_LOOKS_LIKE_A_BLOCK = re.compile(
    r"[-+*#>|=:]|`{3}|`{0,2}\Z|~{3}|~{0,2}\Z|[0-9]{1,9}(?:[.)]|\Z)|\[(?:[ xX](?:\]|\Z)|\Z)"
)
"""What would begin a block at the start of a page, or might with the characters that are not there yet."""
_LONG = 4_096
"""Much text for one page, as long as no page of the reply tells how much one holds."""
_FIRST_GUESS, _PRECISION, _FIRST_STEP = 512, 64, 32
_MOST_TRIED = 10
"""How many sentence ends or spaces are looked at for one that is inside nothing."""

_GOOD = 0.45
Cut = tuple[int, str]
"""Where a page ends, and what closes the emphasis or code that the cut goes through."""

_TEXTS = frozenset({Kind.TEXT, Kind.MORE, Kind.HEADING, Kind.BLANK})


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the slice of the source it covers, and what is shown around it."""

    source: str
    lead: str = ""
    """Repeated from the pages before, so that the page is Markdown of its own."""
    dropped: int = 0
    """How many characters at the start of `source` the lead stands for, such as a number that is put right."""
    continues: bool = False
    """True when the text goes on, on another page."""
    closers: str = ""
    """Ends the emphasis or code that the cut at the page's end goes through."""
    opened: Open = NOTHING
    """What is open where the page begins."""
    read: LinesRead = field(default=NOTHING_READ, compare=False, repr=False)
    """What was read of its Markdown already."""

    @property
    def markdown(self) -> str:
        """Its Markdown as far as it is written, with nothing closed."""
        source = widened(self.opened, self.source) if self.opened.containers else self.source
        body = source[self.dropped :]
        return self.lead + body if body.strip() else ""

    def shown(self, *, final: bool = True) -> str:
        """Return the page as well-formed Markdown. `final`: False while its text still grows."""
        return self.looks(final=final)[0]

    def looks(self, *, final: bool) -> tuple[str, str]:
        """Return the page as it is shown, and without what only closes its end: it goes on where that ends."""
        text = self.markdown
        if not final and not self.continues:
            return self.read.on(text).partial(text)
        ended = _ended(text)
        return self.read.closed(ended + self.closers, len(ended)), ended if self.continues else text


class Paginator:
    """Follows one growing text. `fits` says whether Markdown, as shown, goes into one channel message."""

    def __init__(self, fits: Callable[[str], bool], max_pages: int = MAX_PAGES) -> None:
        self._fits = fits
        self._max_pages = max_pages
        self._full: list[Page] = []
        self._start = 0
        self._lead = ""
        self._dropped = 0
        self._open = NOTHING
        """What is open where the last page begins."""
        self._guess = _FIRST_GUESS
        self._lead_is_sure = True
        """False while the page's first line, on which the lead depends, still grows."""
        self._read = NOTHING_READ
        self._paged: str | None = None
        """The text whose pages are all made."""
        self._last: Page | None = None
        """The page behind the full ones; None where there is none."""

    @property
    def full(self) -> Sequence[Page]:
        """The pages that never change again."""
        return self._full

    @property
    def is_full(self) -> bool:
        """True when there is more text than the pages may hold."""
        return len(self._full) >= self._max_pages

    def pages(self, text: str) -> list[Page]:
        """Return all pages of `text`, which must go on from the text of the last call."""
        while self.make_page(text):
            continue
        return list(self._full) if self._last is None else [*self._full, self._last]

    def make_page(self, text: str) -> bool:
        """Fill one page more of `text`; False where no other is full, and all its pages are made."""
        if text is self._paged:
            return False
        last: Page | None = None
        if not self.is_full:
            rest = text[self._start :]
            self._make_lead(rest)
            if rest.strip():
                last = self._rest_that_fits(rest)
                if last is None:
                    self._turn_page(rest)
                    return True
            elif not self._full:
                last = self._last_page(rest)
        self._paged, self._last = text, last
        return False

    def _rest_that_fits(self, rest: str) -> Page | None:
        """Return all that is left as the last page; None where it is too long for one."""
        if self._is_far_too_long(rest):
            return None
        last = self._last_page(rest)
        return last if len(rest) <= self._dropped or self._fits(last.shown()) else None

    def read_again(self) -> None:
        """Take in that the text of the last page is not the one that was there before."""
        self._read = NOTHING_READ
        self._paged = None

    def seal(self, text: str, shown: str, closers: str) -> bool:
        """End the last page of `text` where it is shown up to, so that the rest begins another page. False: it cannot.

        Args:
            text: All of it.
            shown: The page's Markdown as far as it is shown.
            closers: What closes the emphasis there.
        """
        rest = text[self._start :]
        cut = self._dropped + len(shown) - len(self._lead)
        is_there = shown.startswith(self._lead) and shown[len(self._lead) :] == rest[self._dropped : cut]
        if not is_there or cut <= self._dropped or len(self._full) + 1 >= self._max_pages:
            return False
        self._end_page(rest, cut, closers)
        return True

    def _is_far_too_long(self, rest: str) -> bool:
        """Say whether much more is left than one page holds: a whole answer is not read anew for each page."""
        probe = self._dropped + max(2 * self._guess, _LONG)
        return len(rest) > 2 * probe and not self._holds(rest, probe, Prefixes())

    def _last_page(self, rest: str) -> Page:
        page = Page(rest, self._lead, self._dropped, opened=self._open)
        self._read = self._read.on(page.markdown)
        return replace(page, read=self._read)

    def _turn_page(self, rest: str) -> None:
        self._end_page(rest, *self._cut(rest))

    def _end_page(self, rest: str, cut: int, closers: str) -> None:
        part = rest[:cut]
        self._full.append(Page(part, self._lead, self._dropped, continues=True, closers=closers, opened=self._open))
        self._start += cut
        self._paged = None
        self._read = NOTHING_READ
        *lines, last = part.split("\n")
        for line in lines:
            self._open = read_line(self._open, line).after
        self._lead_is_sure = bool(last)
        if last:
            self._lead, self._dropped = lead_inside_line(self._open, last, closers), 0
            self._open = read_line(self._open, last).after

    def _make_lead(self, rest: str) -> None:
        if not self._lead_is_sure:
            self._lead, self._dropped = lead_at_line(self._open, rest)
            self._read = NOTHING_READ
            self._lead_is_sure = "\n" in rest.lstrip("\n")

    def _cut(self, rest: str) -> Cut:
        """Return the best boundary beyond the first third of what fits.

        Nothing beyond what fits counts, so that a text that grew is cut as the same text taken whole: a worker that
        takes a reply over must find the same pages.
        """
        most = self._most_that_fits(rest)
        rest = rest[: most + 1]
        earliest = max(self._dropped, most // 3)
        starts = [
            (place / most - cost, place) for place, cost in line_starts(rest, self._open) if earliest < place <= most
        ]
        best, place = max(starts, default=(0.0, 0))
        if best >= _GOOD:
            return place, ""
        inside, or_else = self._inside_a_line(rest, max(earliest, place), most)
        if inside is not None and (not place or inside[0] / most - SENTENCE > best):
            return inside
        if place:
            return place, ""
        last = max(before_cluster(rest, most), 1)
        kind, tail, is_outside = _inner(self._lead + rest[self._dropped : last])
        if kind in _TEXTS and is_outside and not tail.openers:
            return last, ""  # nothing but a long word is cut
        early = self._inside_a_line(rest, self._dropped, earliest)[0] if kind in _TEXTS else None
        return early or or_else or (last, "")

    def _inside_a_line(self, rest: str, earliest: int, most: int) -> tuple[Cut | None, Cut | None]:
        """Return the last sentence end, else the last space, that is inside no link, and in no emphasis or row.

        With it comes, where there is no such place, one in emphasis, with what closes that, or in a row.

        Args:
            rest: The text from the start of the page on.
            earliest: Where such a place may be at first.
            most: And at last.
        """
        fallback: Cut | None = None
        for pattern in (_SENTENCE_END, _SPACE):
            ends = [found.end() for found in pattern.finditer(rest, earliest, most)]
            for place in ends[: -_MOST_TRIED - 1 : -1]:
                is_empty = not rest[self._dropped : place].strip()
                if is_empty or _LOOKS_LIKE_A_BLOCK.match(rest, place) or rest[place - 1] == "\n":
                    continue
                kind, tail, is_outside = _inner(self._lead + rest[self._dropped : place])
                if kind in _TEXTS and is_outside and not tail.openers:
                    return (place, ""), None
                closers = tail.closers if kind in _TEXTS else ""
                if fallback is None and (is_outside or kind not in _TEXTS) and place + len(closers) <= most:
                    fallback = place, closers
        return None, fallback

    def _most_that_fits(self, rest: str) -> int:
        """Return about how much of the text fits, at most two in a hundred too little: each look may render it."""
        prefixes = Prefixes()
        low, high = self._dropped + 1, self._dropped + self._guess
        # Pages of one text are alike, so the first steps from the last one's length are small.
        step = high // _FIRST_STEP if self._full else high
        while self._holds(rest, high, prefixes):
            low, high, step = high, high + step, 2 * step
        while high - low > low // _PRECISION:
            middle = (low + high + 1) // 2
            if self._holds(rest, middle, prefixes):
                low = middle
            else:
                high = middle - 1
        self._guess = max(_FIRST_GUESS, low - self._dropped - low // _FIRST_STEP)
        return low

    def _holds(self, rest: str, size: int, prefixes: Prefixes) -> bool:
        # What is not there yet counts as too much, for the text that is there is too long already.
        if size > len(rest):
            return False
        page = Page(rest[:size], self._lead, self._dropped, opened=self._open)
        return self._fits(prefixes.closed(_ended(page.markdown)))


def _ended(text: str) -> str:
    """Return the text without white space and empty lines of quotes at its end."""
    end = len(text)
    while (start := text.rfind("\n", 0, end)) >= 0 and not text[start + 1 : end].strip(" \t>"):
        end = start
    return text[:end].rstrip()


def _inner(text: str) -> tuple[Kind, OpenInline, bool]:
    """Return in what line a page would end, what is open there, and whether that is outside of links."""
    state = NOTHING
    kind = Kind.BLANK
    words = place = 0
    for line in text.split("\n"):
        seen = read_line(state, line)
        kind, state = seen.kind, seen.after
        if kind is not Kind.MORE:
            words = place + seen.content
        place += len(line) + 1
    inner = text[words:].rstrip()
    tail = tail_of(inner + " ")
    return kind, tail, tail.keep >= len(inner)
