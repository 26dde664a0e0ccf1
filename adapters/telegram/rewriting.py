"""Markdown becomes parser events, with everything kept that a renderer would drop or make dangerous. Pure.

What is changed: raw HTML is text; only web addresses become links, any other address is printed beside its label;
images are links; formulas and prices are told apart; source that the parser drops without a word (link definitions
that nobody uses, cells beyond the width of a table) comes back as text. Events are changed, not the source: escaping
in the source would show in code.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyromark

from adapters.telegram.links import is_deceptive, is_web_address, shown_address

Event = Any
"""As pyromark says it: a word, or a mapping with one key."""
RangedEvent = tuple[Event, Mapping[str, int]]

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
_WORD = re.compile(r"[^\W_]")
_ITEM_SIGN = re.compile(rb"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])")
_LINE_LEAD = re.compile(r"(?m)^[ \t>]+")
_FORMULA = re.compile(r"[\\^_={}]")
_SHORT_FORMULA = 3
_INLINE_HOLDERS = ("Paragraph", "Heading", "TableCell")
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
        self._definitions = _used_definitions(markdown)
        self._out: list[RangedEvent] = []
        self._done = 0
        """Bytes of the source that are accounted for."""
        self._links: list[_OpenLink] = []
        self._html: list[str] | None = None
        self._lists = 0
        self._inline = 0
        self._in_row = False
        self._in_cell = False
        self._line_is_open = False

    def take(self, event: Event, start: int, end: int) -> None:
        """Take the parser's next event."""
        if isinstance(event, str):
            self._account(start, end)
            self._emit(event, start, end)
            self._line_is_open = False
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
        elif name in ("InlineMath", "DisplayMath"):
            self._take_formula(value, start, end)
        else:
            self._emit({name: value}, start, end)
            if isinstance(value, str):
                self._label(value)
            self._line_is_open = True

    def _take_formula(self, formula: str, start: int, end: int) -> None:
        """Show a formula as code, and anything that is rather a price as text."""
        is_price = self._source[end : end + 1].isdigit()
        is_formula = len(formula) <= _SHORT_FORMULA or _FORMULA.search(formula) is not None
        if is_formula and not is_price and not self._in_cell:
            self._emit({"Code": formula}, start, end)
            self._label(formula)
            self._line_is_open = True
        else:
            self._emit_text(self._source[start:end].decode(), start, end)

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
        else:
            self._enter(name, start)
            self._emit({"Start": tag}, start, end)

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
        else:
            self._account(end, end)
            self._emit({"End": tag}, start, end)
            self._leave(name)

    def _enter(self, name: str, start: int) -> None:
        self._lists += name == "List"
        self._inline += name in _INLINE_HOLDERS
        self._in_row = self._in_row or name in ("TableRow", "TableHead")
        self._in_cell = self._in_cell or name == "TableCell"
        if name == "Item":
            sign = _ITEM_SIGN.match(self._source, start)
            self._done = max(self._done, sign.end() if sign else start)
            self._line_is_open = False

    def _leave(self, name: str) -> None:
        self._lists -= name == "List"
        self._inline -= name in _INLINE_HOLDERS
        self._in_row = self._in_row and name not in ("TableRow", "TableHead")
        self._in_cell = self._in_cell and name != "TableCell"
        if name not in ("Strong", "Emphasis", "Strikethrough"):
            self._line_is_open = False

    def _start_code(self, kind: Event, start: int, end: int) -> None:
        """Keep what follows the language on a fence as the first line of the code."""
        self._done = max(self._done, end)
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

    def _is_double(self, start: int) -> bool:
        """Tell `~~` from `~`, which means "about"."""
        return self._source[start + 1 : start + 2] == b"~"

    # ------------------------------------------------------------ output
    def _emit(self, event: Event, start: int, end: int) -> None:
        self._out.append((event, {"start": start, "end": end}))

    def _emit_text(self, text: str, start: int, end: int) -> None:
        self._emit({"Text": text}, start, end)
        self._label(text)
        self._line_is_open = True

    def _emit_block(self, text: str, start: int, end: int) -> None:
        """Emit text that stands on lines of its own."""
        if self._inline or self._lists:
            if self._line_is_open and not self._in_cell:
                self._emit("HardBreak", start, start)
            self._emit_text(text, start, end)
            return
        self._emit({"Start": _PARAGRAPH}, start, end)
        self._emit_text(text, start, end)
        self._emit({"End": _PARAGRAPH}, start, end)
        self._line_is_open = False

    def _label(self, text: str) -> None:
        for link in self._links:
            link.label.append(text)

    # ------------------------------------------------------------ what the parser dropped
    def _account(self, start: int, end: int) -> None:
        """Note that the source up to `end` is taken; bring back words between there and what was taken before."""
        if self._done < start:
            for first, last in _without(self._definitions, self._done, start):
                self._bring_back(self._source[first:last].decode(), first, last)
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


def _used_definitions(markdown: str) -> list[tuple[int, int]]:
    """Return the ranges of link definitions that some link uses: they show as that link."""
    if "]:" not in markdown:
        return []
    used = set()
    for event in pyromark.events(markdown, options=_OPTIONS):
        if isinstance(event, dict) and "Start" in event:
            name, value = _named(event["Start"])
            if name in ("Link", "Image"):
                used.add(_label_key(value["id"]))
    definitions: Mapping[str, Any] = pyromark.reference_definitions(markdown, options=_OPTIONS)
    spans = (found["span"] for label, found in definitions.items() if _label_key(label) in used)
    return sorted((span["start"], span["end"]) for span in spans)


def _label_key(label: str) -> str:
    """Labels are the same whatever their case and spacing (CommonMark, link reference definitions)."""
    return " ".join(label.casefold().split())


def _without(holes: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    pieces = []
    for hole_start, hole_end in holes:
        if hole_end <= start or hole_start >= end:
            continue
        pieces.append((start, hole_start))
        start = hole_end
    pieces.append((start, end))
    return [(first, last) for first, last in pieces if first < last]
