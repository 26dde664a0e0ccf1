"""Markdown becomes text and marks, up to a bound of work: rendering runs on the event loop of the worker. Pure.

A page that grows is parsed again and again. What was read of it is kept where its blocks begin, so that only its last
blocks are read anew.
"""

import re
from bisect import bisect
from dataclasses import dataclass
from typing import NamedTuple

import pyromark

from adapters.telegram.format.entities import Mark
from adapters.telegram.format.message_text import Written
from adapters.telegram.format.tables import MOST_CELLS
from adapters.telegram.format.walker import Walker
from bridge.runtime.bounded_dict import BoundedDict

MOST_EVENTS = 2_000
"""Events of the parser in one message. A page full of table cells has some 1,700; each takes about two microseconds."""

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
_ALIKE = 200
"""Characters at a page's beginning by which it is known. A shorter one is parsed as quickly without what was kept."""
_KEPT_PAGES = 256
_DEFINITION = re.compile(rb"(?m)^(?:[^\w`\n\[\\]|[0-9]{1,9}[.)]|\[[ xX]\])*\[(?:\\.|[^\[\]\\])+\]:", re.DOTALL)
"""What could define a link, whatever signs of quotes and lists stand before it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and its marks, as they come."""

    text: str
    marks: list[Mark]
    is_whole: bool
    """False: the Markdown takes too much work, and this is only the beginning of it."""


class _BlockStart(NamedTuple):
    """Where a block begins that is in no other, and how far everything is there."""

    at: int = 0
    """Where its first line begins in the source."""
    events: int = 0
    done: int = 0
    written: Written = Written()


class _Walk:
    """A source that was walked through. Another one that begins alike goes on from the blocks that both have."""

    def __init__(self) -> None:
        self._source = b""
        self._walker = Walker(b"")
        self._starts = [_BlockStart()]

    def on(self, source: bytes) -> Parsed:
        """Walk through a source."""
        start = self._known(source)
        self._source = source
        walker, events, depth = self._walker, start.events, 0
        walker.back_to(source, start.done, start.written)
        at = start.at
        for event, where in pyromark.events_with_range(source[at:].decode(), options=_OPTIONS, merge_text=True):
            events += 1
            if events > MOST_EVENTS or walker.cells > MOST_CELLS:
                return Parsed(*walker.stop(), is_whole=False)
            begin, end = at + where["start"], at + where["end"]
            if "Start" in event:
                if not depth:
                    self._note(begin, events - 1)
                depth += 1
            elif "End" in event:
                depth -= 1
            walker.take(event, begin, end)
        return Parsed(*walker.finish(), is_whole=True)

    def _known(self, source: bytes) -> _BlockStart:
        """Return the start of the block before the last one that both sources have the beginning of.

        The lines up to a block's first one settle what stands before the block above it, as Markdown is read line by
        line; what they say of the block above it may change: a paragraph becomes a heading or a table.
        """
        alike = bisect(self._starts, 0, key=lambda start: source[: start.at] != self._source[: start.at])
        known = max(0, alike - 2)
        del self._starts[known + 1 :]
        return self._starts[known]

    def _note(self, begin: int, events: int) -> None:
        at = self._source.rfind(b"\n", 0, begin) + 1
        if at > self._starts[-1].at and not self._source[at:begin].strip(b" \t"):
            self._starts.append(_BlockStart(at, events, *self._walker.written()))


_walks: BoundedDict[str, _Walk] = BoundedDict(_KEPT_PAGES)


def parsed(markdown: str) -> Parsed:
    """Parse Markdown, at most `MOST_EVENTS` events and `MOST_CELLS` cells of a table."""
    source = markdown.encode()
    begins = markdown[:_ALIKE]
    # The definition of a link has an effect on all of a text.
    is_alone = len(begins) < _ALIKE or ("]:" in markdown and _DEFINITION.search(source) is not None)
    walk = (None if is_alone else _walks.pop(begins, None)) or _Walk()
    read = walk.on(source)
    if read.is_whole and not is_alone:
        _walks[begins] = walk
    return read
