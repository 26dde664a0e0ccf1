"""Runs a command with its clock at noon, to a pipe or a terminal of some width, and shows what it printed."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

from tests.outputs.cases import PIPE, PROMPT
from tests.pseudo_terminal import ROOT

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
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "120", **settings}
    # What these say of the clock is true only of one that runs.
    program = (
        ("-m", "bridge") if command.startswith(("check", "init")) else (str(Path(__file__).with_name("at_noon.py")),)
    )
    words = [sys.executable, *program, *command.split()]
    printed, code = await asyncio.to_thread(_run, words, environment, folder, columns, typed)
    text = _COLOUR.sub("", printed).replace("\r\n", "\n").replace(str(folder), "/srv/talkifai")
    if columns != PIPE:
        # The colours of a heading reach to the end of its column.
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    for varying, shown in _VARYING:
        text = varying.sub(shown, text)
    return f"{PROMPT}{command}\n{text}" + (f"[exit code {code}]\n" if code else "")


def _run(words: list[str], environment: Mapping[str, str], folder: Path, columns: int, typed: str) -> tuple[str, int]:
    if columns == PIPE:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            input=typed.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_WITHIN_S,
            check=False,
        )
        return done.stdout.decode(), done.returncode
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    at_terminal = {name: value for name, value in environment.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    with subprocess.Popen(words, cwd=folder, env=at_terminal, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        printed = b"".join(iter(lambda: _read(master), b""))
        os.close(master)
        return printed.decode(), process.wait(_WITHIN_S)


def _read(master: int) -> bytes:
    """Read a piece; empty at the end, which Linux says by an error."""
    try:
        return os.read(master, 65_536)
    except OSError:
        return b""
