"""Markdown becomes text and marks, with everything kept that a renderer would drop or make dangerous. Pure.

What is changed: raw HTML is text; only web addresses become links, any other address is printed beside its label;
images are links; tables are columns or cards; source that the parser drops without a word (cells beyond the width of a
table) comes back as text. The source itself is not changed: escaping in it would show in code.
"""

import re
from dataclasses import dataclass
from typing import Any

from adapters.telegram.format.entities import Mark
from adapters.telegram.format.links import OpenLink, is_deceptive, is_web_address, shown_address
from adapters.telegram.format.message_text import MessageText, Written
from adapters.telegram.format.tables import Cell, Table

_WORD = re.compile(r"[^\W_]")
_PERHAPS_A_WORD = re.compile(rb"[0-9A-Za-z\x80-\xff]")
_ITEM_SIGN = re.compile(rb"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])")
_LINE_LEAD = re.compile(r"(?m)^[ \t>]+")
_STYLES = {"Strong": "bold", "Emphasis": "italic", "Strikethrough": "strikethrough"}
_ROWS = ("TableRow", "TableHead")


@dataclass(slots=True)
class _OpenCode:
    """A block of code that is being read."""

    language: str
    at: int
    lines: list[str]


class Walker:
    """Takes the events of the parser, in order."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._text = MessageText(source)
        self._done = 0
        """Bytes of the source that are accounted for."""
        self._links: list[OpenLink] = []
        self._html: list[str] | None = None
        self._code: _OpenCode | None = None
        self._table: Table | None = None
        self._cell: Cell | None = None
        self._is_inline = False
        """True inside a paragraph or heading, where text goes on in its line."""
        self._heading = ""
        """The level of the heading that is open."""

    def take(self, event: Any, start: int, end: int) -> None:
        """Take the parser's next event. A `match` of them takes ten times as long."""
        if isinstance(event, str):
            self._account(start, end)
            self._take_break(event, start)
            return
        [(name, value)] = event.items()
        if name == "Start":
            self._account(start, start)
            name, value = (value, None) if isinstance(value, str) else next(iter(value.items()))
            self._take_start(name, value, start, end)
        elif name == "End":
            self._take_end(value if isinstance(value, str) else next(iter(value)), start, end)
        else:
            self._account(start, end)
            self._take_leaf(name, value)

    def finish(self) -> tuple[str, list[Mark]]:
        """Return the text and marks, with what is left of the source."""
        self._account(len(self._source), len(self._source))
        return self._text.finish()

    def written(self) -> tuple[int, Written]:
        """Return how far the source is accounted for, and what is written, between two blocks that are in no other."""
        return self._done, self._text.written()

    def back_to(self, source: bytes, done: int, written: Written) -> None:
        """Go back to a place between two such blocks, and on from there in a source that begins alike."""
        self._source, self._done = source, done
        self._text.back_to(source, written)

    def stop(self) -> tuple[str, list[Mark]]:
        """Return the text and marks so far, with the rows that a table has already."""
        if self._table is not None:
            self._table.draw(self._text)
        return self._text.finish()

    @property
    def cells(self) -> int:
        """How many cells the table has that is being read."""
        return 0 if self._table is None else self._table.cells

    # ------------------------------------------------------------ leaves
    def _take_break(self, event: str, start: int) -> None:
        if event == "Rule":
            self._text.rule(start)
        elif self._cell is not None:
            self._cell.write(" ")
        else:
            self._text.break_line()

    def _take_leaf(self, name: str, value: Any) -> None:
        if self._code is not None:
            self._code.lines.append(value)
        elif name in ("Text", "InlineHtml") or (name == "Code" and self._heading):
            self._write(value)  # code takes no other mark, and a heading is to be one
        elif name == "Html":
            self._write(value) if self._html is None else self._html.append(value)
        elif name == "Code":
            if self._cell is not None:
                self._cell.code(value)
            else:
                self._text.go_on()
                self._text.code(value)
            if self._links:
                self._label(value)
        elif name == "TaskListMarker":
            self._text.tick(is_done=value)

    # ------------------------------------------------------------ starts and ends
    def _take_start(self, name: str, value: Any, start: int, end: int) -> None:
        if name in _STYLES:
            self._start_style(name, start)
        elif name in ("Link", "Image"):
            self._links.append(OpenLink(value["dest_url"], self._text.place, bool(self._links)))
        elif name == "Paragraph":
            self._is_inline = True
            self._text.start_paragraph(start)
        elif name == "Item":
            self._start_item(start)
        elif name == "CodeBlock":
            self._start_code(value, start, end)
        elif name == "HtmlBlock":
            self._html = []
        elif name == "List":
            self._text.start_list(value, start)
        elif name == "BlockQuote":
            self._text.start_quote(start)
        elif name == "Heading":
            self._heading, self._is_inline = value["level"], True
            self._text.start_heading(self._heading, start)
        else:
            self._start_of_table(name, value, start)

    def _take_end(self, name: str, start: int, end: int) -> None:
        if name in _STYLES:
            self._end_style(name, start, end)
        elif name in ("Link", "Image"):
            self._end_link(end)
        elif name == "HtmlBlock":
            self._account(end, end)
            html, self._html = "".join(self._html or ()), None
            self._write_block(html.rstrip("\n"), start)
        else:
            self._account(end, end)
            self._end_block(name)

    def _end_block(self, name: str) -> None:
        if name == "Paragraph":
            self._is_inline = False
            self._text.end_paragraph()
        elif name == "Item":
            self._text.end_item()
        elif name == "CodeBlock":
            self._end_code()
        elif name == "List":
            self._text.end_list()
        elif name == "BlockQuote":
            self._text.end_quote()
        elif name == "Heading":
            self._text.end_heading(self._heading)
            self._heading, self._is_inline = "", False
        else:
            self._end_of_table(name)

    def _start_style(self, name: str, start: int) -> None:
        if name == "Strikethrough" and not self._is_double(start):
            self._write("~")
            return
        if self._cell is not None:
            self._cell.begin(_STYLES[name])
        else:
            self._text.go_on()
            self._text.begin(_STYLES[name])

    def _end_style(self, name: str, start: int, end: int) -> None:
        if name == "Strikethrough" and not self._is_double(start):
            self._write("~")
            return
        self._account(end, end)
        if self._cell is not None:
            self._cell.end(_STYLES[name])
        else:
            self._text.end(_STYLES[name])

    def _start_item(self, start: int) -> None:
        sign = _ITEM_SIGN.match(self._source, start)
        self._done = max(self._done, sign.end() if sign else start)
        self._text.start_item()

    def _start_code(self, kind: Any, start: int, end: int) -> None:
        """Keep what follows the language on a fence as the first line of the code."""
        self._done = max(self._done, end)
        self._end_line()
        language, _, rest = (kind.get("Fenced", "") if isinstance(kind, dict) else "").strip().partition(" ")
        self._code = _OpenCode(language, start, [f"{rest.strip()}\n"] if rest.strip() else [])

    def _end_code(self) -> None:
        code, self._code = self._code, None
        if code is not None:
            self._text.code_block("".join(code.lines), code.language, code.at)

    def _end_link(self, end: int) -> None:
        self._done = max(self._done, end)
        link = self._links.pop()
        label = "".join(link.label)
        is_link = is_web_address(link.url) and not link.is_nested and self._cell is None
        if not label.strip():
            label = link.url
            self._write(link.url)
        if is_link:
            self._text.link(link.place, link.url)
        address = link.url if is_link and is_deceptive(label, link.url) else ""
        if not is_link:
            address = shown_address(label, link.url)
        if address:
            self._write(f" ({address})")

    def _is_double(self, start: int) -> bool:
        """Tell `~~` from `~`, which means "about"."""
        return self._source[start + 1 : start + 2] == b"~"

    # ------------------------------------------------------------ tables
    def _start_of_table(self, name: str, value: Any, start: int) -> None:
        if name == "Table":
            self._end_line()
            self._table = Table(list(value), start)
        elif name in _ROWS and self._table is not None:
            self._table.is_in_row = True
        elif name == "TableCell" and self._table is not None:
            self._cell = self._table.new_cell()

    def _end_of_table(self, name: str) -> None:
        table = self._table
        if name == "TableCell":
            self._cell = None
        elif name in _ROWS and table is not None:
            table.end_row()
        elif table is not None:
            self._table = None
            table.draw(self._text)
            self._text.end_block()

    # ------------------------------------------------------------ output
    def _write(self, text: str) -> None:
        if self._cell is not None:
            self._cell.write(text)
        else:
            self._text.say(text)
        if self._links:
            self._label(text)

    def _write_block(self, text: str, at: int) -> None:
        """Write text that stands on lines of its own."""
        if self._is_inline or self._text.is_in_list or self._cell is not None:
            self._end_line()
            self._write(text)
            return
        self._text.start_paragraph(at)
        self._write(text)
        self._text.end_paragraph()

    def _end_line(self) -> None:
        if (self._is_inline or self._text.is_in_list) and self._cell is None:
            self._text.end_line()

    def _label(self, text: str) -> None:
        for link in self._links:
            link.label.append(text)

    # ------------------------------------------------------------ what the parser dropped
    def _account(self, start: int, end: int) -> None:
        """Note that the source up to `end` is taken; bring back words between there and what was taken before."""
        at = self._done
        if at < start and _PERHAPS_A_WORD.search(self._source, at, start) is not None:
            self._bring_back(self._source[at:start].decode(), at)
        if at < end:
            self._done = end

    def _bring_back(self, dropped: str, at: int) -> None:
        if not _WORD.search(dropped):
            return
        if self._table is not None and self._table.is_in_row and self._cell is None:
            for words in filter(None, (piece.strip() for piece in dropped.split("|"))):
                self._table.new_cell().write(words)
            return
        self._write_block(_LINE_LEAD.sub("", dropped).strip(), at)
