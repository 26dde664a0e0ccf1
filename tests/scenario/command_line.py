"""A command of the bridge as a process of its own, beside the workers or without any."""

import asyncio
import os
import sys
from dataclasses import dataclass

from tests.scenario.scene import Scene

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


async def run_command(scene: Scene, *words: str, typed: str = "", **more: str) -> Ran:
    """Run `talkifai-bridge WORDS` on the stage. `more`: as for `Scene.start_bridge`; `typed`: what it reads."""
    given = {name: value for name, value in {**scene.settings, **more}.items() if value}
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bridge", *words),
        cwd=scene.folder,
        env={**environment, "COLUMNS": "160", **given},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60.0):
        out, errors = await process.communicate(typed.encode())
    return Ran(process.returncode or 0, out.decode(), errors.decode())
