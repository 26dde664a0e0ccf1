"""Reads the settings in a process of its own, which ends: pydantic takes 10 MB, and a worker would have it for good."""

import pickle
import subprocess
import sys
from collections.abc import Callable

from config.settings import Settings
from config.values.errors import SettingsError

_READ = "import sys; sys.path[:] = sys.argv[1:]; from config.reading.loading import send_settings; send_settings()"

_WITHIN_S = 60.0
"""A file that is a pipe is never read to its end: a start says so then, and a reload does not hold up the stop."""
BEGIN = b"\n--- settings ---\n"
"""Stands before them: what a process runs at its start, such as a `sitecustomize`, may have printed something."""


def load_apart() -> Settings:
    """Read the settings as `load_settings` does. Blocks for some tenths of a second. Raises `SettingsError`."""
    return begin_reading()()


def begin_reading() -> Callable[[], Settings]:
    """Let a process read the settings, and return what waits for them. Both raise `SettingsError`."""
    # `-P` and the path given: the folder that the bridge runs in may hold a `config` of its own.
    command = [sys.executable, "-P", "-c", _READ, *sys.path]
    try:
        # A session of its own: Ctrl-C stops the bridge, which has no use for a second traceback.
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise SettingsError(f"settings: no process can be started to read them ({error.strerror}).") from None

    def wait() -> Settings:
        try:
            written, _ = process.communicate(timeout=_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise SettingsError(f"settings: the process that reads them did not end within {_WITHIN_S:g} s.") from None
        if process.returncode:
            raise SettingsError(f"settings: the process that reads them ended with {process.returncode}.")
        found: Settings | tuple[str, ...] = pickle.loads(written.partition(BEGIN)[2])  # noqa: S301 - what our own module has written
        if isinstance(found, Settings):
            return found
        raise SettingsError(*found)

    return wait
