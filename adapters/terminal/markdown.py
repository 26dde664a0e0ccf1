"""Markdown to what a terminal shows. Pure: values in, something rich can print out."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Markdown
from rich.segment import Segment
from rich.text import Text

from bridge.domain.pages import PageView
from bridge.markdown.math import formulas_as_code

_KEPT = frozenset("\n\t")
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Turn the order of the letters around, so that a text reads as something it is not."""

_MOST_DRAWN = 6_000
"""Characters of a page that are drawn while it grows. The printed page is whole."""


def harmless(text: str) -> str:
    """Return the text without anything that steers a terminal: control characters and changes of direction."""
    return "".join(
        sign
        for sign in text
        if sign in _KEPT or not (sign in _DIRECTIONS or unicodedata.category(sign) in {"Cc", "Cs"})
    )


def plain(view: PageView) -> str:
    """Return a page as text: the agent's Markdown as it is, then the lines below it."""
    parts = (view.text.strip("\n"), view.status, view.notice, view.aside)
    return harmless("\n\n".join(part for part in parts if part))


def recent(text: str) -> str:
    """Return the end of a long text, as much as a screen has room for: drawing it costs time with every change."""
    if len(text) <= _MOST_DRAWN:
        return text
    first = len(text) - _MOST_DRAWN
    cut = text.find("\n", first) + 1 or first
    fences = sum(line.lstrip().startswith("```") for line in text[:cut].split("\n"))
    return ("```\n" if fences % 2 else "") + text[cut:]


def renderable(view: PageView) -> RenderableType:
    """Return a page for rich: rendered Markdown, then the lines below it."""
    parts: list[RenderableType] = []
    if view.text:
        parts.append(VisibleMarkdown(formulas_as_code(harmless(view.text))))
    if view.status:
        parts.append(Text(harmless(view.status), style="dim italic"))
    if view.notice:
        parts.append(Text(harmless(view.notice), style="yellow"))
    if view.aside:
        parts.append(Text(harmless(view.aside), style="dim"))
    return Group(*parts)


class VisibleMarkdown(Markdown):
    """Markdown that hides nothing: HTML stands as it was written, links and images show their addresses."""

    def __init__(self, markup: str) -> None:
        super().__init__(markup, hyperlinks=False)
        _unhide(self.parsed)


def _unhide(tokens: Iterable[Any]) -> None:
    """Turn the parts that rich leaves out, HTML and the addresses of images, into plain text."""
    for token in tokens:
        match token.type:
            case "html_inline":
                token.type = "text"
            case "html_block":
                token.type, token.info = "code_block", ""
            case "image":
                address = token.attrs.get("src", "")
                token.type, token.tag, token.children = "text", "", None
                token.content = f"{token.content} ({address})"
        if token.children:
            _unhide(token.children)


class Tail:
    """Shows the last lines of something that is taller than the screen."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(options.size.height - 2, 1)
        lines = console.render_lines(self._content, options.update(height=None), pad=False)
        for number, line in enumerate(lines[-room:]):
            if number:
                yield Segment.line()
            yield from line
