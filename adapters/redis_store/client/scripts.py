"""The Lua of every atomic step, read once at start: a package that lacks a file fails there, not at a first use."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """One atomic step."""

    text: str
    """With the functions that the scripts share in front."""

    @property
    def sha(self) -> str:
        """The name by which the server knows it once it is loaded."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


@cache
def all_scripts() -> Mapping[str, Script]:
    """Read all scripts, by name."""
    folder = files("adapters.redis_store") / "scripts"
    prelude = (folder / "prelude.lua").read_text(encoding="utf-8")
    return {
        path.name.removesuffix(".lua"): Script(prelude + path.read_text(encoding="utf-8"))
        for group in folder.iterdir()
        if group.is_dir()
        for path in group.iterdir()
        if path.name.endswith(".lua")
    }
