"""Imports all that the bridge may need, once, and forks a process for each order: it then starts in a tenth of the CPU.

What is forked goes on as `python -m bridge WORDS` or `python PROGRAM WORDS` does: its own session, folder, environment,
standard files and exit. An order comes with four descriptors: standard input, output and error, and a pipe on which
two lines go back, the process id and, when it has ended, its exit code.
"""

import gc
import json
import os
import pkgutil
import runpy
import socket
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from signal import SIG_DFL, SIG_IGN, SIGCHLD, SIGINT, default_int_handler, signal
from typing import Any

from config import apart
from config.reading.loading import load_settings

SIZE_BYTES = 4
"""The length of the order that follows, and with it the descriptors."""
_FILES = 4
# What is imported late, inside the libraries, as soon as a worker serves.
_LATE = ("apscheduler.schedulers.asyncio", "apscheduler.triggers.interval", "cryptography.fernet", "uvloop")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started."""

    words: list[str]
    folder: str
    environment: dict[str, str]
    files: list[int]

    @classmethod
    def receive(cls, control: socket.socket) -> "Order | None":
        """Wait for the next one; none comes where the test process has ended."""
        head, files, _, _ = socket.recv_fds(control, SIZE_BYTES, _FILES)
        if not head:
            return None
        left, text = int.from_bytes(head, "big"), b""
        while len(text) < left:
            text += control.recv(left - len(text))
        given: dict[str, Any] = json.loads(text)
        return cls(given["words"], given["folder"], given["environment"], files)


def _import_all() -> dict[str, str]:
    """Import every module of the product; return what that set in the environment."""
    before = dict(os.environ)
    # A process apart reads the same, says tests/unit/config/test_apart.py. Here is no memory to be saved.
    vars(apart)["load_apart"] = load_settings
    for package in ("bridge", "adapters", "config"):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    for name in _LATE:
        import_module(name)
    return {name: value for name, value in os.environ.items() if before.get(name) != value}


def _become(order: Order, set_by_imports: dict[str, str]) -> None:
    """Turn this process into one that was started with the order's words."""
    os.setsid()
    for number, file in enumerate(order.files[:3]):
        os.dup2(file, number)
    for file in order.files:
        os.close(file)
    # Tests send Ctrl-C, though what runs in the background ignores it.
    signal(SIGINT, default_int_handler)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update({**set_by_imports, **order.environment})
    time.tzset()
    # As Python opens them when it starts: lines go out one by one to a terminal, and in blocks to a pipe.
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdin = os.fdopen(0, encoding=encoding, errors=errors, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, errors=errors, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding, "backslashreplace", closefd=False)
    is_module = order.words[0] == "-m"
    sys.path[0] = order.folder if is_module else str(Path(order.words[0]).parent)
    sys.argv[:] = order.words[1:] if is_module else order.words


def _keep(order: Order) -> int:
    """Fork the process. Its keeper stays here until it ends, and tells of it; the process itself returns 0."""
    signal(SIGCHLD, SIG_DFL)
    process = os.fork()
    if not process:
        return 0
    *given, told = order.files
    for file in given:
        os.close(file)
    os.write(told, f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _serve(control: socket.socket) -> Order | None:
    """Take orders. Returns in each process that is to become what was ordered, and at the end."""
    set_by_imports = _import_all()
    gc.collect()
    gc.freeze()
    signal(SIGCHLD, SIG_IGN)  # no keeper is waited for
    while order := Order.receive(control):
        if not os.fork():
            control.close()
            _keep(order)
            _become(order, set_by_imports)
            return order
        for file in order.files:
            os.close(file)
    return None


if __name__ == "__main__":
    _order = _serve(socket.socket(fileno=int(sys.argv[1])))
    if _order and _order.words[0] == "-m":
        runpy.run_module(_order.words[1], run_name="__main__", alter_sys=True)
    elif _order:
        runpy.run_path(_order.words[0], run_name="__main__")
