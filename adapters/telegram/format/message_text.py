"""A message's text as it is written, with its marks: how blocks stand apart, and how lists and quotes look. Pure."""

import re
from typing import NamedTuple

from adapters.telegram.format.entities import Mark, utf16_length

_BULLET, _DONE, _TO_DO = "\N{BULLET}", "\N{BALLOT BOX WITH CHECK}", "\N{BALLOT BOX}"
_RULE = "————————"
_INDENT = "  "
_HEADINGS = {"H1": ("bold", "underline"), "H2": ("bold", "underline"), "H5": ("italic",), "H6": ("italic",)}
_HEADING = ("bold",)
_LONG_QUOTE = 200
"""A quote of more UTF-16 units is folded."""
_BLANKS = b" \t>"
_LANGUAGE_END = re.compile("[, ]")


class Written(NamedTuple):
    """What is written at a place between two blocks that are in no other: nothing is open there."""

    parts: int = 0
    length: int = 0
    line_ends: int = 0
    marks: int = 0
    has_block: bool = False
    last_block_at: int = -1


class MessageText:
    """What is written so far. Places in the source are bytes; None for what has no place of its own.

    Args:
        source: The Markdown, where an empty line between two blocks is looked for.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._parts: list[str] = []
        self._joined = 0
        """How many parts stand for whole blocks."""
        self._length = 0
        self._line_ends = 0
        """How many line ends stand last."""
        self._marks: list[Mark] = []
        self._open: list[tuple[str, int]] = []
        self._quotes: list[int] = []
        self._lists: list[int | None] = []
        """For each list that is open the number of its next item; None: it has bullets."""
        self._item_indent = ""
        self._is_new_item = False
        """True until the first paragraph of a list item, which stands behind its sign."""
        self._after_block = False
        """True behind a block in a list: what follows begins on a new line."""
        self._line_is_open = False
        self._has_block = False
        self._last_block_at = -1

    def finish(self) -> tuple[str, list[Mark]]:
        """Return the text and its marks. Long quotes are folded."""
        text = "".join(self._parts)
        return text, [self._folded(mark, text) if mark.kind == "blockquote" else mark for mark in self._marks]

    def written(self) -> Written:
        """Return what is written. The parts behind the last such place become one."""
        self._parts[self._joined :] = ["".join(self._parts[self._joined :])]
        self._joined = len(self._parts)
        return Written(
            len(self._parts), self._length, self._line_ends, len(self._marks), self._has_block, self._last_block_at
        )

    def back_to(self, source: bytes, written: Written) -> None:
        """Forget what was written behind a place; go on with a source that begins alike."""
        self._source = source
        parts, self._length, self._line_ends, marks, self._has_block, self._last_block_at = written
        self._joined = parts
        del self._parts[parts:], self._marks[marks:]
        self._open, self._quotes, self._lists = [], [], []
        self._line_is_open = self._after_block = self._is_new_item = False

    # ------------------------------------------------------------ words
    def write(self, text: str) -> None:
        """Write words as they are."""
        self._parts.append(text)
        self._length += len(text)
        if text and text[-1] != "\n":
            self._line_ends = 0
        else:
            words = text.rstrip("\n")
            self._line_ends = len(text) - len(words) + (0 if words else self._line_ends)

    def say(self, text: str) -> None:
        """Write words of a paragraph or an item."""
        if self._after_block:
            self.go_on()
        self.write(text)
        self._line_is_open = True

    def code(self, code: str) -> None:
        """Write code inside a line."""
        self._marked("code", code)
        self._line_is_open = True

    def break_line(self) -> None:
        """Go on in the next line, which in a list item stands under its text."""
        self._line_is_open = False
        self.write("\n")
        self._indent()

    def go_on(self) -> None:
        """Begin a new line behind a block in a list item."""
        if self._after_block:
            self._after_block = False
            self.write("\n")
            self._indent()

    def end_line(self) -> None:
        """End the line of a list item, so that a block in it stands on lines of its own."""
        if self._line_is_open:
            self.write("\n")
            self._line_is_open = False

    def begin(self, kind: str) -> int:
        """Begin a mark here; return its place."""
        self._open.append((kind, self._length))
        return self._length

    def end(self, kind: str) -> None:
        """End the newest mark of this kind."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == kind:
                self._add(kind, self._open.pop(index)[1])
                return

    def link(self, start: int, url: str) -> None:
        """Make a link of what was written from a place on."""
        self._add("text_link", start, url=url)

    @property
    def is_in_list(self) -> bool:
        """Whether a list is open."""
        return bool(self._lists)

    @property
    def place(self) -> int:
        """Where the next word stands."""
        return self._length

    # ------------------------------------------------------------ blocks
    def start_paragraph(self, at: int | None) -> None:
        """Begin a paragraph; in a list item it goes on behind the item's sign."""
        self.start_lines(at)
        if self._after_block:
            self.go_on()
        elif not self._is_new_item:
            self._indent()
        self._is_new_item = False

    def start_lines(self, at: int | None) -> None:
        """Begin lines that stand apart, but in a list item."""
        if not self._lists:
            self._stand_apart(at)

    def end_paragraph(self) -> None:
        """End it."""
        self._line_is_open = False
        if not self._lists:
            self._has_block = True
        elif not self._line_ends:
            self.write("\n")

    def start_heading(self, level: str, at: int | None) -> None:
        """Begin a heading."""
        self._stand_apart(at)
        for kind in _HEADINGS.get(level, _HEADING):
            self.begin(kind)

    def end_heading(self, level: str) -> None:
        """End it."""
        for kind in reversed(_HEADINGS.get(level, _HEADING)):
            self.end(kind)
        self._has_block = True
        self._line_is_open = False

    def code_block(self, code: str, language: str, at: int | None) -> None:
        """Write a block of code."""
        self._stand_apart(at)
        self._marked("pre", code.removesuffix("\n"), language=_LANGUAGE_END.split(language, 1)[0].strip())
        self._has_block = True
        self.end_block()

    def rule(self, at: int | None) -> None:
        """Write a line across."""
        self._stand_apart(at)
        self.write(_RULE)
        self._has_block = True
        self._line_is_open = False

    def start_quote(self, at: int | None) -> None:
        """Begin a quote."""
        self._stand_apart(at)
        self._quotes.append(self._length)

    def end_quote(self) -> None:
        """End it."""
        self._add("blockquote", self._quotes.pop())
        self._has_block = True
        self._line_is_open = self._after_block = False

    def start_list(self, number: int | None, at: int | None) -> None:
        """Begin a list that counts from a number, or has bullets."""
        if not self._lists:
            self._stand_apart(at)
        self._lists.append(number)

    def end_list(self) -> None:
        """End it."""
        self._lists.pop()
        self._has_block = self._has_block or not self._lists
        self._line_is_open = self._after_block = False

    def start_item(self) -> None:
        """Begin a list item on a line of its own."""
        if self._length and not self._line_ends:
            self.write("\n")
        number = self._lists[-1] if self._lists else None
        self._item_indent = _INDENT * (len(self._lists) - 1)
        if number is None:
            self.write(f"{self._item_indent}{_BULLET} ")
        else:
            self.write(f"{self._item_indent}{number}. ")
            self._lists[-1] = number + 1
        self._line_is_open = self._after_block = False
        self._is_new_item = True

    def end_item(self) -> None:
        """End it."""
        self._line_is_open = False
        if not self._line_ends:
            self.write("\n")

    def tick(self, *, is_done: bool) -> None:
        """Replace the item's sign, which was written last, by a box."""
        last = self._parts.pop()
        self._length -= len(last)
        self.write(f"{self._item_indent}{_DONE if is_done else _TO_DO} ")
        self._line_is_open = True

    # ------------------------------------------------------------ how it is done
    def end_block(self) -> None:
        """Note that a block ends here: in a list what follows begins on a new line."""
        self._line_is_open = False
        self._after_block = bool(self._lists)

    def _indent(self) -> None:
        if self._lists and not self._quotes:
            self.write(_INDENT * len(self._lists))

    def _add(self, kind: str, start: int, *, url: str = "", language: str = "") -> None:
        if start < self._length:
            self._marks.append(Mark(kind, start, self._length, url=url, language=language))

    def _marked(self, kind: str, text: str, *, language: str = "") -> None:
        start = self._length
        self.write(text)
        self._add(kind, start, language=language)

    def _stand_apart(self, at: int | None) -> None:
        """Begin a block on a new line, behind an empty one where the source has one or nothing tells."""
        if self._has_block:
            wanted = 2 if at is None or self._has_empty_line_before(at) else 1
            if wanted > self._line_ends:
                self.write("\n" * (wanted - self._line_ends))
        if at is not None:
            self._last_block_at = at

    def _has_empty_line_before(self, at: int) -> bool:
        """Say whether an empty line stands before a block, behind the beginning of the one before it."""
        before = self._source[self._last_block_at + 1 : at].translate(None, _BLANKS)
        return before.endswith(b"\n\n")

    def _folded(self, quote: Mark, text: str) -> Mark:
        is_long = utf16_length(text[quote.start : quote.end]) > _LONG_QUOTE
        return quote._replace(kind="expandable_blockquote") if is_long else quote
