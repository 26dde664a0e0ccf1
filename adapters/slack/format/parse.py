"""Markdown as Slack may read it. Pure.

Slack does not say how it parses a `markdown` block. So a text is read in each way that comes into question: with and
without tables, and with `&lt;`, which is sent for `<`, as words or as the sign itself.
"""

from collections.abc import Iterator
from functools import reduce

import pyromark

Stretch = tuple[int, int]
"""Where something starts and ends, in bytes."""

_PLAIN = pyromark.Options(0)
_WRITTEN_OUT = ("Autolink", "Email")
"""Links without a label of their own."""
_LINKS = ("Link", "Image")
_WORDS = ("Text", "Code", "Html", "InlineHtml")


def code_in(markdown: str) -> list[Stretch]:
    """Find what is code however it is read, in order."""
    return reduce(_in_both, (list(_code(text, options)) for text, options in _readings(markdown)))


def links_in(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the address of each link and image that is one in any reading."""
    for text, options in _readings(markdown):
        opened: list[tuple[list[str], str]] = []
        for event in pyromark.events(text, options=options):
            # A `match` of these takes ten times as long, and this is read for each call.
            name, value = next(iter(event.items())) if isinstance(event, dict) else ("", None)
            if name == "Start" and isinstance(value, dict):
                link = value.get("Link") or value.get("Image")
                if link is not None:
                    opened.append(([], "" if link["link_type"] in _WRITTEN_OUT else link["dest_url"]))
            elif name == "End" and value in _LINKS:
                words, address = opened.pop()
                if address:
                    yield "".join(words), address
            elif opened and name in _WORDS:
                for words, _ in opened:
                    words.append(str(value))


def _readings(markdown: str) -> Iterator[tuple[str, pyromark.Options]]:
    # A comma is as long as `<`, and like it a sign between words, but never the beginning of a tag.
    for text in (markdown, markdown.replace("<", ",")) if "<" in markdown else (markdown,):
        for options in (_PLAIN, pyromark.Options.ENABLE_TABLES) if "|" in markdown else (_PLAIN,):
            yield text, options


def _code(text: str, options: pyromark.Options) -> Iterator[Stretch]:
    for event, where in pyromark.events_with_range(text, options=options):
        if not isinstance(event, dict):
            continue
        start = event.get("Start")
        if "Code" in event or (isinstance(start, dict) and "CodeBlock" in start):
            yield where["start"], where["end"]


def _in_both(first: list[Stretch], second: list[Stretch]) -> list[Stretch]:
    """Return what two lists have in common, each in order and apart."""
    common = []
    at = other = 0
    while at < len(first) and other < len(second):
        start, end = max(first[at][0], second[other][0]), min(first[at][1], second[other][1])
        if start < end:
            common.append((start, end))
        if first[at][1] <= second[other][1]:
            at += 1
        else:
            other += 1
    return common
