"""Which addresses become links, when an address has to be shown beside its label, and who must not be called. Pure.

Telegram links `@name`, `/command` and `#tag` in any text by itself, and `@name` notifies that person. Classic messages
have no switch for that: a word joiner after the sign keeps the words and takes their effect away.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise

from adapters.telegram.format.entities import CODE_KINDS, Mark, Stretches
from bridge.markdown.sanitize import hosts_in, readable_label

WORD_JOINER = "\u2060"

_HTTP = re.compile(r"https?://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(?:[/?#]\S*)?", re.IGNORECASE)
_HIGHEST_PORT = 65535
_MAILTO = "mailto:"
_BARE_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_AFTER_AN_ADDRESS = ".,;:!?'\")]}"

_NAME = re.compile(r"\w+")
_SIGNS = re.compile(
    # One of these signs comes first, and what stands before it second: so most of a text is passed over at once.
    r"[@#\uff03/:](?:"
    r"(?<=@)(?<![A-Za-z0-9_]@)(?=\S)"  # a mention; an address of e-mail has a letter before the sign
    r"|(?<=[#\uff03])(?:(?<![\w/].)|(?<=/#))(?=\w*[^\W\d_])"  # a tag has a letter in it
    r"|(?<=/)(?<![\w/<>].)(?=[A-Za-z0-9_]+(?:@[A-Za-z0-9_]+)?(?![\w/<>]))"  # a command; a path goes on with a slash
    r"|(?=//)(?:(?<=\b(tg):)|(?<=\b(ton):)|(?<=\b(tonsite):))"  # addresses that act inside Telegram
    r")",
    re.IGNORECASE,
)


@dataclass(slots=True)
class OpenLink:
    """A link or image whose label is being read."""

    url: str
    place: int
    """Where in the text its label begins."""
    is_nested: bool
    label: list[str] = field(default_factory=list)


def is_web_address(url: str) -> bool:
    """Say whether Telegram's server surely takes this address as a link.

    It refuses the whole message for a link without a host with a dot, or with an odd port (server source). Names
    before an `@` are not taken: they make one host look like another.
    """
    match = _HTTP.fullmatch(url)
    if match is None:
        return False
    host, port = match.groups()
    labels = host.split(".")
    has_good_host = len(labels) > 1 and all(label and label.strip("-") == label for label in labels)
    return has_good_host and (port is None or 0 < int(port) <= _HIGHEST_PORT)


def is_deceptive(label: str, url: str) -> bool:
    """Say whether the label looks like another address than the one it leads to."""
    if label.strip().rstrip("/").lower() == url.rstrip("/").lower():
        return False
    if readable_label(label).strip().lower().startswith(("http://", "https://")):
        return True
    match = _HTTP.match(url)
    host = match.group(1).lower().removeprefix("www.") if match else ""
    return any(named != host for named in hosts_in(label))


def shown_address(label: str, url: str) -> str:
    """Return what to print beside a label that is no link; empty where the label says it all.

    Addresses that act inside Telegram, such as `tg://user`, are not printed.
    """
    if url.lower().startswith("tg:"):
        return ""
    address = url[len(_MAILTO) :] if url.lower().startswith(_MAILTO) else url
    return "" if not address or address.lower() in label.lower() else address


def defuse(text: str, marks: Sequence[Mark], allowed: AbstractSet[str] = frozenset()) -> tuple[str, list[Mark]]:
    """Take the effect from signs outside code, so that only names in `allowed` (lower case) are pinged.

    An address in the text that holds such a sign stays a link: it becomes one explicitly.
    """
    signs = list(_SIGNS.finditer(text))
    code = Stretches(mark for mark in marks if mark.kind in CODE_KINDS) if signs else Stretches()
    places = [sign.end() for sign in signs if not _is_code(code, sign) and not _is_allowed(text, sign, allowed)]
    if not places:
        return text, list(marks)
    linked = [*marks, *_addresses_with_signs(text, places, marks)]
    bounds = [0, *places, len(text)]
    pieces = [text[start:stop] for start, stop in pairwise(bounds)]
    moved = [
        mark.at(mark.start + bisect_right(places, mark.start), mark.end + bisect_left(places, mark.end))
        for mark in linked
    ]
    return WORD_JOINER.join(pieces), moved


def _is_code(code: Stretches, sign: re.Match[str]) -> bool:
    start = sign.start(sign.lastindex or 0)  # where it is an address, that begins before the sign
    return code.touch(start, start + 1)


def _is_allowed(text: str, sign: re.Match[str], allowed: AbstractSet[str]) -> bool:
    """Say whether the sign begins exactly a name that may be called."""
    name = _NAME.match(text, sign.end()) if sign.group() == "@" and allowed else None
    return name is not None and name.group().lower() in allowed


def _addresses_with_signs(text: str, places: Sequence[int], marks: Sequence[Mark]) -> Iterator[Mark]:
    taken = Stretches(mark for mark in marks if mark.kind in CODE_KINDS or mark.kind == "text_link")
    for match in _BARE_ADDRESS.finditer(text):
        url = match.group().rstrip(_AFTER_AN_ADDRESS)
        start, end = match.start(), match.start() + len(url)
        is_free = not taken.touch(start, end) and bisect_left(places, end) > bisect_right(places, start)
        if is_free and is_web_address(url) and not any(_crosses(mark, start, end) for mark in marks):
            yield Mark("text_link", start, end, url=url)


def _crosses(mark: Mark, start: int, end: int) -> bool:
    return start < mark.start < end < mark.end or mark.start < start < mark.end < end
