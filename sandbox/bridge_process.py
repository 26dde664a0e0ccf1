"""The real bridge as a real process, started with the settings that everybody uses."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

READY = "ready: idle sessions end after"
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "COVERAGE_PROCESS_START")


class NotReady(RuntimeError):
    """The bridge ended, or took too long, before it said that it is ready. Holds its log."""


class RunningProcess(Protocol):
    """The part of `asyncio.subprocess.Process` that is used here."""

    @property
    def pid(self) -> int:
        """Its id."""

    @property
    def returncode(self) -> int | None:
        """Its exit code, once it has ended."""

    @property
    def stderr(self) -> asyncio.StreamReader | None:
        """Where its log is read."""

    def send_signal(self, signal: int, /) -> None:
        """Send it, unless the process has ended."""

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""

    async def wait(self) -> int:
        """Wait for its end; return its exit code."""


Starter = Callable[[Sequence[str], Path, Mapping[str, str]], Awaitable[RunningProcess]]
"""Starts Python with words in a folder, with an environment."""


async def start_python(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> RunningProcess:
    """Start `python WORDS`, in a session of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


class BridgeProcess:
    """One worker. Settings are all that it sees of the environment, and no `.env` file is in its folder.

    Args:
        settings: Variables for the bridge.
        folder: Where it runs and where its log is kept.
        name: Tells the logs of several workers apart.
        command: `run`, or `web`.
        program: What Python runs.
        starter: How Python is started.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        folder: Path,
        name: str = "bridge",
        command: str = "run",
        program: Sequence[str] = ("-m", "bridge"),
        starter: Starter = start_python,
    ) -> None:
        self._command = (*program, *command.split())
        self._settings = dict(settings)
        self._folder = folder
        self._start_python = starter
        self.log_file = folder / f"{name}.log"
        self._process: RunningProcess | None = None
        self._follower: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._said = asyncio.Event()
        self.log: list[str] = []

    @property
    def process(self) -> RunningProcess:
        """The process. Raises `RuntimeError` before `start`."""
        if self._process is None:
            raise RuntimeError("the bridge was not started")
        return self._process

    async def start(self, *, ready_within_s: float = 40.0) -> None:
        """Start the worker and return when it is ready. Raises `NotReady`."""
        self._ready.clear()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = await self._start_python(self._command, self._folder, {**environment, **self._settings})
        self._follower = asyncio.ensure_future(self._follow(self._process))
        ready = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait({ready, self._follower}, timeout=ready_within_s, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._ready.is_set():
            # One that ended by itself is waited for: a signal to it would take its exit code away.
            await (self._ended(5.0) if self._follower.done() else self.kill())
            raise NotReady("".join(self.log[-30:]) or "the bridge said nothing")

    async def stop(self, *, within_s: float = 40.0) -> int:
        """Send SIGTERM, as a platform does, and return the exit code. A process that stays is killed."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self._ended(within_s)

    async def kill(self) -> int:
        """Send SIGKILL: the process has no time for anything."""
        if self.process.returncode is None:
            self.process.kill()
        return await self._ended(10.0)

    async def reload(self) -> None:
        """Send SIGHUP, and return when the log says what came of it."""
        begin = len(self.log)
        self.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(10.0):
            while not any("reloaded: " in line for line in self.log[begin:]):
                self._said.clear()
                await self._said.wait()

    def pause(self) -> None:
        """Send SIGSTOP: the process stands still, its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Send SIGCONT: the process goes on where it stood."""
        self.process.send_signal(signal.SIGCONT)

    async def _ended(self, within_s: float) -> int:
        try:
            code = await asyncio.wait_for(self.process.wait(), within_s)
        except TimeoutError:
            self.process.kill()
            code = await self.process.wait()
        if self._follower is not None:
            # A server that the worker started may hold the pipe open: do not wait for its end.
            await asyncio.wait([self._follower], timeout=1.0)
            self._follower.cancel()
        return code

    async def _follow(self, process: RunningProcess) -> None:
        if process.stderr is None:
            return
        with self.log_file.open("a", encoding="utf-8") as file:
            async for raw in process.stderr:
                line = raw.decode("utf-8", "replace")
                self.log.append(line)
                self._said.set()
                file.write(line)
                file.flush()
                if READY in line:
                    self._ready.set()
