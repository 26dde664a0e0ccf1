"""Runs of `*`, `_` and `~` that open and close emphasis, as CommonMark's delimiter stack has it (section 6.2). Pure."""

import unicodedata
from dataclasses import dataclass

_STRIKE = 2
_LONGEST_RUN = 3


@dataclass(slots=True)
class DelimiterRun:
    """A run of `*`, `_` or `~` that can open something."""

    sign: str
    length: int
    total: int
    """Its length before parts of it were closed; CommonMark's rule of three counts that."""
    start: int
    end: int
    can_close: bool
    is_doubtful: bool = False
    """Rather a character than a mark: it is not closed for the time being."""


class DelimiterRuns:
    """The runs of one paragraph that are open, in order."""

    def __init__(self) -> None:
        self.open: list[DelimiterRun] = []
        self._passed_over: dict[tuple[str, int, bool], int] = {}
        """How many of the first runs no closer of a kind can close: a text of openers alone stays quick to read."""
        self._is_struck_oddly = False
        """True after `~~` that opens nothing by the rules, and does all the same in some parsers."""

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self.open)

    def take(self, text: str, at: int, end: int, *, lowest: int) -> None:
        """Take the run `text[at:end]`. What is open before `lowest` stands outside a label, and is not closed here."""
        sign = text[at]
        before, after = text[at - 1] if at else " ", text[end]
        opens, closes = _flanks(before, after)
        if sign == "_":
            opens, closes = (
                opens and (not closes or _is_punctuation(before)),
                closes and (not opens or _is_punctuation(after)),
            )
        size = end - at
        if sign == "~" and size != _STRIKE:
            return
        run = DelimiterRun(sign, size, size, at, end, closes)
        if closes:
            self._close(run, lowest, can_open=opens)
        if not opens or not run.length:
            self._is_struck_oddly |= sign == "~" and not after.isspace() and run.length > 0
            return
        # In the middle of a word, a star is rather a sign of multiplication.
        is_product = (
            sign == "*" and size == 1 and (before.isalnum() or (before == ")" and (after.isdigit() or after == "(")))
        )
        is_open = any((other.sign, other.length) == (sign, size) for other in reversed(self.open))
        run.is_doubtful = size > _LONGEST_RUN or is_product or is_open or self._is_struck_oddly
        self.open.append(run)

    def forget(self, kept: int) -> None:
        """Forget all but the first so many."""
        del self.open[kept:]
        self._passed_over = {kind: min(count, kept) for kind, count in self._passed_over.items()}

    def _close(self, closer: DelimiterRun, lowest: int, *, can_open: bool) -> None:
        kind = closer.sign, closer.total % 3, can_open
        passed_over = self._passed_over.get(kind, 0)
        index = len(self.open) - 1
        while closer.length and index >= max(lowest, passed_over):
            opener = self.open[index]
            both = opener.can_close or can_open
            clash = both and (opener.total + closer.total) % 3 == 0 and (opener.total % 3 or closer.total % 3)
            if opener.sign != closer.sign or (clash and opener.sign != "~"):
                index -= 1
                continue
            used = 2 if min(opener.length, closer.length) > 1 else 1
            opener.length -= used
            opener.end -= used
            closer.length -= used
            if not opener.length:
                index -= 1
            self.forget(index + 1)
        if closer.length and lowest <= passed_over:
            self._passed_over[kind] = len(self.open)


def run_end(text: str, at: int) -> int:
    """Return where the run of one sign ends that begins at a place."""
    end = at
    while end < len(text) and text[end] == text[at]:
        end += 1
    return end


def _flanks(before: str, after: str) -> tuple[bool, bool]:
    """Say whether a run between these characters is left-flanking and right-flanking (CommonMark 6.2)."""
    left = not after.isspace() and (not _is_punctuation(after) or before.isspace() or _is_punctuation(before))
    right = not before.isspace() and (not _is_punctuation(before) or after.isspace() or _is_punctuation(after))
    return left, right


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
