"""Settings that have another name now. The old one still works, and the log says so."""

from collections.abc import Mapping
from dataclasses import replace

from config.reading.sources import Given

RENAMED: Mapping[str, str] = {"SLACK_ENCRYPTION_KEY": "BRIDGE_SECRET_KEY"}
"""Old names. Both are lists of keys: what the old name holds comes after what the new one holds."""


def with_new_names(given: Mapping[str, Given]) -> tuple[dict[str, Given], list[str]]:
    """Return what is set under the names of today, and a warning for each old name."""
    found, warnings = dict(given), []
    for old, new in RENAMED.items():
        if old in found:
            was, now = found.pop(old), found.get(new)
            found[new] = was if now is None else replace(now, value=f"{now.value},{was.value}")
            warnings.append(f"{was.prefix}{old}: is called {new} now. Rename it; the old name will go.")
    return found, warnings
