"""A command of the bridge as a process of its own, beside the workers or without any."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.forked.process import Piped, start
from tests.pseudo_terminal import ROOT
from tests.scenario.scene import Scene

BRIDGE = ("-m", "bridge")
STOPPED_CLOCK = (str(ROOT / "tests" / "outputs" / "at_noon.py"),)
"""The same with a clock that stands still, at a time that is not now."""
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it."""

    code: int
    out: str
    errors: str

    @property
    def lines(self) -> list[str]:
        """Its output."""
        return self.out.splitlines()


@dataclass(frozen=True, slots=True)
class Watch:
    """A command that goes on."""

    process: Piped

    async def until(self, text: str) -> None:
        """Read its output up to a line with this text."""
        async with asyncio.timeout(30.0):
            while text not in (line := await self.process.stdout.readline()).decode():
                assert line, "it has ended"


@asynccontextmanager
async def watching(scene: Scene, *words: str) -> AsyncIterator[Watch]:
    """Run `talkifai-bridge WORDS` inside a block."""
    process = await _start(scene, (*BRIDGE, *words), {})
    try:
        yield Watch(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _start(scene: Scene, words: Sequence[str], more: Mapping[str, str], typed: str = "") -> Piped:
    given = {name: value for name, value in {**scene.settings, **more}.items() if value}
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return await start(words, scene.folder, {**environment, "COLUMNS": "160", **given}, typed.encode())


async def run_command(scene: Scene, *words: str, typed: str = "", program: Sequence[str] = BRIDGE, **more: str) -> Ran:
    """Run `talkifai-bridge WORDS` on the stage. `more`: as for `Scene.start_bridge`; `typed`: what it reads."""
    process = await _start(scene, (*program, *words), more, typed)
    async with asyncio.timeout(60.0):
        out, errors = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), errors.decode())
