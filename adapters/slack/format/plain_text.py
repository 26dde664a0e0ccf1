"""The words of Markdown without its marks, for notifications and where blocks are not taken. Pure."""

from typing import Any

import pyromark

from bridge.markdown.preprocess import BlockStarts, Readers

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
_WORDS = ("Text", "Code", "Html", "InlineHtml")
_LINKS = ("Link", "Image")
_ROWS = ("TableRow", "TableHead")
_BLOCKS = ("Paragraph", "Heading", "CodeBlock", "BlockQuote", "HtmlBlock", "Table")
_KEPT_PAGES = 256
_BULLET, _DONE, _TO_DO, _RULE = "\N{BULLET} ", "\N{BALLOT BOX WITH CHECK} ", "\N{BALLOT BOX} ", "———"


def strip_markdown(markdown: str) -> str:
    """Return the text that people would read: list items with their signs, links with their addresses."""
    writer = _writers.take(markdown)
    written = writer.write(markdown.encode())
    _writers.keep(markdown, writer)
    return written


class _Writer:
    def __init__(self) -> None:
        self._starts = BlockStarts(0)
        self.written: list[str] = []
        self._joined = 0
        """How many pieces of `written` stand for whole blocks."""
        self._depth = 0
        """How many blocks and styles are open."""
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int]] = []
        self._cells = 0

    def write(self, source: bytes) -> str:
        """Write what a source says, from where it differs from the one before."""
        at, pieces = self._starts.go_on(source)
        del self.written[pieces:]
        self._joined = pieces
        event: Any
        for event, where in pyromark.events_with_range(source[at:].decode(), options=_OPTIONS, merge_text=True):
            # A `match` of them takes ten times as long.
            if isinstance(event, str):
                self._take_break(event)
                continue
            [(name, value)] = event.items()
            if name == "Start":
                if not self._depth:
                    self._starts.note(at + where["start"], self._pieces)
                self._depth += 1
                self._start(*_named(value))
            elif name == "End":
                self._depth -= 1
                self._end(_named(value)[0])
            elif name == "TaskListMarker":
                self.written[-1] = self.written[-1].removesuffix(_BULLET) + (_DONE if value else _TO_DO)
            elif name in _WORDS:
                self.written.append(value)
        return "".join(self.written).strip()

    def _pieces(self) -> int:
        """Return how many pieces are written. A block's become one but the last two, which tell how many lines end."""
        block = slice(self._joined, len(self.written) - 2)
        if block.start < block.stop:
            self.written[block] = ["".join(self.written[block])]
        self._joined = len(self.written)
        return self._joined

    def _take_break(self, event: str) -> None:
        if event == "Rule":
            self._line(2)
            self.written.append(_RULE)
        else:
            self.written.append(" " if self._cells else "\n")

    def _start(self, name: str, value: Any) -> None:
        if name in _BLOCKS:
            if not self._is_at_sign():
                self._line(1 if self._lists else 2)
        elif name == "List":
            self._line(1 if self._lists else 2)
            self._lists.append(value if isinstance(value, int) else None)
        elif name == "Item":
            self._start_item()
        elif name in _LINKS:
            self._links.append((str(value["dest_url"]), len(self.written)))
        elif name in _ROWS:
            self._line(1)
            self._cells = 1
        elif name == "TableCell":
            if self._cells > 1:
                self.written.append(" | ")
            self._cells += 1

    def _start_item(self) -> None:
        self._line(1)
        number = self._lists[-1] if self._lists else None
        sign = _BULLET if number is None else f"{number}. "
        self.written.append("  " * (len(self._lists) - 1) + sign)
        if number is not None:
            self._lists[-1] = number + 1

    def _end(self, name: str) -> None:
        if name == "List" and self._lists:
            self._lists.pop()
        elif name in _LINKS and self._links:
            address, place = self._links.pop()
            label = "".join(self.written[place:])
            if address and address.removeprefix("mailto:") not in label:
                self.written.append(f" ({address})" if label.strip() else address)
        elif name in _ROWS:
            self._cells = 0

    def _is_at_sign(self) -> bool:
        """Say whether a list item's sign was the last thing written."""
        return bool(self._lists) and bool(self.written) and self.written[-1].endswith((_BULLET, ". ", _DONE, _TO_DO))

    def _line(self, breaks: int) -> None:
        """Begin a new line, with an empty one before it where that is asked for."""
        if not self.written:
            return
        tail = "".join(self.written[-2:])
        have = len(tail) - len(tail.rstrip("\n"))
        self.written.append("\n" * max(0, breaks - have))


def _named(tag: Any) -> tuple[str, Any]:
    return (tag, None) if isinstance(tag, str) else next(iter(tag.items()))


_writers = Readers(_Writer, _KEPT_PAGES)
