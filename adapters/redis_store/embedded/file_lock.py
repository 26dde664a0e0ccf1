"""A lock on a file, gone with the last process that holds it."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An advisory lock (`flock`). A child that inherits the descriptor holds it too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """True between a successful try and the release."""
        return self._descriptor is not None

    def fileno(self) -> int:
        """Return the descriptor to pass on to a child."""
        if self._descriptor is None:
            raise ValueError("the lock is not held")
        return self._descriptor

    def try_shared(self) -> bool:
        """Take a shared lock; False if another process has the exclusive one."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the exclusive lock; False, and no lock is held, if another process has one."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        """Let go here. A child that inherited it goes on holding it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self, kind: int) -> bool:
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            self._descriptor = None
            return False
        self._descriptor = descriptor
        return True
