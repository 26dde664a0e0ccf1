"""Markdown that is not finished, shown as if it were. Pure.

While an answer grows, its last lines can still become something else: a table's header, a heading's mark, half a link.
What is not certain is held back, what has surely begun is closed. So each text that is shown goes on from the one
before it, and nothing flashes.
"""

import re
from bisect import bisect_right
from operator import itemgetter
from typing import NamedTuple

from bridge.markdown.blocks import NOTHING, Fence, Kind, Line, Open, continuation, first_bar, read_line
from bridge.markdown.inline import tail_of

_UNCERTAIN = re.compile(
    r"#{1,6}[ \t]*"  # a heading without words
    r"|(?:[-+*]|[0-9]{1,9}[.)]?)[ \t]*"  # an item without words, or a number that may become one
    r"|[=*_~-]++[ \t*_-]*+"  # an underline, a rule, or half of a mark
    r"|`{1,2}|`{3,}+[^`]*|~{3,}+.*"  # a fence
    r"|[|: -]+"  # half a delimiter row
    r"|\[[ xX]?\]?[ \t]*"  # the box of a task
)
_HALF_DELIMITER = re.compile(r"[ \t]*+(?:(?::?-++:?[ \t]*+)?\|[ \t]*+)*+(?::?-*+:?)[ \t]*+")
_HALF_FENCE = re.compile(r"[ \t]*+(?:`*+|~*+)[ \t]*+")
_MOST_BEHIND_BAR = 200
_UNSURE_KINDS = frozenset({Kind.UNDERLINE, Kind.RULE, Kind.DELIMITER, Kind.FENCE, Kind.ROW, Kind.BLANK})


def close_fence(text: str) -> str:
    """Return a text that does not grow any more: all of it, an open fence closed."""
    return NOTHING_READ.closed(text, len(text))


def render_partial(text: str) -> str:
    """Return what is certain of a text that grows, with all that is open closed."""
    return NOTHING_READ.on(text).partial(text)[0]


def stable_prefix(text: str) -> str:
    """Return what is certain of a text that grows, with nothing closed: the beginning of the text."""
    return NOTHING_READ.on(text).partial(text)[1]


LineStart = tuple[int, Open]
"""Where a line begins, and what is open there."""


class LinesRead(NamedTuple):
    """The complete lines of a text that grows. They are read once: a look at the text reads its last lines only."""

    newest: LineStart = (0, NOTHING)
    """The line that has not ended yet."""
    paragraph: LineStart = (0, NOTHING)
    """The first line of the paragraph that is open, else the last one that was."""
    last: LineStart = (0, NOTHING)
    """The last line that is not empty."""
    fence: LineStart | None = None
    """The fence that has no code yet."""
    words: int | None = None
    """Where the text of the open paragraph begins."""
    header: int | None = None
    """Where the last line begins, or its first cell border stands, if it may be a table's header."""

    def on(self, text: str) -> "LinesRead":
        """Return what is known once the complete lines of `text` are read too. It begins with what was read."""
        *lines, _ = text[self.newest[0] :].split("\n")
        if not lines:
            return self
        newest, paragraph, last, fence, words, header = self
        for line in lines:
            offset, state = newest
            kind, after, content, _, _ = read_line(state, line)
            if kind is Kind.FENCE:
                fence = newest
            elif kind is not Kind.BLANK and not (kind is Kind.CODE and not line.strip()):
                fence = None
            if kind is Kind.TEXT:
                paragraph = newest
                words = offset + content
            elif kind is not Kind.MORE:
                words = None
            header = _place_of_header(offset, content, line) if kind is Kind.TEXT or kind is Kind.MORE else None
            if line.strip(" \t>"):
                last = newest
            newest = (offset + len(line) + 1, after)
        return LinesRead(newest, paragraph, last, fence, words, header)

    def partial(self, text: str) -> tuple[str, str]:
        """Return what is certain of `text` with all that is open closed, and alone: its beginning."""
        kept, closers = self._certain_part(text)
        return self.closed(kept + closers, len(kept)), kept

    def closed(self, shown: str, upto: int) -> str:
        """Return `shown`, which is the text up to a place and something else behind it, with an open fence closed."""
        if "```" not in shown and "~~~" not in shown:
            return shown
        starts = ((0, NOTHING), self.paragraph, self.last, self.newest, self.fence or (0, NOTHING))
        at, state = max((start for start in starts if start[0] <= upto), key=itemgetter(0))
        for line in shown[at:].split("\n"):
            state = read_line(state, line).after
        return _closed(shown, state)

    def _certain_part(self, text: str) -> tuple[str, str]:
        """Return how much is shown, and what closes its last words."""
        offset, state = self.newest
        last = text[offset:]
        if isinstance(state.leaf, Fence):
            seen = read_line(state, last)
            is_half = _HALF_FENCE.fullmatch(last) is not None
            if is_half or seen.kind in (Kind.CODE, Kind.FENCE_END):
                return self._with_code(text, last, seen), ""
        keep, words = self._certain(last)
        if words is None or words >= keep:
            return text[:keep], ""
        tail = tail_of(text[words:keep])
        kept = text[: words + tail.keep].rstrip()
        line = kept.rfind("\n") + 1
        is_cut = text[len(kept) :].partition("\n")[0].strip() != ""
        if is_cut and words < line and _UNCERTAIN.fullmatch(kept[line:].lstrip(" \t>")):
            # What is left of the line would be a mark, such as the underline of a heading.
            tail = tail_of(text[words:line])
            kept = text[: words + tail.keep].rstrip()
            is_cut = False
        if len(kept) > words and not (is_cut and _UNCERTAIN.fullmatch(kept[words:])):
            return kept, tail.closers
        return text[: text.rfind("\n", 0, words) + 1], ""  # without the mark of an item or heading that has no words

    def _with_code(self, text: str, last: str, seen: Line) -> str:
        is_open = not last.strip() or _HALF_FENCE.fullmatch(last[seen.content :]) is not None
        if not is_open:
            return text
        return text[: self.newest[0]] if self.fence is None else text[: self.fence[0]]

    def _certain(self, last: str) -> tuple[int, int | None]:
        """Return how much of the text is certain as far as lines go, and where its open paragraph's words begin."""
        start, state = self.newest
        if not last.strip():
            return (start if self.header is None else self.header), self.words
        seen = read_line(state, last)
        text = last[seen.content :]
        is_unsure = seen.kind in _UNSURE_KINDS or not text.strip() or _UNCERTAIN.fullmatch(text.rstrip()) is not None
        is_inside = not seen.has_marker and seen.kept == len(state.containers)
        can_delimit = is_inside and (is_unsure or seen.kind is Kind.MORE)
        if self.header is not None and can_delimit and _HALF_DELIMITER.fullmatch(text):
            return self.header, self.words
        if is_unsure:
            return start, self.words
        end = start + len(last)
        if seen.kind not in (Kind.TEXT, Kind.MORE, Kind.HEADING):
            return end, None
        words = self.words if seen.kind is Kind.MORE else start + seen.content
        header = None if seen.kind is Kind.HEADING else _place_of_header(start, seen.content, last)
        if header is None or end - header > _MOST_BEHIND_BAR:
            return end, words
        return header, self.words if header == start else words


NOTHING_READ = LinesRead()


class Prefixes:
    """Closes the fences of texts that begin alike, as while a page's end is looked for: each line is read once."""

    def __init__(self) -> None:
        self._starts = [0]
        self._states = [NOTHING]

    def closed(self, shown: str) -> str:
        """Return a text with an open fence closed. Of two texts one begins with the whole lines of the other."""
        if "```" not in shown and "~~~" not in shown:
            return shown
        nearest = bisect_right(self._starts, len(shown)) - 1
        at, state = self._starts[nearest], self._states[nearest]
        *lines, last = shown[at:].split("\n")
        for line in lines:
            at, state = at + len(line) + 1, read_line(state, line).after
            if at > self._starts[-1]:
                self._starts.append(at)
                self._states.append(state)
        return _closed(shown, read_line(state, last).after)


def _closed(text: str, end: Open) -> str:
    if not isinstance(end.leaf, Fence):
        return text
    return f"{text.rstrip(chr(10))}\n{continuation(end.containers)}{end.leaf.marker}"


def _place_of_header(start: int, content: int, line: str) -> int | None:
    """Return where a line that starts at a place may be a table's header from: its start, or its first cell border."""
    if "|" not in line:
        return None
    text = line[content:]
    if text.startswith("|"):
        return start
    bar = first_bar(text)
    return None if bar is None else start + content + bar
