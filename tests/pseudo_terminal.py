"""A terminal for tests: a pseudo-terminal with a program in it, and the picture that a person would see."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CONTROL = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Glass:
    """The lines on a screen, for the few controls that rich uses. Raises `ValueError` for any other one."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = 0
        self.column = 0
        self.cursor_shown = True
        self.seen: list[str] = []
        """The whole picture after each piece of output."""
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def text(self) -> str:
        """What stands on the screen and above it, without the blanks at the lines' ends."""
        return "\n".join(line.rstrip() for line in self.lines)

    def feed(self, some: bytes) -> None:
        """Take in output, in any pieces."""
        text = self._rest + self._decoder.decode(some)
        cut = re.search(r"\x1b(\[[?0-9;]*)?$", text)
        self._rest = cut.group() if cut else ""
        text = text[: cut.start()] if cut else text
        at = 0
        while at < len(text):
            control = _CONTROL.match(text, at)
            if control:
                self._control(*control.groups())
                at = control.end()
            else:
                self._sign(text[at])
                at += 1
        self.seen.append(self.text)

    def _sign(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif sign < " ":
            raise ValueError(f"unexpected control {sign!r}")
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
            self.column += 1

    def _control(self, private: str, number: str, what: str) -> None:
        if what == "m":
            return
        if what == "A":
            self.row = max(self.row - int(number or 1), 0)
        elif what == "K" and number == "2":
            self.lines[self.row] = ""
        elif private and number == "25":
            self.cursor_shown = what == "h"
        else:
            raise ValueError(f"unexpected control {private}{number}{what}")


class Terminal:
    """A program on a pseudo-terminal of 80 by 24."""

    def __init__(self, *arguments: str, folder: Path = ROOT, shows_errors: bool = False, **environment: str) -> None:
        self.glass = Glass()
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave if shows_errors else subprocess.DEVNULL,
            cwd=folder,
            env=clean_environment() | {"TERM": "xterm", "PYTHONPATH": str(ROOT)} | environment,
            start_new_session=True,
        )

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def echoes(self) -> bool:
        """Say whether the terminal shows what is typed."""
        local_modes = termios.tcgetattr(self.slave)[3]
        return bool(local_modes & termios.ECHO)

    def until(self, true: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Take in output until `true()` holds."""
        deadline = time.monotonic() + timeout_s
        while not true():
            if time.monotonic() > deadline:
                raise AssertionError(f"not on the screen in time:\n{self.glass.text}")
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if ready:
                self.glass.feed(os.read(self.master, 4096))

    def until_prompted(self, times: int) -> None:
        """Wait for so many prompts on the screen, the last of them empty."""
        self.until(lambda: self.glass.text.count("you >") == times and self.glass.text.endswith("you >"))

    def wait(self) -> int:
        """Wait until the program has ended; return its exit code."""
        self.until(lambda: self.process.poll() is not None)
        return self.process.returncode

    def close(self) -> None:
        """End the program and free the terminal."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        os.close(self.master)
        os.close(self.slave)


def clean_environment() -> dict[str, str]:
    """Return the environment without what changes how rich draws."""
    steering = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    return {name: value for name, value in os.environ.items() if name not in steering}
