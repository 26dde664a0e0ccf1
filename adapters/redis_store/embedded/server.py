"""A real server of our own, for those who have none: its data survive a restart of the bridge.

Two file locks in the data folder tell who is there. `server.lock` is held by the server itself, which inherits it,
so it is free exactly when no server runs on this data. `users.lock` is held, shared, by every bridge that uses the
server, so the process that can have it alone is the last one and stops the server. A bridge that is killed holds
nothing any more: its server goes on, and the next bridge adopts it with all its keys. Sharing stays, because commands
such as `check` and `chat` use the server of a bridge that runs.

What was deleted stays in the append-only file until that is rewritten: at start, at stop and once a day.
"""

import hashlib
import logging
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

from adapters.redis_store.embedded.binary import find_server
from adapters.redis_store.embedded.file_lock import FileLock
from bridge.domain.errors import SettingWrong

START_TIMEOUT_S = 30.0
"""Time to read the data back in."""
STOP_TIMEOUT_S = 10.0
POLL_S = 0.005
LONGEST_SOCKET_PATH = 90
"""In bytes: the kernel's limit is 108 on Linux and 104 on macOS, the closing zero included."""
LONGEST_LOG = 1_000_000
WATCH_EVERY_S = 1.0
REWRITE_EVERY_S = 86400.0
REWRITE_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class EmbeddedServer:
    """A running server, started or adopted by this process."""

    def __init__(
        self, data_dir: Path, socket_path: Path, users: FileLock, process: subprocess.Popen[bytes] | None
    ) -> None:
        self._data_dir = data_dir
        self._socket_path = socket_path
        self._users = users
        self._process = process
        self._stopping = Event()
        self._watcher: Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, as a `REDIS_URL`."""
        return f"unix://{quote(str(self._socket_path))}"

    @property
    def adopted(self) -> bool:
        """True when it was running already."""
        return self._process is None

    def stop(self) -> None:
        """Stop the server, unless another bridge uses it. Blocks until it is gone. Safe to repeat."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        if not self._users.held:
            return
        try:
            if self._users.try_exclusive():
                self._shut_down()
            elif self._process is not None:
                # Another bridge goes on using our child, so this process must still wait for its end.
                Thread(target=self._process.wait, daemon=True).start()
        finally:
            self._users.release()

    def watch(self) -> None:
        """Start the server again should it die, and rewrite its file each day, until `stop`."""
        self._watcher = Thread(target=self._watch, name="embedded-redis", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        rewrite_at = time.monotonic() + REWRITE_EVERY_S
        while not self._stopping.wait(WATCH_EVERY_S):
            if not self._is_alive():
                self._start_again()
            elif time.monotonic() > rewrite_at:
                rewrite_at = time.monotonic() + REWRITE_EVERY_S
                _ask(self._socket_path, b"BGREWRITEAOF")

    def _is_alive(self) -> bool:
        """Say whether the server runs. Its lock is free exactly when it does not."""
        if self._process is not None:
            self._process.poll()  # takes note of its end
        server_lock = FileLock(self._data_dir / "server.lock")
        is_gone = server_lock.try_exclusive()
        server_lock.release()
        return not is_gone

    def _start_again(self) -> None:
        log.error("the embedded Redis died and is started again", extra={"data_dir": str(self._data_dir)})
        try:
            _, self._process = _start_or_adopt(find_server(), self._data_dir)
        except SettingWrong as error:
            log.error("%s", error)  # noqa: TRY400 - no traceback wanted; it is tried again

    def _shut_down(self) -> None:
        pid = _server_pid(self._socket_path)
        _rewrite(self._socket_path)
        _ask(self._socket_path, b"SHUTDOWN")
        server_lock = FileLock(self._data_dir / "server.lock")
        if not _wait_for(server_lock.try_exclusive, STOP_TIMEOUT_S) and pid is not None:
            os.kill(pid, signal.SIGKILL)
            _wait_for(server_lock.try_exclusive, STOP_TIMEOUT_S)
        server_lock.release()
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)


def start_embedded(data_dir: Path) -> EmbeddedServer:
    """Start a server on the data in `data_dir`, or adopt the one that runs there. Blocks until it answers.

    Raises:
        SettingWrong: There is no server program, the folder cannot be used, the server does not start on its
            data, or this is Heroku, where the disk is wiped every day.
    """
    if os.environ.get("DYNO"):
        raise SettingWrong(
            "REDIS_URL",
            "it is unset, and Heroku wipes the disk that the embedded server would need",
            "Add the Heroku Key-Value Store: heroku addons:create heroku-redis:premium-0",
        )
    binary = find_server()
    data_dir = _prepare(data_dir)
    users = FileLock(data_dir / "users.lock")
    # Held alone only while the last user stops the server.
    if not _wait_for(users.try_shared, STOP_TIMEOUT_S * 2 + 1):
        raise _does_not_start(data_dir, "another bridge has been stopping it for too long")
    try:
        socket_path, process = _start_or_adopt(binary, data_dir)
    except BaseException:
        users.release()
        raise
    return EmbeddedServer(data_dir, socket_path, users, process)


def _start_or_adopt(binary: Path, data_dir: Path) -> tuple[Path, subprocess.Popen[bytes] | None]:
    """Return where the server listens, and its process where this one started it."""
    server_lock = FileLock(data_dir / "server.lock")
    noted = data_dir / "socket.path"
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server_lock.try_exclusive():
            try:
                return _start(binary, data_dir, server_lock)
            finally:
                server_lock.release()
        socket_path = Path(noted.read_text()) if noted.exists() else None
        if socket_path is not None and _ask(socket_path, b"PING").startswith(b"+PONG"):
            return socket_path, None
        time.sleep(POLL_S)
    raise _does_not_start(data_dir, "a server holds its data but does not answer")


def _start(binary: Path, data_dir: Path, server_lock: FileLock) -> tuple[Path, subprocess.Popen[bytes]]:
    socket_path = _socket_path(data_dir)
    socket_path.unlink(missing_ok=True)
    noted = data_dir / "socket.path"
    noted.touch(mode=0o600)
    noted.write_text(str(socket_path))
    log_file = data_dir / "server.log"
    if log_file.exists() and log_file.stat().st_size > LONGEST_LOG:
        log_file.unlink()
    with os.fdopen(os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        process = subprocess.Popen(
            [str(binary), *_options(data_dir, socket_path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches the bridge alone: it still needs the server to finish
            pass_fds=[server_lock.fileno()],
            umask=0o077,
        )
    answers = _wait_for(
        lambda: process.poll() is not None or _ask(socket_path, b"PING").startswith(b"+PONG"), START_TIMEOUT_S
    )
    if not answers or process.poll() is not None:
        process.kill()
        process.wait(STOP_TIMEOUT_S)
        raise _does_not_start(data_dir, _last_line(log_file))
    _ask(socket_path, b"BGREWRITEAOF")
    return socket_path, process


def _options(data_dir: Path, socket_path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "databases": "1",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _prepare(data_dir: Path) -> Path:
    """Make the folder, or take one that is empty or was ours before; only such a one is closed to other users."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(data_dir.iterdir()) and not (data_dir / "users.lock").exists():
            raise SettingWrong(
                "BRIDGE_DATA_DIR",
                f"{data_dir} holds files that are not the bridge's",
                "Name a new folder",
            )
        data_dir.chmod(0o700)
        for path in data_dir.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.chmod(0o600)
        return data_dir.resolve(strict=True)
    except OSError as error:
        raise SettingWrong(
            "BRIDGE_DATA_DIR", f"{data_dir} cannot be used ({error.strerror})", "Name a folder that is yours to write"
        ) from error


def _socket_path(data_dir: Path) -> Path:
    inside = data_dir / "redis.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(runtime) / f"talkifai-bridge-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise SettingWrong("BRIDGE_DATA_DIR", f"its path is too long, and {folder} is not ours", "Use a shorter path")
    folder.chmod(0o700)
    return folder / f"{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}.sock"


def _ask(socket_path: Path, command: bytes) -> bytes:
    """Send one command and return the beginning of the answer; empty if there is none."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(socket_path))
            connection.sendall(command + b"\r\n")
            return connection.recv(65536)
        except OSError:
            return b""


def _rewrite(socket_path: Path) -> None:
    """Rewrite the append-only file, and wait for that: afterwards it holds only what is still kept."""

    def is_idle() -> bool:
        return not re.search(rb"aof_rewrite_(in_progress|scheduled):1", _ask(socket_path, b"INFO persistence"))

    if _wait_for(is_idle, REWRITE_TIMEOUT_S):  # one that began earlier may hold what was deleted since
        _ask(socket_path, b"BGREWRITEAOF")
        _wait_for(is_idle, REWRITE_TIMEOUT_S)


def _server_pid(socket_path: Path) -> int | None:
    found = re.search(rb"process_id:(\d+)", _ask(socket_path, b"INFO server"))
    return int(found[1]) if found else None


def _wait_for(true: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "it said nothing"


def _does_not_start(data_dir: Path, why: str) -> SettingWrong:
    return SettingWrong(
        "BRIDGE_DATA_DIR",
        f"the embedded server does not start in {data_dir}: {why}",
        "Look at server.log there, or set REDIS_URL to a server of your own",
    )
