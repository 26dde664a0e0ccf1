"""What is typed, as it comes, without a thread that would have to be waited for."""

import asyncio
import codecs
import os
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from sandbox.demo.typing_line import PASTE_OFF, PASTE_ON

_CHUNK = 65536
_QUEUED = 1000


@asynccontextmanager
async def typed_on(fd: int) -> AsyncIterator[asyncio.Queue[str]]:
    """Read a terminal key by key, or a pipe or file as it comes. The empty text in the queue means: the end."""
    queue: asyncio.Queue[str] = asyncio.Queue(_QUEUED)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    loop = asyncio.get_running_loop()

    def read() -> None:
        if queue.full():
            return  # what is not read now stays with the system until there is room
        raw = os.read(fd, _CHUNK)
        if not raw:
            loop.remove_reader(fd)
            queue.put_nowait("")
        elif text := decoder.decode(raw):
            queue.put_nowait(text)

    with _key_by_key(fd):
        try:
            loop.add_reader(fd, read)
        except PermissionError:
            # A file is always ready: there is nothing to wait for.
            queue.put_nowait(decoder.decode(os.read(fd, _CHUNK)))
            queue.put_nowait("")
        try:
            yield queue
        finally:
            loop.remove_reader(fd)


@contextmanager
def _key_by_key(fd: int) -> Iterator[None]:
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd)
    try:
        _tell(fd, PASTE_ON)
        yield
    finally:
        _tell(fd, PASTE_OFF)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _tell(fd: int, sequence: str) -> None:
    """Write to the terminal itself: what goes through `print` is taken by the live screen."""
    with suppress(OSError):  # a terminal that is open for reading alone marks no pastes
        os.write(fd, sequence.encode())
