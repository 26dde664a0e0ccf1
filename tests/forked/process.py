"""Processes of the bridge for tests: forked from one that has everything imported, where this machine can do that.

Otherwise they are as `python -m bridge` makes them, but that they read their settings themselves. The plain start is
tested where it counts: the files for deploying, the demo, the playground, the terminal and the benches start their
processes themselves.
"""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Self

from tests.forked.server import SIZE_BYTES

_SERVER = Path(__file__).with_name("server.py")
_STOPS_WITHIN_S = 10.0
_PIPES_STAY_S = 1.0


class _Pipe(asyncio.StreamReaderProtocol):
    """The end of a pipe that is read here."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()
        super().__init__(self.reader)
        self.is_lost = asyncio.Event()
        self.transport: asyncio.BaseTransport

    @classmethod
    async def open(cls, descriptor: int) -> Self:
        """Read what is written at the other end."""
        transport, pipe = await asyncio.get_running_loop().connect_read_pipe(cls, os.fdopen(descriptor, "rb", 0))
        pipe.transport = transport
        return pipe

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the other end is closed."""
        super().connection_lost(exc)
        self.is_lost.set()


class Forked:
    """A process that the server forked; its keeper tells of its end."""

    def __init__(self, pid: int, keeper: _Pipe) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._end = asyncio.ensure_future(self._read_end(keeper))

    def send_signal(self, number: int) -> None:
        """Send it, unless the process has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for its end; return its exit code."""
        return await asyncio.shield(self._end)

    async def _read_end(self, keeper: _Pipe) -> int:
        try:
            self.returncode = int(await keeper.reader.readline())
        finally:
            keeper.transport.close()
        return self.returncode


class Piped:
    """A process whose output and errors are read here: the part of `asyncio.subprocess.Process` that tests use."""

    def __init__(self, process: Forked | asyncio.subprocess.Process, stdout: _Pipe, stderr: _Pipe) -> None:
        self._process = process
        self.stdout, self.stderr = stdout.reader, stderr.reader
        self._closing = asyncio.ensure_future(self._close(stdout, stderr))

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._process.returncode

    def send_signal(self, number: int) -> None:
        """Send it, unless the process has ended."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""
        self._process.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end; return its exit code."""
        return await self._process.wait()

    async def communicate(self) -> tuple[bytes, bytes]:
        """Return what it writes until its end."""
        out, errors = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return out, errors

    async def _close(self, *pipes: _Pipe) -> None:
        """Close what the process leaves open: a server that it started may still write there."""
        try:
            await self.wait()
            async with asyncio.timeout(_PIPES_STAY_S):
                await asyncio.gather(*(pipe.is_lost.wait() for pipe in pipes))
        except TimeoutError:
            return
        finally:
            for pipe in pipes:
                pipe.transport.close()


async def start(words: Sequence[str], folder: Path, environment: Mapping[str, str], typed: bytes = b"") -> Piped:
    """Start `python WORDS` in a folder. `typed`: what it may read, a few lines."""
    (stdin, types), (out, stdout), (errors, stderr) = os.pipe(), os.pipe(), os.pipe()
    os.write(types, typed)
    os.close(types)
    process = await start_on((stdin, stdout, stderr), words, folder, environment)
    for descriptor in (stdin, stdout, stderr):
        os.close(descriptor)
    return Piped(process, await _Pipe.open(out), await _Pipe.open(errors))


async def start_on(
    files: Sequence[int], words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Forked | asyncio.subprocess.Process:
    """Start `python WORDS` with these descriptors as its standard input, output and error. They stay open here."""
    if not _can_be_forked(environment):
        stdin, stdout, stderr = files
        program = (sys.executable, *words)
        return await asyncio.create_subprocess_exec(
            *program, cwd=folder, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
    told, tells = os.pipe()
    order = json.dumps({"words": list(words), "folder": str(folder), "environment": dict(environment)}).encode()
    server = _server()
    socket.send_fds(server, [len(order).to_bytes(SIZE_BYTES, "big")], [*files, tells])
    server.sendall(order)
    os.close(tells)
    keeper = await _Pipe.open(told)
    return Forked(int(await keeper.reader.readline()), keeper)


def _can_be_forked(environment: Mapping[str, str]) -> bool:
    """Say whether it makes no difference: Python reads its own settings only as it starts."""
    return sys.platform == "linux" and not any(name.startswith(("PYTHON", "COVERAGE")) for name in environment)


@cache
def _server() -> socket.socket:
    """Start the server of this test process; it stops when the socket is closed."""
    ours, its = socket.socketpair()
    # As every bridge does, it finds its packages where they are installed, and not where a shell's `PYTHONPATH` leads.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [sys.executable, str(_SERVER), str(its.fileno())],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[its.fileno()],
        start_new_session=True,
    )
    its.close()

    @atexit.register
    def stop() -> None:
        ours.close()
        process.wait(_STOPS_WITHIN_S)

    return ours
