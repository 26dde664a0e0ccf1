"""What tests fork is as what `python PROGRAM` starts: the same process but for the time it takes."""

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forked.process import start

_PROGRAM = """
import json, os, signal, sys, time
print(json.dumps({
    "environment": dict(os.environ), "arguments": sys.argv, "folder": os.getcwd(), "typed": sys.stdin.read(),
    "leads its session": os.getsid(0) == os.getpid(), "zone": time.tzname, "path": sys.path, "name": __name__,
    "open": sorted(os.listdir("/proc/self/fd"))[:-1], "loop": "asyncio" in sys.modules and "uvloop" in sys.modules,
    "signals": {name: str(signal.getsignal(name)) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)},
    "buffered": (sys.stdout.line_buffering, sys.stderr.line_buffering), "encoding": sys.stdout.encoding,
}))
print("to errors", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "Asia/Tokyo", "NEW": "yes"}


async def _facts(folder: Path, code: int, **more: str) -> tuple[dict[str, Any], str]:
    program = folder / "facts.py"
    program.write_text(_PROGRAM, encoding="utf-8")
    process = await start([str(program), str(code)], folder, {**_ENVIRONMENT, **more}, b"typed")
    out, errors = await process.communicate()
    assert process.returncode == code
    return json.loads(out), errors.decode()


@pytest.fixture
def _heeds_ctrl_c() -> Iterator[None]:
    """A process that is started in the plain way ignores what the tests' own one ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeds_ctrl_c")
async def test_a_forked_process_is_as_one_that_is_started(tmp_path: Path) -> None:
    forked, errors = await _facts(tmp_path, 3)
    # A setting of Python's own has it started in the plain way.
    plain, plain_errors = await _facts(tmp_path, 3, PYTHONSAFEPATH="")
    assert (forked.pop("loop"), plain.pop("loop")) == (sys.platform == "linux", False)
    del plain["environment"]["PYTHONSAFEPATH"]
    assert forked["environment"].pop("PTB_TIMEDELTA", "1") == "1"  # a library's, set where it is imported
    assert forked == plain
    assert errors == plain_errors == "to errors\n"


async def test_the_bridge_is_forked_as_a_module(tmp_path: Path) -> None:
    process = await start(["-m", "bridge", "--version"], tmp_path, _ENVIRONMENT)
    out, errors = await process.communicate()
    assert out.startswith(b"talkifai-bridge ")
    assert (process.returncode, errors) == (0, b"")


async def test_a_signal_ends_it_and_its_exit_code_says_so(tmp_path: Path) -> None:
    program = tmp_path / "waits.py"
    program.write_text("import time; print('here', flush=True); time.sleep(60)", encoding="utf-8")
    process = await start([str(program)], tmp_path, _ENVIRONMENT)
    assert await process.stdout.readline() == b"here\n"
    assert process.returncode is None
    process.kill()
    async with asyncio.timeout(10.0):
        assert await process.wait() == -signal.SIGKILL
    process.kill()  # it has ended: nothing happens
