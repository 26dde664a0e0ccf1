"""What a person types: lines from standard input, and what they ask for. Nothing is read before it is wanted."""

import asyncio
import os
import select
import termios
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.domain.incoming import (
    ANY_TURN,
    COMMAND_WORDS,
    STOP_WORD,
    Command,
    CommandName,
    Origin,
    Question,
    Stop,
    has_words,
)
from bridge.domain.threads import Address, Person, ThreadKey

LEAVE = frozenset({"/quit", "/exit"})
_MOST_LINE_BYTES = 65_536
"""Longer lines are cut. TalkifAI takes 10,000 characters, which are at most 40,000 bytes."""


def read_line(line: str, thread: ThreadKey, person: Person, asked_at: float) -> Question | Command | Stop | None:
    """Return what a line asks for; None where it is blank.

    A command is a whole line, with or without a slash: a question may begin with one.
    """
    text = line.strip()
    if not has_words(text):
        return None
    name = f"terminal:{uuid.uuid4().hex}"
    origin = Origin(
        id=name,
        dedupe_keys=(name,),
        thread=thread,
        address=Address(account=thread.account, place=thread.place),
        person=person,
        asked_at=asked_at,
        is_direct=True,
        metadata={"channel": "terminal"},
    )
    word = _command_word(text)
    if word == STOP_WORD:
        return Stop(origin, ANY_TURN)
    return Command(origin, CommandName(word)) if word else Question(origin, text)


def _command_word(text: str) -> str:
    """Return the command that a whole line is, in lower case and without its slash; empty where it is none."""
    lower = text.lower()
    word = lower.removeprefix("/")
    return word if word in COMMAND_WORDS or lower == f"/{CommandName.START}" else ""


class Lines:
    """The lines of a file descriptor: a terminal, a pipe or a file. Reads when asked, so nothing piles up here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._bytes = bytearray()
        self._ended = False

    @property
    def is_terminal(self) -> bool:
        """True where a person types."""
        return os.isatty(self._descriptor)

    def are_waiting(self) -> bool:
        """Say whether something was written before it was asked for."""
        if self._bytes:
            return True
        try:
            ready, _, _ = select.select([self._descriptor], [], [], 0)
        except (OSError, ValueError):
            return False  # closed: reading it will say so
        return bool(ready)

    async def next(self) -> str | None:
        """Return the next line without its end; None after the last. Waits for a person as long as it takes."""
        while True:
            head, newline, rest = self._bytes.partition(b"\n")
            if newline or (self._ended and head):
                self._bytes = rest
                return bytes(head[:_MOST_LINE_BYTES]).decode("utf-8", errors="replace")
            if self._ended:
                return None
            await self._read_some()

    async def _read_some(self) -> None:
        await self._readable()
        try:
            some = os.read(self._descriptor, _MOST_LINE_BYTES)
        except BlockingIOError:
            return  # another caller was faster
        except OSError:  # the terminal was closed
            some = b""
        self._ended = not some
        # Beyond the bound only the line's end still matters.
        if len(self._bytes) > _MOST_LINE_BYTES and b"\n" not in some:
            return
        self._bytes += some

    async def _readable(self) -> None:
        """Wait until reading does not block. The descriptor stays as it is: it may be shared with the output."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(self._descriptor, ready.set)
        except (OSError, ValueError):
            return  # a plain file, which the selector refuses, is always ready; a closed one says so when read
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._descriptor)


@contextmanager
def keys_unseen(descriptor: int) -> Iterator[None]:
    """Keep what is typed meanwhile from being written into the picture. It is not lost: it is read afterwards."""
    try:
        before = termios.tcgetattr(descriptor)
    except (termios.error, OSError, ValueError):
        yield  # no terminal
        return
    unseen = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    _set_terminal(descriptor, unseen)
    try:
        yield
    finally:
        _set_terminal(descriptor, before)


def _set_terminal(descriptor: int, attributes: list[int | list[bytes | int]]) -> None:
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    except termios.error:
        return  # the terminal was closed; there is nothing left to set
