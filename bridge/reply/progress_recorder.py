"""Keep the turn's record of what people see: one note at a time, the newest wins."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bridge.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

_NOTE_WITHIN_S = 0.5
"""How long a call to the channel waits for the record, which takes a millisecond while Redis answers."""

Shown = tuple[tuple[str, ...], str]
"""The messages of a reply, and the agent's text at least as far as people see it."""


class ProgressRecorder:
    """What is noted of one reply.

    Args:
        write: Writes a note. Raises `LeaseLost`, or `StoreUnavailable`: then it is tried again with the next note.
        shown: What is noted already.
    """

    def __init__(self, write: Callable[[Sequence[str], str], Awaitable[None]], shown: Shown) -> None:
        self._write = write
        self._noted = shown
        self._wanted = shown
        self._write_whole: Callable[[], Awaitable[None]] | None = None
        self._writing: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """The text of the newest note."""
        return self._wanted[1]

    def whole(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write the whole answer with the next note: how it came out, too. Fails as `write`."""
        self._write_whole = write

    async def note(self, shown: Shown) -> None:
        """Bring the record up to date. A store that does not answer holds the caller up for a moment only.

        Raises `LeaseLost`.
        """
        self._wanted = shown
        if self._writing is None or self._writing.done():
            # One at a time, so that no note overtakes a newer one; a caller that is cancelled leaves it running.
            self._writing = asyncio.ensure_future(self._catch_up())
            self._writing.add_done_callback(_look_at)
        await asyncio.wait([self._writing], timeout=_NOTE_WITHIN_S)
        if self._writing.done():
            self._writing.result()

    async def _catch_up(self) -> None:
        while self._write_whole is not None or self._wanted != self._noted:
            whole, wanted = self._write_whole, self._wanted
            try:
                await (self._write(*wanted) if whole is None else whole())
            except StoreUnavailable as error:
                # What is here is shown all the same; settling waits for the store.
                log.info("what people see could not be recorded yet", extra={"cause": str(error)})
                return
            if whole is None:
                self._noted = wanted
            else:
                self._write_whole = None


def _look_at(task: asyncio.Task[None]) -> None:
    """Consume an error that no caller awaits any more: the turn ended first."""
    if not task.cancelled():
        task.exception()
