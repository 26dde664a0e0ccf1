"""Bytes to the wire's events, within bounds. Pure: no socket, no clock.

httpx-sse reads the lines. It is given those of whole events, as many as there are at once: so it holds nothing, as it
has no bound of its own. An event that has not ended is held here.
"""

from collections.abc import Iterator, Sequence
from typing import cast

import httpx
from httpx_sse import EventSource, ServerSentEvent

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK_LINES = (b"\n\n", b"\n\r", b"\r\r")
"""How an event ends, whichever line ends are used. The LF of a CR LF may follow: it reads as one more blank line."""
_BLANK = len(_BLANK_LINES[0])
_PIECES = 16
"""How many parts of the bound are looked at one by one: a read may bring more events at once than one may be long."""


class OverBounds(Exception):
    """An event or the whole answer is larger than the client is willing to hold."""


class _Text:
    """Text that has come, as much of an answer as `EventSource` looks at."""

    headers = {"content-type": "text/event-stream"}  # noqa: RUF012 - it is read only

    def __init__(self, text: str) -> None:
        self._text = text

    def iter_text(self) -> Iterator[str]:
        """Yield all of it."""
        yield self._text


class WireEvents:
    """Takes the bytes of one stream, whatever the chunks. Bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes`: of the stream, without an event among them."""
        self._max_bytes = max_bytes
        self._piece = max(1, max_bytes // _PIECES)
        self._held = 0
        self._begun: list[bytes] = [b""]
        """What has come since the last blank line."""
        self._at_start = True

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that `chunk` completes. Raises `OverBounds`."""
        for at in range(0, len(chunk), self._piece):
            yield from self._events_of(chunk[at : at + self._piece])

    def _events_of(self, chunk: bytes) -> Sequence[ServerSentEvent]:
        self._held += len(chunk)
        if self._held > self._max_bytes:
            raise OverBounds(f"the stream has no event within {self._max_bytes} bytes")
        whole = self._whole(chunk)
        if not whole:
            return ()
        if self._at_start:
            self._at_start = False
            whole = whole.removeprefix(_BYTE_ORDER_MARK)
        found = EventSource(cast("httpx.Response", _Text(whole.decode("utf-8", "replace")))).iter_sse()
        # By the standard an event without data does not exist: httpx-sse gives some once it has seen an `id:`.
        events = [event for event in found if event.data]
        if events:
            self._held = len(self._begun[0])
        return events

    def _whole(self, chunk: bytes) -> bytes:
        """Return all up to the last blank line, and keep what follows."""
        if chunk.endswith(b"\n\n"):
            end = len(chunk)
        else:
            last = self._begun[-1][-1:]
            found = max(map((last + chunk).rfind, _BLANK_LINES))
            if found < 0:
                self._begun += [chunk] if chunk else []
                return b""
            end = found + _BLANK - len(last)
        whole = b"".join((*self._begun, chunk[:end]))
        self._begun = [chunk[end:]]
        return whole
