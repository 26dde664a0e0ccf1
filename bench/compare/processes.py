"""The bots as processes, and what the kernel says of their CPU and memory: the server that a bot started included."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.bridge_process import RunningProcess

BOTS: dict[str, tuple[str, ...]] = {
    "bridge": ("bridge", "run"),
    "plain": ("bench.compare.plain",),
    "floor": ("bench.compare.floor",),
}
ROOT = Path(__file__).parents[2]
_STOP_WITHIN_S = 30.0
_RENDERS = re.compile(r"turn settled .*\brenders=(\d+)")
_TICKS_A_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process and all below it."""

    cpu_s: float
    rss_mb: float
    """Now."""
    below_mb: float
    """Now, of the processes below the first alone."""
    peak_mb: float
    """The most of each process, added."""


class Bot:
    """One running bot."""

    def __init__(self, process: RunningProcess, log: Path) -> None:
        self.process = process
        self.log = log

    def usage(self) -> Usage:
        """Ask the kernel."""
        tree = _tree(self.process.pid)
        memory = [_memory(pid) for pid in tree]
        now, peak = (sum(values) for values in zip(*memory, strict=True))
        return Usage(sum(map(_cpu_s, tree)), now, now - memory[0][0], peak)

    def renders(self) -> list[int]:
        """Return how often each reply's pages were made, by the log; empty for a bot that does not tell."""
        return [int(told) for told in _RENDERS.findall(self.log.read_text(encoding="utf-8"))]

    @property
    def is_running(self) -> bool:
        """False once it has ended."""
        return self.process.returncode is None


@asynccontextmanager
async def running(name: str, settings: Mapping[str, str], folder: Path) -> AsyncIterator[Bot]:
    """Run a bot; it is stopped at the end."""
    passed_on = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    # Each finds the code of this checkout, and no `.env` file.
    environment = {**passed_on, "PYTHONPATH": str(ROOT), "BRIDGE_DATA_DIR": str(folder / "data"), **settings}
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *BOTS[name]),
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Bot(process, log)
    finally:
        below = _tree(process.pid)[1:]
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            # Its server had no word of that, and would go on.
            for pid in below:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _tree(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            parents[int(entry.name)] = _parent(entry)
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _parent(process: Path) -> int:
    try:
        return int(process.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_S


def _memory(pid: int) -> tuple[float, float]:
    try:
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return 0.0, 0.0
    return int(lines["VmRSS"].split()[0]) / 1024, int(lines["VmHWM"].split()[0]) / 1024
