"""Looks at this machine: who else can read the secrets that lie on it."""

import os
import stat
from pathlib import Path

from bridge.runtime.findings import Finding, passed, warned
from config.settings import Settings

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_files(settings: Settings, env_file: Path = Path(".env")) -> list[Finding]:
    """Return a finding for each file or folder with secrets that is there."""
    wanted = [(env_file, "600"), (settings.bridge.config, "600")]
    if settings.redis.url is None:
        wanted.append((settings.bridge.data_dir, "700"))
    if os.name != "posix":
        return []
    return [_readable_by(path, mode) for path, mode in wanted if path is not None and path.exists()]


def _readable_by(path: Path, mode: str) -> Finding:
    if path.stat().st_mode & _OTHERS:
        return warned("files", f"{path} can be read by other users of this machine", f"Run chmod {mode} {path}")
    return passed("files", f"{path} is readable by its owner alone")
