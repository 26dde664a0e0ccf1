"""A command line that a platform starts, as a process of this machine, and stops as the platform does."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.pseudo_terminal import ROOT

_PASSED_ON = ("HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")
READY = "ready: idle sessions end after"


@dataclass
class Platform:
    """One process of a platform."""

    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)

    async def until(self, text: str, within_s: float = 60.0) -> None:
        """Read its log up to a line with this text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(within_s):
            while text not in "".join(self.log[-1:]):
                line = await self.process.stdout.readline()
                assert line, f"it ended before {text!r}:\n{''.join(self.log[-30:])}"
                self.log.append(line.decode())

    async def stop(self) -> int:
        """Send SIGTERM, read on, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(40.0):
            rest, _ = await self.process.communicate()
        self.log.append(rest.decode())
        return int(self.process.returncode or 0)


@asynccontextmanager
async def started(
    command: str, environment: Mapping[str, str], *, bin_folder: Path = ROOT / ".venv" / "bin", folder: Path = ROOT
) -> AsyncIterator[Platform]:
    """Run a line of a shell, in which `python` is the one of a folder; end it at the end of the block."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    process = await asyncio.create_subprocess_shell(
        f"exec {command}",
        cwd=folder,
        env={**passed_on, "PATH": f"{bin_folder}:{os.environ['PATH']}", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Platform(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def status_of(port: int | str, page: str) -> int:
    """Return how a page of the process answers."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}{page}", timeout=10.0)).status_code
