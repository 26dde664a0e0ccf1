"""Texts with marks: MarkdownV2 and HTML become text and entities, or are refused as Telegram's server refuses them.

The errors are those of `parse_markdown_v2` and `parse_html` in TDLib; offsets in them count UTF-8 bytes.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.telegram.wire import Refused, bad_request
from sandbox.telegram.world import JsonDict

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_MARKS = (
    ("||", "spoiler"),
    ("__", "underline"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
)
_NAMES = {"pre": "Pre", "code": "Code", "text_link": "TextUrl", "strikethrough": "Strikethrough"}
_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_START = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[\w-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*)\s*>")
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_END = re.compile(r"</([a-zA-Z0-9-]*)\s*>")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")


def parse(text: str, mode: str) -> tuple[str, list[JsonDict]]:
    """Return the text without marks, and its entities. Raises `Refused` with "can't parse entities"."""
    parsers: dict[str, Callable[[str], _Parsed]] = {"markdownv2": _markdown_v2, "html": _html}
    known = parsers.get(mode.lower())
    if known is None:
        raise bad_request("unsupported parse_mode")
    found = known(text)
    return found.text, sorted(found.entities, key=lambda entity: (entity["offset"], -entity["length"]))


@dataclass(slots=True)
class _Open:
    kind: str
    mark: str
    at_byte: int
    offset: int
    url: str = ""


@dataclass(slots=True)
class _Parsed:
    """What has been read, and what is still open."""

    text: str = ""
    length: int = 0
    """In UTF-16 units."""
    entities: list[JsonDict] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def add(self, words: str) -> None:
        self.text += words
        self.length += len(words.encode("utf-16-le", "surrogatepass")) // 2

    def begin(self, kind: str, mark: str, at_byte: int, url: str = "") -> None:
        self.open.append(_Open(kind, mark, at_byte, self.length, url))

    def end(self, **facts: str) -> None:
        """Close what was opened last. An entity without words is dropped, as the server does."""
        ended = self.open.pop()
        if self.length > ended.offset:
            size = self.length - ended.offset
            self.entities.append({"type": ended.kind, "offset": ended.offset, "length": size, **facts})


def _refused(said: str) -> Refused:
    return bad_request(f"can't parse entities: {said}")


def _bytes_before(source: str, place: int) -> int:
    return len(source[:place].encode())


def _markdown_v2(source: str) -> _Parsed:
    found, place = _Parsed(), 0
    while place < len(source):
        place = _one_mark(source, place, found)
    if found.open:
        left = found.open[-1]
        name = _NAMES.get(left.kind, left.kind.capitalize())
        raise _refused(f"Can't find end of {name} entity at byte offset {left.at_byte}")
    return found


def _one_mark(source: str, place: int, found: _Parsed) -> int:
    """Read what stands there; return the place after it."""
    sign = source[place]
    inside = found.open[-1] if found.open else None
    if sign == "\\" and place + 1 < len(source) and 0 < ord(source[place + 1]) <= 126:  # noqa: PLR2004 - ASCII
        found.add(source[place + 1])
        return place + 2
    if inside is not None and source.startswith(inside.mark, place) and inside.mark:
        return _end_mark(source, place, found, inside)
    if sign not in _RESERVED or (inside is not None and inside.kind in ("pre", "code") and sign != "`"):
        found.add(sign)
        return place + 1
    return _begin_mark(source, place, found)


def _end_mark(source: str, place: int, found: _Parsed, inside: _Open) -> int:
    after = place + len(inside.mark)
    if inside.kind != "text_link":
        found.end()
        return after
    if not source.startswith("(", after):
        found.end(url=found.text[inside.offset :])
        return after
    close = re.compile(r"(?:[^\\)]|\\.)*\)", re.DOTALL).match(source, after + 1)
    if close is None:
        raise _refused(f"Can't find end of a URL at byte offset {_bytes_before(source, after)}")
    found.end(url=re.sub(r"\\(.)", r"\1", close.group()[:-1]))
    return close.end()


def _begin_mark(source: str, place: int, found: _Parsed) -> int:
    at_byte = _bytes_before(source, place)
    if source[place] == "`":
        mark, kind = ("```", "pre") if source.startswith("```", place) else ("`", "code")
        found.begin(kind, mark, at_byte)
        # A word up to white space names the language; one line break after it is no part of the text.
        language = re.compile(r"(?:[^\s`]+(?=\s))?\n?").match(source, place + 3) if kind == "pre" else None
        return language.end() if language is not None else place + len(mark)
    if source[place] == "[":
        found.begin("text_link", "]", at_byte)
        return place + 1
    quote = re.compile(r"(?:\*\*)?>").match(source, place)
    if quote is not None and (not found.text or found.text.endswith("\n")):
        # Whether lines make one quote does not matter to a bot that reads its own message back.
        return quote.end()
    for mark, kind in _MARKS:
        if source.startswith(mark, place):
            found.begin(kind, mark, at_byte)
            return place + len(mark)
    raise _refused(f"Character '{source[place]}' is reserved and must be escaped with the preceding '\\'")


def _html(source: str) -> _Parsed:
    found, place = _Parsed(), 0
    while place < len(source):
        named = _ENTITY.match(source, place)
        if source[place] == "<":
            place = _one_tag(source, place, found)
        elif named is not None:
            found.add(html.unescape(named.group()))
            place = named.end()
        else:
            found.add(source[place])
            place += 1
    if found.open:
        left = found.open[-1]
        raise _refused(f'Can\'t find end tag corresponding to start tag "{left.mark}"')
    return found


def _one_tag(source: str, place: int, found: _Parsed) -> int:
    at_byte = _bytes_before(source, place)
    if source.startswith("</", place):
        end = _END.match(source, place)
        if not found.open:
            raise _refused(f"Unexpected end tag at byte offset {at_byte}")
        wanted = found.open[-1].mark
        if end is None or end.group(1).lower() not in ("", wanted):
            said = end.group(1) if end is not None else ""
            raise _refused(f'Unmatched end tag at byte offset {at_byte}, expected "</{wanted}>", found "</{said}>"')
        url = found.open[-1].url
        found.end(**({"url": url} if url else {}))
        return end.end()
    start = _START.match(source, place)
    if start is None:
        named = re.compile(r"<([a-zA-Z0-9-]*)").match(source, place)
        name = named.group(1) if named is not None else ""
        if name.lower() in _TAGS:
            raise _refused(f"Unclosed start tag at byte offset {at_byte}")
        raise _refused(f'Unsupported start tag "{name}" at byte offset {at_byte}')
    return _begin_tag(start, at_byte, found)


def _begin_tag(start: re.Match[str], at_byte: int, found: _Parsed) -> int:
    name = start.group(1).lower()
    given = {one[0].lower(): html.unescape(one[1] or one[2] or one[3]) for one in _ATTRIBUTE.findall(start.group(2))}
    if name not in _TAGS:
        raise _refused(f'Unsupported start tag "{name}" at byte offset {at_byte}')
    if name == "span" and given.get("class") != "tg-spoiler":
        raise _refused(f'Tag "span" must have class "tg-spoiler" at byte offset {at_byte}')
    found.begin(_TAGS[name], name, at_byte, given.get("href", "") if name == "a" else "")
    return start.end()
