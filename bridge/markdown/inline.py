"""What is open at the end of a paragraph that is still being written, or that a page cut goes through. Pure.

Follows CommonMark's inline rules (section 6): code first, then links, then emphasis, by its delimiter runs. What can
still turn out to be something else is held back; what is surely begun is closed for the time being.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bridge.markdown.emphasis import DelimiterRuns, run_end
from bridge.markdown.graphemes import ZERO_WIDTH_JOINER, is_flag_half

_SPECIAL = re.compile(r"[\\`<&\[\]*_~$]|!\[")
_AUTOLINK_OR_TAG = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|/?[A-Za-z][^<>\n]*)>")
_HALF_TAG = re.compile(r"</?(?:[A-Za-z][^\s<>]*)?\Z")
_HALF_ENTITY = re.compile(r"&(?:#?[A-Za-z0-9]{0,31})\Z")
_BARE_ADDRESS = re.compile(r"(?<![^\W_])(?:https?://|www\.)[^\s<>]*\Z", re.IGNORECASE)
_HALF_IMAGE = re.compile(r"(?<!\\)!\Z")
_HALF_SCHEME = re.compile(r"(?<![^\W_])(?:h|ht|htt|https?|https?:/?|w|ww|www)\Z", re.IGNORECASE)
_LINK_TARGET = re.compile(
    r"\(\s*+(?:<[^<>\n]*>|(?:\\.|[^\\\s()]|\((?:\\.|[^\\\s()])*+\))*+)(?:\s++(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?+\s*+\)"
)
_BROKEN_TARGET = re.compile(r"\(\s*+[^\s<\"'(]++\s++[^\s\"'()]")
"""The beginning of no link's target: words follow the address that are no title."""
_SUM = re.compile(r"[0-9][0-9.,]*\s*(?:[-+*/^=<>\\]|$)")

_MOST_HELD = 2_000
"""Characters that are held back at most. Beyond it something is surely text."""
_MOST_READINGS = 8
_MOST_LABEL = 300
_MOST_FORMULA = 80
_MOST_BLOCK_FORMULA = 1_000
_MOST_CODE = 300
_MOST_EMPHASIS = 400
"""How long emphasis, code, a label or a formula may be open before its opener is taken for a plain character."""


@dataclass(frozen=True, slots=True)
class OpenInline:
    """How a text that goes on ends."""

    keep: int
    """How much of it is certain enough to be shown."""
    openers: tuple[str, ...] = ()
    """What is open there, outermost first."""

    @property
    def closers(self) -> str:
        """Return what closes all that is open."""
        return "".join(reversed(self.openers))


def tail_of(text: str) -> OpenInline:
    """Read the text of one paragraph, heading or item that goes on."""
    keep = len(text)
    tail = OpenInline(keep)
    for _ in range(_MOST_READINGS):
        tail = _Reader(text, keep).read()
        if tail.keep == keep:
            break
        keep = tail.keep  # what is held back may have closed something
    return tail


class _Reader:
    def __init__(self, text: str, keep: int) -> None:
        self._text = text[:keep]
        self._all = text
        """The text with what is held back."""
        self._length = len(text)
        """How long that is, for all that may not be open for ever."""
        self._end_of_words = len(self._text.rstrip())
        self._runs = DelimiterRuns()
        self._brackets: list[tuple[int, int]] = []
        """Where each open `[` stands, and how many runs were open there."""
        self._keep = keep
        self._code = ""
        self._passed = 0
        """Where the last whole link, tag or code ends: what looks like half an address there is none."""
        self._takes: dict[str, Callable[[int], int]] = {
            "\\": self._take_backslash,
            "`": self._take_code,
            "<": self._take_tag,
            "[": self._take_label,
            "![": self._take_label,
            "]": self._take_bracket,
            "$": self._take_formula,
            "&": self._take_nothing,
        }

    def read(self) -> OpenInline:
        """Read it all. What takes a sign returns where to go on, -1 where the text's end is inside it."""
        at = 0
        while (found := _SPECIAL.search(self._text, at)) is not None:
            take = self._takes.get(found[0], self._take_run)
            at = take(found.start())
            if at < 0:
                break
        if not self._code:
            self._hold_the_end()
        self._hold_labels()
        return self._tail()

    def _take_nothing(self, at: int) -> int:
        return at + 1

    def _take_tag(self, at: int) -> int:
        whole = _AUTOLINK_OR_TAG.match(self._text, at)
        if whole is None:
            return at + 1
        self._passed = whole.end()
        return whole.end()

    def _take_label(self, at: int) -> int:
        self._brackets.append((at, self._runs.count))
        return self._text.index("[", at) + 1

    def _take_backslash(self, at: int) -> int:
        following = self._text[at + 1 : at + 2]
        if at + 1 >= self._end_of_words:
            return self._hold(at)
        if following in "([":
            closing = self._text.find("\\)" if following == "(" else "\\]", at + 3, at + _MOST_BLOCK_FORMULA)
            if closing >= 0:
                return closing + 2
            if self._length - at <= _MOST_BLOCK_FORMULA:
                return self._hold(at)
        return at + 2

    def _take_code(self, at: int) -> int:
        end = run_end(self._text, at)
        size = end - at
        place = end
        while (start := self._text.find("`", place)) >= 0:
            place = run_end(self._text, start)
            if place - start == size and place < len(self._text):
                self._passed = place
                return place
        words = self._text[end:]
        if not words.strip("` \n"):
            return self._hold(at)
        if self._length - end > _MOST_CODE:
            return end
        self._hold(end + len(words.rstrip("` \n")))
        self._code = "`" * size
        return -1

    def _take_bracket(self, at: int) -> int:
        if not self._brackets:
            return at + 1
        start, runs = self._brackets.pop()
        following = self._text[at + 1 : at + 2]
        if not following:
            return self._hold(start)
        if following != "(":
            return at + 1
        target = _LINK_TARGET.match(self._text, at + 1)
        if target is not None:
            # What is open in a label cannot be closed behind it.
            self._runs.forget(runs)
            self._passed = target.end()
            return target.end()
        if self._length - start <= _MOST_HELD and _BROKEN_TARGET.match(self._text, at + 1) is None:
            return self._hold(start)
        return at + 1

    def _take_formula(self, at: int) -> int:
        text = self._text
        if text.startswith("$$", at):
            closing = text.find("$$", at + 2)
            if closing >= 0:
                return closing + 2
            return self._hold(at) if self._length - at <= _MOST_BLOCK_FORMULA else at + 2
        following = text[at + 1 : at + 2]
        if following.isspace():
            return at + 1
        closing = self._all.find("$", at + 1)
        if 0 <= closing < self._length - 1:
            if not self._ends_formula(closing):
                return at + 1
            return closing + 1 if closing < len(text) else self._hold(at)
        rest = text[at + 1 :]
        is_price = following.isdigit() and any(letter.isspace() for letter in rest) and not _SUM.match(rest)
        return at + 1 if is_price or self._length - at > _MOST_FORMULA else self._hold(at)

    def _ends_formula(self, at: int) -> bool:
        """Say whether this `$`, the first behind another, ends a formula; if not, no later one does."""
        before, after = self._all[at - 1], self._all[at + 1]
        return not before.isspace() and before != "\\" and not after.isdigit()

    def _take_run(self, at: int) -> int:
        end = run_end(self._text, at)
        if end == len(self._text):
            return self._hold(at)
        self._runs.take(self._text, at, end, lowest=self._brackets[-1][1] if self._brackets else 0)
        return end

    def _hold(self, at: int) -> int:
        self._keep = min(self._keep, at)
        return -1

    def _hold_the_end(self) -> None:
        """Hold back half an address, entity or tag, and a character that may be joined by the next."""
        end = self._keep
        for pattern in (_HALF_TAG, _HALF_ENTITY, _HALF_IMAGE, _BARE_ADDRESS, _HALF_SCHEME):
            found = pattern.search(self._text, max(self._passed, end - _MOST_HELD), end)
            if found is not None:
                self._hold(found.start())
        flags = 0
        while flags < self._keep and is_flag_half(self._text[self._keep - flags - 1]):
            flags += 1
        self._hold(self._keep - flags % 2)
        while self._keep and self._text[self._keep - 1] == ZERO_WIDTH_JOINER:
            self._keep -= 1

    def _hold_labels(self) -> None:
        for start, _ in self._brackets:
            if self._length - start <= _MOST_LABEL and self._text[start : start + 1] in "[!":
                self._hold(start)
                return

    def _tail(self) -> OpenInline:
        if self._keep < len(self._text) and not self._code:
            kept = self._text[: self._keep].rstrip()
            if (len(kept) - len(kept.rstrip("\\"))) % 2:
                self._keep = len(kept) - 1
        if self._keep < len(self._text):
            return OpenInline(self._keep)
        runs = [run for run in self._runs.open if self._length - run.end <= _MOST_EMPHASIS and not run.is_doubtful]
        while runs and not self._code:
            # Nothing is open yet behind a run without words, and a closer would join a sign of its own kind.
            words = self._text[runs[-1].end : self._keep].rstrip()
            bare = words.rstrip(runs[-1].sign)
            if bare == words != "":
                break
            self._keep = runs[-1].end + len(bare)
            if bare:
                break
            self._keep = runs.pop().start
        openers = [run.sign * run.length for run in runs]
        if self._code:
            openers.append(self._code)
        return OpenInline(self._keep, tuple(openers))
