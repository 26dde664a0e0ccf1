"""Runs a command with its clock at noon, to a pipe or a terminal of some width, and shows what it printed."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.forked.process import start_on
from tests.outputs.cases import PIPE, PROMPT

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")
_WITHIN_S = 60.0
_VARYING = (
    (re.compile(r"127\.0\.0\.1:[2-6]\d{4}"), "127.0.0.1:50000"),
    (re.compile(r"Valkey \d+\.\d+\.\d+"), "Valkey 9.1.2"),
    (re.compile(r"within \d+\.\d ms"), "within 0.2 ms"),
    (re.compile(r"manifest_yaml=\S+"), "manifest_yaml=display_information%3A%0A…"),
    (re.compile(r"uses \d+\.\d MB"), "uses 1.4 MB"),
)
"""What differs between machines and runs, and what stands for it."""


async def output_of(command: str, settings: Mapping[str, str], folder: Path, columns: int, typed: str = "") -> str:
    """Return the prompt with the command, and what it printed; its exit code where that is not 0."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"COLUMNS": "120", **settings}
    # What these say of the clock is true only of one that runs.
    program = (
        ("-m", "bridge") if command.startswith(("check", "init")) else (str(Path(__file__).with_name("at_noon.py")),)
    )
    words = (*program, *command.split())
    ran = (
        _to_pipe(words, environment, folder, typed)
        if columns == PIPE
        else _to_terminal(words, environment, folder, columns)
    )
    async with asyncio.timeout(_WITHIN_S):
        printed, code = await ran
    text = _COLOUR.sub("", printed).replace("\r\n", "\n").replace(str(folder), "/srv/talkifai")
    if columns != PIPE:
        # The colours of a heading reach to the end of its column.
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    for varying, shown in _VARYING:
        text = varying.sub(shown, text)
    return f"{PROMPT}{command}\n{text}" + (f"[exit code {code}]\n" if code else "")


async def _to_pipe(words: Sequence[str], environment: Mapping[str, str], folder: Path, typed: str) -> tuple[str, int]:
    (stdin, types), (reads, output) = os.pipe(), os.pipe()
    os.write(types, typed.encode())
    os.close(types)
    return await _output((stdin, output, output), reads, words, folder, environment)


async def _to_terminal(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, columns: int
) -> tuple[str, int]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    at_terminal = {name: value for name, value in environment.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    return await _output((slave, slave, slave), master, words, folder, at_terminal)


async def _output(
    files: Sequence[int], reads: int, words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[str, int]:
    """Start it on these files; return what comes out at the other end, and its exit code."""
    process = await start_on(files, words, folder, environment)
    for file in set(files):
        os.close(file)
    ends_it = asyncio.get_running_loop().call_later(_WITHIN_S, process.send_signal, signal.SIGKILL)
    printed = await asyncio.to_thread(lambda: b"".join(iter(lambda: _read(reads), b"")))
    os.close(reads)
    code = await process.wait()
    ends_it.cancel()
    return printed.decode(), code


def _read(master: int) -> bytes:
    """Read a piece; empty at the end, which Linux says by an error."""
    try:
        return os.read(master, 65_536)
    except OSError:
        return b""
