r"""Links in the agent's Markdown that could mislead are shown as plain words. Pure.

A link stays a link where it leads to http, https or mailto and its label does not name another host. Else, and in
every reference definition, a backslash after the `]` takes its meaning away: label and address are both read.
Code is left alone, as nothing in it is a link and people copy it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from urllib.parse import urlsplit

from adapters.slack.format.parse import Stretch, code_in, links_in
from bridge.markdown.sanitize import hosts_in

_BRACKET = re.compile(rb"\\.|[\[\]]", re.DOTALL)
_WEB_ADDRESS = re.compile(rb"\s*((?:https?://|mailto:)[^\s)]+)", re.IGNORECASE)
_BRACKETED = re.compile(rb"<(?:https?://|mailto:)[^\s<>|]+>", re.IGNORECASE)
_LINE_START = re.compile(rb"[\s>*+\-0-9.)]*")
_MARKS: Mapping[int, None] = dict.fromkeys(map(ord, "\\*_~`"))
_NO_MARKS: Mapping[int, None] = {}
_SCHEMES = ("http", "https", "mailto")
_LABEL_BYTES = 400
_MOST_ROUNDS = 4


def disarm_links(markdown: str) -> str:
    """Take the meaning from links that could mislead. The words stay as they are, but for one backslash each."""
    if "](" not in markdown and "]:" not in markdown and "://" not in markdown:
        return markdown
    for _ in range(_MOST_ROUNDS):
        disarmed = _disarmed(markdown, code_in(markdown))
        if disarmed == markdown:
            break
        markdown = disarmed  # what was hidden in a link's address may be code now, and the reverse
    if all(_is_honest(label, address) for label, address in links_in(markdown)):
        return markdown
    return markdown.replace("](", "]\\(").replace("]:", "]\\:")


def _disarmed(markdown: str, code: Sequence[Stretch]) -> str:
    source = markdown.encode()
    cuts = [(closing + 1, closing + 1, b"\\") for closing in _misleading(source, code)]
    cuts += [(start, end, b"") for start, end in _brackets_of_addresses(source, code)]
    done, pieces = 0, []
    for start, end, instead in sorted(cuts):
        pieces += [source[done:start], instead]
        done = end
    return b"".join([*pieces, source[done:]]).decode()


def _brackets_of_addresses(source: bytes, code: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield where the brackets of `<https://...>` stand: the bare address is a link as well, and no `<` goes out."""
    starts = [start for start, _ in code]
    for address in _BRACKETED.finditer(source):
        before = bisect_right(starts, address.start())
        if not before or code[before - 1][1] <= address.start():
            yield address.start(), address.start() + 1
            yield address.end() - 1, address.end()


def _misleading(source: bytes, code: Sequence[Stretch]) -> Iterator[int]:
    """Yield where the `]` stands of each link or definition to take the meaning from, in order."""
    opened: list[int] = []
    next_code = 0
    for bracket in _BRACKET.finditer(source):
        at = bracket.start()
        while next_code < len(code) and code[next_code][1] <= at:
            next_code += 1
        if next_code < len(code) and code[next_code][0] <= at:
            continue
        if bracket[0] == b"[":
            opened.append(at)
        elif bracket[0] == b"]":
            start = opened.pop() if opened else None
            if _takes_effect(source, start, at):
                yield at


def _takes_effect(source: bytes, start: int | None, closing: int) -> bool:
    """Say whether what follows this `]` would make a link that misleads, or a definition."""
    following = source[closing + 1 : closing + 2]
    if following == b":" and start is not None:
        line_start = max(source.rfind(b"\n", 0, start), source.rfind(b"\r", 0, start)) + 1
        return _LINE_START.fullmatch(source, line_start, start) is not None
    return following == b"(" and not _is_plain(source, start, closing)


def _is_plain(source: bytes, start: int | None, closing: int) -> bool:
    """Say whether a link goes where its label lets people think."""
    target = _WEB_ADDRESS.match(source, closing + 2)
    if target is None:
        return False
    if start is None:
        return True
    if closing - start > _LABEL_BYTES:
        return False
    label = source[start + 1 : closing].decode().translate(_MARKS)
    return _is_honest(unescape(label), unescape(target[1].decode()), without=_MARKS)


def _is_honest(label: str, address: str, without: Mapping[int, None] = _NO_MARKS) -> bool:
    """Say whether an address, as a browser gets it, is one of the web, and of each host that its label names.

    `without` are the characters that the label was freed of.
    """
    host = _host_of(address).translate(without)
    return bool(host) and all(_same_site(host, named) for named in hosts_in(label))


def _host_of(address: str) -> str:
    """Return the host that an address surely leads to; empty where software may differ on it.

    A backslash is a slash to browsers, and no sign at all to Markdown; names before an `@` look like hosts.
    """
    scheme, _, rest = address.partition(":")
    if "\\" in address or scheme.lower() not in _SCHEMES:
        return ""
    if scheme.lower() == "mailto":
        names, _, host = rest.partition("?")[0].rpartition("@")
        return "" if "@" in names else host.casefold()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return "" if "@" in parts.netloc else (parts.hostname or "").casefold()


def _same_site(host: str, named: str) -> bool:
    return host == named or host.endswith(f".{named}")
