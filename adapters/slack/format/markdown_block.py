"""A page becomes what Slack is sent: one `markdown` block and a plain text beside it. Pure.

Nothing the agent writes can ping: `<!channel>`, `<@U1>` and `<url|label>` are live even in `markdown` blocks
(PostHog#95054), and all begin with `<`, so no `<` ever leaves the bridge. The whole text is escaped each time, as
a token may come in two pieces.
"""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache

from adapters.slack.format.links import disarm_links
from adapters.slack.format.plain_text import strip_markdown
from adapters.slack.limits import PAGE_CHARS, PAGE_RESERVE_CHARS, PLAIN_TEXT_BYTES
from bridge.domain.pages import PageView
from bridge.markdown.graphemes import before_cluster
from bridge.markdown.math import formulas_as_code
from bridge.markdown.preprocess import prepared
from bridge.markdown.sanitize import sanitize

# Each spelling of <, > and &: Slack documents three, and a Markdown parser behind them would know all.
_ENTITY = re.compile(r"&(?=(?:lt|gt|amp|LT|GT|AMP|#0{0,20}(?:60|62|38)|#[xX]0{0,20}(?:3[cCeE]|26));)")
_CUT_ENTITY = re.compile(r"&[a-z]{0,3}\Z")
_ACTIVE = re.compile(r"[\\`*_\[\]~]+")
_CACHED_PAGES = 64
_NOTHING_YET = "…"
_MENTION = re.compile(r"&lt;([@#!][A-Za-z0-9^]{1,60})(?:>|&gt;)")
_CUT_MENTION = re.compile(r"<[^<>]*\Z")
_NOBODY: AbstractSet[str] = frozenset()


def markdown_of(view: PageView, allowed: AbstractSet[str] = _NOBODY) -> str:
    """Render a page for a `markdown` block: the agent's text, then status and notice as italic lines.

    `allowed` are the whole tokens that may ping, such as `<@U1>`: no other `<` is left in the text.
    """
    lines = [line for line in (_italic(view.status), _italic(view.notice)) if line]
    text = escape_markdown(view.text, allowed)
    if not text.strip():  # what stood there may all have been signs that cannot be shown
        return "\n\n".join(lines) or _NOTHING_YET
    return "\n\n".join([text.rstrip("\n"), *lines]) if lines else text


def plain_of(view: PageView, limit_bytes: int = PLAIN_TEXT_BYTES, allowed: AbstractSet[str] = _NOBODY) -> str:
    """Render a page for `text`, which notifications show: at most `limit_bytes` of UTF-8, no entity cut."""
    words = _escape_plain(_first_words(view.text, limit_bytes), allowed)
    parts = (words, *map(_escape_plain, (view.status, view.notice, view.aside)))
    escaped = "\n\n".join(filter(None, parts)) or _NOTHING_YET
    encoded = escaped.encode()
    if len(encoded) <= limit_bytes:
        return encoded.decode()
    cut = encoded[: limit_bytes - len(_NOTHING_YET.encode())].decode(errors="ignore")
    cut = escaped[: before_cluster(escaped, len(cut))]
    return _CUT_MENTION.sub("", _CUT_ENTITY.sub("", cut)) + _NOTHING_YET


def shows_all(view: PageView, limit_bytes: int = PLAIN_TEXT_BYTES) -> bool:
    """Say whether `plain_of` would leave nothing out."""
    return plain_of(view, limit_bytes) == plain_of(view, 1_000_000)


def fits(text: str) -> bool:
    """Say whether this Markdown, once rendered, fits one message with room for status and notice."""
    if len(text) > PAGE_CHARS:
        return False
    room = PAGE_CHARS - PAGE_RESERVE_CHARS
    return _units_at_most(text) <= room or _units(escape_markdown(text)) <= room


def escape_markdown(text: str, allowed: AbstractSet[str] = _NOBODY) -> str:
    """Make Markdown harmless for a `markdown` block; entities in it are shown as they were written."""
    escaped = _ENTITY.sub("&amp;", disarm_links(formulas_as_code(sanitize(text)))).replace("<", "&lt;")
    return _with_mentions(escaped, allowed)


def _first_words(text: str, most: int) -> str:
    """Return the first characters of the words, at most so many: of a long text only the paragraphs that it takes."""
    end = text.find("\n\n", most + most // 4)
    words = _words_of(text[:end]) if end >= 0 else ""
    return (words if len(words) > most else _words_of(text))[:most]


@lru_cache(maxsize=_CACHED_PAGES)
def _words_of(text: str) -> str:
    return strip_markdown(prepared(sanitize(text)))


def _escape_plain(text: str, allowed: AbstractSet[str] = _NOBODY) -> str:
    escaped = sanitize(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _with_mentions(escaped, allowed)


def _with_mentions(escaped: str, allowed: AbstractSet[str]) -> str:
    """Bring back the tokens that are allowed. In escaped text `&lt;` stands for nothing but a `<` of the agent."""
    if not allowed:
        return escaped
    return _MENTION.sub(lambda found: token if (token := f"<{found[1]}>") in allowed else found[0], escaped)


def _italic(sentence: str) -> str:
    """Set each line in italics. What could end them early, in a tool's or an agent's name, becomes a space."""
    lines = (" ".join(_ACTIVE.sub(" ", line).split()) for line in sanitize(sentence).splitlines())
    return "\n".join(f"_{_escape_plain(line)}_" for line in lines if line)


def _units_at_most(text: str) -> int:
    """Return a size that the escaped text surely keeps within, at a glance: most texts are far from the limit."""
    if "$$" in text or "\\[" in text or ("`" in text and ("$" in text or "\\(" in text)):
        return PAGE_CHARS  # how much a formula grows is seen when it is rendered
    backslashes = text.count("*") + text.count("](") + text.count("]:")
    return _units(text) + 4 * text.count("&") + 3 * text.count("<") + backslashes


def _units(text: str) -> int:
    """Count as the stricter reading of Slack's "characters" would: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
