"""Bytes of an event stream to its lines, whatever the chunks. Pure.

A line ends at CR LF, LF or CR and at nothing else (WHATWG HTML, "Parsing an event stream"): U+2028 and its like
are text. Those bytes never occur inside a UTF-8 sequence, so a line can be cut out first and decoded whole.
"""

import re
from collections.abc import Iterator

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class OverBounds(Exception):
    """A line, an event or the whole answer is larger than the client is willing to hold."""


class LineSplitter:
    """Cuts a byte stream into lines. Bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that `chunk` completes. Raises `OverBounds`."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return
        self._after_cr = chunk.endswith(b"\r")
        *complete, rest = _LINE_END.split(chunk)
        for piece in complete:
            self._hold(piece)
            yield self._take()
        self._hold(rest)

    def _hold(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise OverBounds(f"a line of the stream is over {self._max_bytes} bytes")
        if piece:
            self._pieces.append(piece)

    def _take(self) -> str:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line.decode("utf-8", errors="replace")
