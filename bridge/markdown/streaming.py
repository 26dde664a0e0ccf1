"""Markdown that is not finished, shown as if it were. Pure.

While an answer grows, its last lines can still become something else: a table's header, a heading's mark, half a link.
What is not certain is held back, what has surely begun is closed. So each text that is shown goes on from the one
before it, and nothing flashes.
"""

import re

from bridge.markdown.blocks import NOTHING, Fence, Kind, Line, continuation, first_bar, read_line
from bridge.markdown.inline import tail_of

_UNCERTAIN = re.compile(
    r"#{1,6}[ \t]*"  # a heading without words
    r"|(?:[-+*]|[0-9]{1,9}[.)]?)[ \t]*"  # an item without words, or a number that may become one
    r"|[=*_~-]+[ \t*_-]*"  # an underline, a rule, or half of a mark
    r"|`{1,2}|`{3,}[^`]*|~{3,}.*"  # a fence
    r"|[|: -]+"  # half a delimiter row
    r"|\[[ xX]?\]?[ \t]*"  # the box of a task
)
_HALF_DELIMITER = re.compile(r"[ \t]*+(?:(?::?-++:?[ \t]*+)?\|[ \t]*+)*+(?::?-*+:?)[ \t]*+")
_HALF_FENCE = re.compile(r"[ \t]*(`*|~*)[ \t]*")
_MOST_BEHIND_BAR = 200
_UNSURE_KINDS = frozenset({Kind.UNDERLINE, Kind.RULE, Kind.DELIMITER, Kind.FENCE, Kind.ROW, Kind.BLANK})


def close_fence(text: str) -> str:
    """Return a text that does not grow any more: all of it, an open fence closed."""
    if "```" not in text and "~~~" not in text:
        return text
    state = NOTHING
    for line in text.split("\n"):
        state = read_line(state, line).after
    if not isinstance(state.leaf, Fence):
        return text
    closer = continuation(state.containers) + state.leaf.marker
    return f"{text.rstrip(chr(10))}\n{closer}"


def render_partial(text: str) -> str:
    """Return what is certain of a text that grows, with all that is open closed."""
    kept, closers = _certain_part(text)
    return close_fence(kept + closers)


def stable_prefix(text: str) -> str:
    """Return what is certain of a text that grows, with nothing closed: the beginning of the text."""
    return _certain_part(text)[0]


def _certain_part(text: str) -> tuple[str, str]:
    reader = _Reader()
    lines = text.split("\n")
    for line in lines[:-1]:
        reader.take(line)
    return reader.shown(text, lines[-1])


class _Reader:
    """Reads the complete lines and remembers where the last blocks began."""

    def __init__(self) -> None:
        self._state = NOTHING
        self._offset = 0
        self._words: int | None = None
        """Where the text of the paragraph begins that is open."""
        self._header: int | None = None
        """Where the last line begins, or its first cell border stands, if it may be a table's header."""
        self._fence: int | None = None
        """Where the fence begins that has no code yet."""

    def take(self, line: str) -> None:
        """Take a complete line."""
        seen = read_line(self._state, line)
        self._header = None
        if seen.kind is Kind.TEXT:
            self._words = self._offset + seen.content
        elif seen.kind is not Kind.MORE:
            self._words = None
        if seen.kind in (Kind.TEXT, Kind.MORE):
            self._header = self._place_of_header(seen, line)
        if seen.kind is Kind.FENCE:
            self._fence = self._offset
        elif seen.kind is not Kind.BLANK and not (seen.kind is Kind.CODE and not line.strip()):
            self._fence = None
        self._state = seen.after
        self._offset += len(line) + 1

    def shown(self, text: str, last: str) -> tuple[str, str]:
        """Return how much is shown, given the line that has not ended yet, and what closes its last words."""
        if isinstance(self._state.leaf, Fence):
            seen = read_line(self._state, last)
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
        return text[: self._offset] if self._fence is None else text[: self._fence]

    def _certain(self, last: str) -> tuple[int, int | None]:
        """Return how much of the text is certain as far as lines go, and where its open paragraph's words begin."""
        start = self._offset
        if not last.strip():
            return (start if self._header is None else self._header), self._words
        seen = read_line(self._state, last)
        text = last[seen.content :]
        is_unsure = seen.kind in _UNSURE_KINDS or not text.strip() or _UNCERTAIN.fullmatch(text.rstrip()) is not None
        is_inside = not seen.has_marker and seen.kept == len(self._state.containers)
        can_delimit = is_inside and (is_unsure or seen.kind is Kind.MORE)
        if self._header is not None and can_delimit and _HALF_DELIMITER.fullmatch(text):
            return self._header, self._words
        if is_unsure:
            return start, self._words
        end = start + len(last)
        if seen.kind not in (Kind.TEXT, Kind.MORE, Kind.HEADING):
            return end, None
        words = self._words if seen.kind is Kind.MORE else start + seen.content
        header = None if seen.kind is Kind.HEADING else self._place_of_header(seen, last)
        if header is None or end - header > _MOST_BEHIND_BAR:
            return end, words
        return header, self._words if header == start else words

    def _place_of_header(self, seen: Line, line: str) -> int | None:
        text = line[seen.content :]
        if text.startswith("|"):
            return self._offset
        bar = first_bar(text)
        return None if bar is None else self._offset + seen.content + bar
