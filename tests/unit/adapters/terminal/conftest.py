"""The test program in front of a person, and between pipes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pseudo_terminal import ROOT, Terminal, clean_environment

PROGRAM = Path(__file__).with_name("talk.py")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    started = Terminal(str(PROGRAM))
    yield started
    started.close()


@pytest.fixture
def talk() -> Callable[[bytes], list[str]]:
    """Run the test program on a pipe; return the lines of its output."""

    def run(given: bytes) -> list[str]:
        done = subprocess.run(
            [sys.executable, str(PROGRAM)],
            input=given,
            capture_output=True,
            cwd=ROOT,
            env=clean_environment(),
            timeout=40,
            check=True,
        )
        return done.stdout.decode().splitlines()

    return run
