"""Markdown becomes text and marks, up to a bound of work: rendering runs on the event loop of the worker. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

import pyromark

from adapters.telegram.format.entities import Mark
from adapters.telegram.format.message_text import Written
from adapters.telegram.format.tables import MOST_CELLS
from adapters.telegram.format.walker import Walker
from bridge.markdown.preprocess import BlockStarts, Readers

MOST_EVENTS = 2_000
"""Events of the parser in one message. A page full of table cells has some 1,700; each takes about two microseconds."""

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
_KEPT_PAGES = 256


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and its marks, as they come."""

    text: str
    marks: list[Mark]
    is_whole: bool
    """False: the Markdown takes too much work, and this is only the beginning of it."""


class _Taken(NamedTuple):
    """How far the walker has come where a block begins that is in no other."""

    events: int = 0
    done: int = 0
    written: Written = Written()


class _Walk:
    def __init__(self) -> None:
        self._walker = Walker(b"")
        self._starts = BlockStarts(_Taken())
        self._events = 0

    def through(self, source: bytes) -> Parsed:
        """Walk through a source, from where it differs from the one before."""
        at, (self._events, done, written) = self._starts.go_on(source)
        walker, depth = self._walker, 0
        walker.back_to(source, done, written)
        for event, where in pyromark.events_with_range(source[at:].decode(), options=_OPTIONS, merge_text=True):
            if self._events == MOST_EVENTS or walker.cells > MOST_CELLS:
                return Parsed(*walker.stop(), is_whole=False)
            begin, end = at + where["start"], at + where["end"]
            if "Start" in event:
                if not depth:
                    self._starts.note(begin, self._taken)
                depth += 1
            elif "End" in event:
                depth -= 1
            self._events += 1
            walker.take(event, begin, end)
        return Parsed(*walker.finish(), is_whole=True)

    def _taken(self) -> _Taken:
        return _Taken(self._events, *self._walker.written())


_walks = Readers(_Walk, _KEPT_PAGES)


def parsed(markdown: str) -> Parsed:
    """Parse Markdown, at most `MOST_EVENTS` events and `MOST_CELLS` cells of a table."""
    walk = _walks.take(markdown)
    read = walk.through(markdown.encode())
    if read.is_whole:
        _walks.keep(markdown, walk)
    return read
