"""Markdown becomes text and entities, as Telegram shows them. Pure; every prefix of a text renders.

No `parse_mode` is ever used: the server parses nothing, so it can refuse nothing half-written.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from adapters.telegram import limits
from adapters.telegram.format.entities import Mark, Span, spans_of, tidied, trimmed, utf16_length, worthiest
from adapters.telegram.format.links import defuse
from adapters.telegram.format.parse import parsed
from bridge.domain.incoming import TAKE_OVER
from bridge.domain.notices import SLASHES
from bridge.domain.pages import PageView
from bridge.markdown.preprocess import prepared
from bridge.markdown.sanitize import sanitize
from bridge.texts.catalog import texts_in
from bridge.texts.sentences import help_text

_NOTHING_YET = "…"
"""Stands where a page has no visible character: Telegram refuses an empty message."""

_NAME_AT_END = re.compile(r"@(\w+)\Z")

_CACHED_PAGES = 128
"""A page is measured before it is sent; 128 pages are some megabytes."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent: text without white space at its ends, and its entities."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    marks: tuple[Mark, ...]
    units: int
    mark_count: int
    """Both at least those of its beginning with marks, where it takes too much work to set marks in all of it."""


def fits(text: str) -> bool:
    """Say whether this Markdown, once rendered, fits one message, with room for a status and a notice."""
    body = _rendered(text, frozenset())
    has_room = body.units <= limits.MESSAGE_LIMIT - limits.TAIL_RESERVE
    return has_room and body.mark_count <= limits.ENTITIES_LIMIT - limits.TAIL_ENTITIES


def render(text: str) -> Rendered:
    """Render Markdown alone."""
    return render_page(PageView(text=text))


def render_page(view: PageView, allowed: frozenset[str] = frozenset()) -> Rendered:
    """Render a page: its text, then the status, the notice and the aside in italics on the last lines.

    Telegram has nothing smaller: its entities change the face of a text, not its size (Bot API, `MessageEntity`).

    `allowed` are the names, in lower case, that the text may call.
    """
    body = _rendered(view.text, _finished(view, allowed) if allowed else allowed)
    text, marks = body.text, worthiest(body.marks, limits.ENTITIES_LIMIT - limits.TAIL_ENTITIES)
    for line in (view.status, view.notice, view.aside):
        # The commands in our own help are there to be pressed. Every other line may hold words of the agent.
        words = line if _is_help(line, view.language) else defuse(sanitize(line).strip(), ())[0]
        words = _within(words, limits.MESSAGE_LIMIT - utf16_length(text) - len("\n\n"))
        if words:
            text = f"{text}\n\n{words}" if text else words
            marks.append(Mark("italic", len(text) - len(words), len(text)))
    if not _is_visible(text):
        text, marks = _NOTHING_YET, []
    return Rendered(text, spans_of(text, marks))


def _within(words: str, units: int) -> str:
    """Cut what does not fit: several texts of the operator can be longer together than the room below a full page."""
    if utf16_length(words) <= units:
        return words
    kept = words.encode("utf-16-le", "surrogatepass")[: 2 * max(0, units - 1)].decode("utf-16-le", "ignore").rstrip()
    return f"{kept}…" if kept else ""


def _is_help(line: str, language: str) -> bool:
    styles = (SLASHES, SLASHES.without(TAKE_OVER))
    return "\n/" in line and any(line == help_text(texts_in(language), style) for style in styles)


def _finished(view: PageView, allowed: frozenset[str]) -> frozenset[str]:
    """Leave out the name at the end of a growing text: it may be the beginning of another one."""
    name = None if view.final else _NAME_AT_END.search(view.source or view.text)
    return allowed - {name[1].lower()} if name else allowed


@lru_cache(maxsize=_CACHED_PAGES)
def _rendered(markdown: str, allowed: frozenset[str]) -> _Body:
    """Render without the bound on marks, so that it can be seen how many there are.

    `allowed` has no default: with one, the cache would tell a call that leaves it out from one that does not.
    """
    clean = sanitize(markdown)
    read = parsed(prepared(clean))
    body = _body(read.text, read.marks, allowed)
    if read.is_whole:
        return body
    # A page that its beginning fills is not fuller with less in it: a page ends where it would have ended as it grew.
    plain = _body(clean, (), allowed)
    return replace(plain, units=max(body.units, plain.units), mark_count=body.mark_count)


def _body(text: str, marks: Sequence[Mark], allowed: frozenset[str]) -> _Body:
    text, marks = defuse(*trimmed(text, marks), allowed)
    if not _is_visible(text):
        return _Body("", (), 0, 0)
    tidy = tuple(tidied(text, marks))
    return _Body(text, tidy, utf16_length(text), len(tidy))


def _is_visible(text: str) -> bool:
    """Say whether any character can be seen: separators and controls cannot."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)
