"""Markdown becomes parser events, with everything kept that a renderer would drop or make dangerous. Pure.

What is changed: raw HTML is text; only web addresses become links, any other address is printed beside its label;
images are links; tables are columns or cards; source that the parser drops without a word (cells beyond the width of a
table) comes back as text. Events are changed, not the source: escaping in the source would show in code.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pyromark

from adapters.telegram.format.links import is_deceptive, is_web_address, shown_address
from adapters.telegram.format.tables import Event, RangedEvent, table

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
_WORD = re.compile(r"[^\W_]")
_ITEM_SIGN = re.compile(rb"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])")
_LINE_LEAD = re.compile(r"(?m)^[ \t>]+")
_INDENT = "  "
_INLINE_HOLDERS = ("Paragraph", "Heading", "TableCell")
_INLINE = ("Strong", "Emphasis", "Strikethrough")
_PARAGRAPH: Event = "Paragraph"


def rewritten(markdown: str) -> list[RangedEvent]:
    """Parse Markdown and return the events to render, in order."""
    events = pyromark.events_with_range(markdown, options=_OPTIONS, merge_text=True)
    rewriter = _Rewriter(markdown)
    for event, where in events:
        rewriter.take(event, where["start"], where["end"])
    return rewriter.finish()


@dataclass(slots=True)
class _OpenLink:
    """A link or image whose label is being read."""

    url: str
    place: int
    """Where in the output its start stands, or would stand."""
    is_nested: bool
    label: list[str] = field(default_factory=list)


class _Rewriter:
    def __init__(self, markdown: str) -> None:
        self._source = markdown.encode()
        self._out: list[RangedEvent] = []
        self._done = 0
        """Bytes of the source that are accounted for."""
        self._links: list[_OpenLink] = []
        self._html: list[str] | None = None
        self._lists = 0
        self._quotes = 0
        self._after_block = False
        """True behind a block of code in a list: the renderer would go on in its last line."""
        self._in_heading = False
        self._is_new_item = False
        """True until the first paragraph of a list item, which stands behind its mark."""
        self._inline = 0
        self._in_row = False
        self._in_cell = False
        self._line_is_open = False
        self._table: tuple[int, list[str]] | None = None
        """Where in the output the table begins that is being read, and how its columns are aligned."""

    def take(self, event: Event, start: int, end: int) -> None:
        """Take the parser's next event."""
        if isinstance(event, str):
            self._account(start, end)
            self._emit(event, start, end)
            self._line_is_open = False
            if event in ("SoftBreak", "HardBreak"):
                self._indent(start)
            return
        (name, value), *_ = event.items()
        if name == "Start":
            self._take_start(value, start, end)
        elif name == "End":
            self._take_end(value, start, end)
        else:
            self._take_leaf(name, value, start, end)

    def finish(self) -> list[RangedEvent]:
        """Return the output, with what is left of the source."""
        self._account(len(self._source), len(self._source))
        return [ranged for ranged in self._out if ranged[0] is not None]

    # ------------------------------------------------------------ leaves
    def _take_leaf(self, name: str, value: Any, start: int, end: int) -> None:
        self._account(start, end)
        if name == "Html" and self._html is not None:
            self._html.append(value)
        elif name in ("Text", "Html", "InlineHtml"):
            self._emit_text(value, start, end)
        elif name == "Code" and self._in_heading:
            self._emit_text(value, start, end)  # code takes no other mark, and a heading is to be one
        else:
            self._go_on(start)
            self._emit({name: value}, start, end)
            if isinstance(value, str):
                self._label(value)
            self._line_is_open = True

    # ------------------------------------------------------------ starts and ends
    def _take_start(self, tag: Event, start: int, end: int) -> None:
        self._account(start, start)
        name, value = _named(tag)
        if name in ("Link", "Image"):
            self._links.append(_OpenLink(value["dest_url"], len(self._out), bool(self._links)))
            self._emit(None, start, end)
        elif name == "HtmlBlock":
            self._html = []
        elif name == "Strikethrough" and not self._is_double(start):
            self._emit_text("~", start, start + 1)
        elif name == "CodeBlock":
            self._start_code(value, start, end)
        elif name == "Table":
            self._end_line(start)
            self._table = len(self._out), list(value)
        else:
            self._enter(name, start)
            if name in _INLINE:
                self._go_on(start)
            self._emit({"Start": tag}, start, end)
            if name == "Paragraph":
                self._start_paragraph(start)

    def _take_end(self, tag: Event, start: int, end: int) -> None:
        name, _ = _named(tag)
        if name in ("Link", "Image"):
            self._end_link(start, end)
        elif name == "HtmlBlock":
            self._account(end, end)
            html, self._html = "".join(self._html or ()), None
            self._emit_block(html.rstrip("\n"), start, end)
        elif name == "Strikethrough" and not self._is_double(start):
            self._emit_text("~", end - 1, end)
        elif name == "Table":
            self._end_table(end)
        else:
            self._account(end, end)
            self._emit({"End": tag}, start, end)
            self._leave(name)

    def _enter(self, name: str, start: int) -> None:
        self._lists += name == "List"
        self._quotes += name == "BlockQuote"
        self._in_heading = self._in_heading or name == "Heading"
        self._inline += name in _INLINE_HOLDERS
        self._in_row = self._in_row or name in ("TableRow", "TableHead")
        self._in_cell = self._in_cell or name == "TableCell"
        if name == "Item":
            sign = _ITEM_SIGN.match(self._source, start)
            self._done = max(self._done, sign.end() if sign else start)
            self._line_is_open = self._after_block = False
            self._is_new_item = True

    def _leave(self, name: str) -> None:
        self._lists -= name == "List"
        self._quotes -= name == "BlockQuote"
        self._in_heading = self._in_heading and name != "Heading"
        if name in ("List", "BlockQuote"):
            self._after_block = False
        if name == "CodeBlock":
            self._after_block = self._lists > 0
        self._inline -= name in _INLINE_HOLDERS
        self._in_row = self._in_row and name not in ("TableRow", "TableHead")
        self._in_cell = self._in_cell and name != "TableCell"
        if name not in ("Strong", "Emphasis", "Strikethrough"):
            self._line_is_open = False

    def _start_paragraph(self, start: int) -> None:
        if self._after_block:
            self._go_on(start)
        elif not self._is_new_item:
            self._indent(start)
        self._is_new_item = False

    def _go_on(self, place: int) -> None:
        """Begin a new line behind a block of code in a list item."""
        if self._after_block:
            self._after_block = False
            self._emit("HardBreak", place, place)
            self._indent(place)

    def _indent(self, place: int) -> None:
        """Let the further lines of a list item stand under its text."""
        if self._lists and not self._quotes and not self._in_cell:
            self._emit({"Text": _INDENT * self._lists}, place, place)

    def _start_code(self, kind: Event, start: int, end: int) -> None:
        """Keep what follows the language on a fence as the first line of the code."""
        self._done = max(self._done, end)
        self._end_line(start)
        language, _, rest = (kind.get("Fenced", "") if isinstance(kind, dict) else "").strip().partition(" ")
        self._emit({"Start": {"CodeBlock": {"Fenced": language}}}, start, end)
        if rest.strip():
            self._emit({"Text": f"{rest.strip()}\n"}, start, start)

    def _end_link(self, start: int, end: int) -> None:
        self._done = max(self._done, end)
        link = self._links.pop()
        label = "".join(link.label)
        is_link = is_web_address(link.url) and not link.is_nested and not self._in_cell
        if not label.strip():
            label = link.url
            self._emit_text(link.url, start, end)
        if is_link:
            self._out[link.place] = ({"Start": {"Link": {"dest_url": link.url}}}, {"start": start, "end": end})
            self._emit({"End": "Link"}, start, end)
        address = link.url if is_link and is_deceptive(label, link.url) else ""
        if not is_link:
            address = shown_address(label, link.url)
        if address:
            self._emit_text(f" ({address})", start, end)

    def _end_table(self, end: int) -> None:
        self._account(end, end)
        place, alignments = self._table or (len(self._out), [])
        self._table = None
        events = [ranged for ranged in self._out[place:] if ranged[0] is not None]
        self._out[place:] = table(events, alignments)
        self._line_is_open = False
        self._after_block = self._lists > 0

    def _is_double(self, start: int) -> bool:
        """Tell `~~` from `~`, which means "about"."""
        return self._source[start + 1 : start + 2] == b"~"

    # ------------------------------------------------------------ output
    def _emit(self, event: Event, start: int, end: int) -> None:
        self._out.append((event, {"start": start, "end": end}))

    def _emit_text(self, text: str, start: int, end: int) -> None:
        self._go_on(start)
        self._emit({"Text": text}, start, end)
        self._label(text)
        self._line_is_open = True

    def _emit_block(self, text: str, start: int, end: int) -> None:
        """Emit text that stands on lines of its own."""
        if self._inline or self._lists:
            self._end_line(start)
            self._emit_text(text, start, end)
            return
        self._emit({"Start": _PARAGRAPH}, start, end)
        self._emit_text(text, start, end)
        self._emit({"End": _PARAGRAPH}, start, end)
        self._line_is_open = False

    def _end_line(self, place: int) -> None:
        """End the line of a list item, so that a block in it stands on lines of its own."""
        if (self._inline or self._lists) and self._line_is_open and not self._in_cell:
            self._emit("HardBreak", place, place)
            self._line_is_open = False

    def _label(self, text: str) -> None:
        for link in self._links:
            link.label.append(text)

    # ------------------------------------------------------------ what the parser dropped
    def _account(self, start: int, end: int) -> None:
        """Note that the source up to `end` is taken; bring back words between there and what was taken before."""
        if self._done < start:
            self._bring_back(self._source[self._done : start].decode(), self._done, start)
        self._done = max(self._done, end)

    def _bring_back(self, dropped: str, start: int, end: int) -> None:
        if not _WORD.search(dropped):
            return
        if self._in_row and not self._in_cell:
            for cell in filter(None, (piece.strip() for piece in dropped.split("|"))):
                self._emit({"Start": "TableCell"}, start, end)
                self._emit_text(cell, start, end)
                self._emit({"End": "TableCell"}, start, end)
            return
        self._emit_block(_LINE_LEAD.sub("", dropped).strip(), start, end)


def _named(tag: Event) -> tuple[str, Any]:
    if isinstance(tag, str):
        return tag, None
    (name, value), *_ = tag.items()
    return name, value
