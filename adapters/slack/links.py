r"""Links in the agent's Markdown that could mislead are shown as plain words. Pure.

A link stays a link where it leads to http, https or mailto and its label does not name another host. Else, and in
every reference definition, a backslash after the `]` takes its meaning away: label and address are both read.
Code is left alone, as nothing in it is a link and people copy it.
"""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

import pyromark

_BRACKET = re.compile(rb"\\.|[\[\]]", re.DOTALL)
_WEB_ADDRESS = re.compile(rb"\s*((?:https?://|mailto:)[^\s)]+)", re.IGNORECASE)
_BRACKETED = re.compile(rb"<(?:https?://|mailto:)[^\s<>|]+>", re.IGNORECASE)
_LINE_START = re.compile(rb"[\s>*+\-0-9.)]*")
_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")
_LABEL_BYTES = 400


def disarm_links(markdown: str) -> str:
    """Take the meaning from links that could mislead. The words stay as they are, but for one backslash each."""
    if "](" not in markdown and "]:" not in markdown and "://" not in markdown:
        return markdown
    source = markdown.encode()
    code = _code_in(markdown)
    cuts = [(closing + 1, closing + 1, b"\\") for closing in _misleading(source, code)]
    cuts += [(start, end, b"") for start, end in _brackets_of_addresses(source, code)]
    done, pieces = 0, []
    for start, end, instead in sorted(cuts):
        pieces += [source[done:start], instead]
        done = end
    return b"".join([*pieces, source[done:]]).decode()


def _brackets_of_addresses(source: bytes, code: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where the brackets of `<https://...>` stand: the bare address is a link as well, and no `<` goes out."""
    for address in _BRACKETED.finditer(source):
        if not any(start <= address.start() < end for start, end in code):
            yield address.start(), address.start() + 1
            yield address.end() - 1, address.end()


def _code_in(markdown: str) -> list[tuple[int, int]]:
    """Find where code is, in bytes, in order."""
    spans = []
    for event, where in pyromark.events_with_range(markdown):
        started = event.get("Start") if isinstance(event, dict) else None
        is_block = isinstance(started, dict) and "CodeBlock" in started
        if is_block or (isinstance(event, dict) and "Code" in event):
            spans.append((where["start"], where["end"]))
    return spans


def _misleading(source: bytes, code: list[tuple[int, int]]) -> Iterator[int]:
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
    label = unescape(source[start + 1 : closing].decode().replace("\\", ""))
    label = "".join(letter for letter in unicodedata.normalize("NFKC", label) if unicodedata.category(letter) != "Cf")
    host = _host_of(unescape(target[1].decode()))
    return all(_same_site(host, named) for named in _HOST.findall(label.casefold()))


def _host_of(address: str) -> str:
    if address[:7].lower() == "mailto:":
        return address.partition("?")[0].rpartition("@")[2].casefold()
    try:
        return (urlsplit(address.replace("\\", "/")).hostname or "").casefold()
    except ValueError:
        return ""


def _same_site(host: str, named: str) -> bool:
    named = named.removeprefix("www.")
    return host == named or host.endswith(f".{named}")
