"""Markdown becomes text and marks, up to a bound of work: rendering runs on the event loop of the worker. Pure."""

from dataclasses import dataclass

import pyromark

from adapters.telegram.format.entities import Mark
from adapters.telegram.format.tables import MOST_CELLS
from adapters.telegram.format.walker import Walker

MOST_EVENTS = 2_000
"""Events of the parser in one message. A page full of table cells has some 1,700; each takes about two microseconds."""

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and its marks, as they come."""

    text: str
    marks: list[Mark]
    is_whole: bool
    """False: the Markdown takes too much work, and this is only the beginning of it."""


def parsed(markdown: str) -> Parsed:
    """Parse Markdown, at most `MOST_EVENTS` events and `MOST_CELLS` cells of a table."""
    walker = Walker(markdown.encode())
    for number, (event, where) in enumerate(
        pyromark.events_with_range(markdown, options=_OPTIONS, merge_text=True), start=1
    ):
        if number > MOST_EVENTS or walker.cells > MOST_CELLS:
            return Parsed(*walker.stop(), is_whole=False)
        walker.take(event, where["start"], where["end"])
    return Parsed(*walker.finish(), is_whole=True)
