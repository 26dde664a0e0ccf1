"""What Telegram's server refuses in a text with entities, and whom the text would call. Strict on purpose."""

import itertools
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from sandbox.telegram.wire import bad_request
from sandbox.telegram.world import JsonDict

MESSAGE_LIMIT = 4096
"""Code points after parsing (server source)."""
ENTITIES_LIMIT = 100
"""Beyond it the server drops entities without a word; here that is an error."""

_STYLES = {"bold", "italic", "underline", "strikethrough", "spoiler"}
_CODE = {"code", "pre"}
_QUOTES = {"blockquote", "expandable_blockquote"}
_LINKS = {"text_link", "text_mention"}
_AUTOMATIC = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}
_KINDS = _STYLES | _CODE | _QUOTES | _LINKS | _AUTOMATIC | {"custom_emoji"}
_SCHEMES = ("http", "https", "tg", "ton", "tonsite")
_PING = re.compile(r"(?<![A-Za-z0-9_])@[A-Za-z0-9_]{2,32}")


def check_text(text: str, *, in_utf16: bool = False) -> str:
    """Return the text as the server keeps it, trimmed. Raises `Refused` where it is empty or too long."""
    kept = text.strip()
    if not kept:
        raise bad_request("message text is empty")
    if (utf16_length(kept) if in_utf16 else len(kept)) > MESSAGE_LIMIT:
        raise bad_request("message is too long")
    return kept


def check_entities(text: str, entities: Sequence[JsonDict]) -> None:
    """Raise `Refused` for an entity that is out of range, empty, splits a character, or is nested wrongly."""
    if len(entities) > ENTITIES_LIMIT:
        raise bad_request(f"can't parse entities: {len(entities)} of them, {ENTITIES_LIMIT} are shown")
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in entities:
        _check_one(units, entity)
    for one, other in itertools.combinations(entities, 2):
        _check_pair(one, other)


def pings(text: str, entities: Sequence[JsonDict]) -> list[str]:
    """Return whom a text would notify: names in plain text, and links to a person."""
    return [*_named(text, entities), *_linked(entities)]


def slice_of(text: str, entity: JsonDict) -> str:
    """Return the words under an entity."""
    units = text.encode("utf-16-le", "surrogatepass")
    start, stop = _range(entity)
    return units[2 * start : 2 * stop].decode("utf-16-le", "replace")


def utf16_length(text: str) -> int:
    """Count UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _range(entity: JsonDict) -> tuple[int, int]:
    start = int(entity["offset"])
    return start, start + int(entity["length"])


def _check_one(units: bytes, entity: JsonDict) -> None:
    kind = entity.get("type")
    if kind not in _KINDS:
        raise bad_request(f"can't parse entities: unknown type {kind!r}")
    start, stop = _range(entity)
    if start < 0 or stop <= start:
        raise bad_request(f"can't parse entities: empty {kind} at offset {start}")
    if 2 * stop > len(units):
        raise bad_request(f"can't parse entities: {kind} ends after the end of the text at UTF-16 offset {stop}")
    if any(_splits_a_character(units, place) for place in (start, stop)):
        raise bad_request(f"can't parse entities: {kind} ends in a middle of a UTF-16 symbol")
    words = units[2 * start : 2 * stop].decode("utf-16-le", "replace")
    if kind not in _CODE and words.strip() != words:
        raise bad_request(f"can't parse entities: {kind} at offset {start} has white space at its ends")
    if kind == "text_link":
        _check_address(entity.get("url", ""))
    if kind == "text_mention" and "user" not in entity:
        raise bad_request("can't parse entities: text_mention without user")


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise bad_request(f"Entity URL '{url}' is invalid: {exc}") from None
    if parts.scheme not in _SCHEMES or not host:
        raise bad_request(f"Entity URL '{url}' is invalid: URL host is empty")
    if parts.scheme.startswith("http") and ("." not in host or "_" in host or port == 0):
        raise bad_request(f"Entity URL '{url}' is invalid: Wrong HTTP URL")


def _splits_a_character(units: bytes, place: int) -> bool:
    following = units[2 * place : 2 * place + 2]
    return len(following) == 2 and 0xDC <= following[1] <= 0xDF  # noqa: PLR2004 - the second half of a pair, low byte first


def _check_pair(one: JsonDict, other: JsonDict) -> None:
    (a, b), (c, d) = _range(one), _range(other)
    if b <= c or d <= a:
        return
    kinds = {one["type"], other["type"]}
    names = f"{one['type']} at {a} and {other['type']} at {c}"
    if not ((a <= c and d <= b) or (c <= a and b <= d)):
        raise bad_request(f"can't parse entities: {names} cross")
    if one["type"] == other["type"] or kinds <= _QUOTES:
        raise bad_request(f"can't parse entities: {names} are nested")
    if kinds & _CODE and not kinds & _QUOTES:
        raise bad_request(f"can't parse entities: {names}: code takes no other entity")


def _named(text: str, entities: Sequence[JsonDict]) -> Iterator[str]:
    closed = [_range(entity) for entity in entities if entity["type"] in _CODE]
    for match in _PING.finditer(text):
        place = utf16_length(text[: match.start()])
        if not any(start <= place < stop for start, stop in closed):
            yield match.group()


def _linked(entities: Sequence[JsonDict]) -> Iterator[str]:
    for entity in entities:
        if entity["type"] == "text_mention":
            yield f"user {entity['user'].get('id')}"
        elif entity["type"] == "text_link" and str(entity.get("url", "")).lower().startswith("tg://user"):
            yield str(entity["url"])
