"""The Lua of every atomic step, read once at start: a package that lacks a file fails there, not at a first use."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

TOGETHER = "together"
"""The script that runs several of the others."""


@dataclass(frozen=True)
class Script:
    """One atomic step."""

    text: str
    """With the functions that the scripts share in front."""

    @cached_property
    def sha(self) -> str:
        """The name by which the server knows it once it is loaded."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


@cache
def all_scripts() -> Mapping[str, Script]:
    """Read all scripts, by name."""
    folder = files("adapters.redis_store") / "scripts"
    prelude = (folder / "prelude.lua").read_text(encoding="utf-8")
    steps = {
        path.name.removesuffix(".lua"): path.read_text(encoding="utf-8")
        for group in folder.iterdir()
        if group.is_dir()
        for path in group.iterdir()
        if path.name.endswith(".lua")
    }
    functions = "".join(f"steps.{name} = function(KEYS, ARGV)\n{text}end\n" for name, text in steps.items())
    together = (folder / f"{TOGETHER}.lua").read_text(encoding="utf-8")
    return {
        **{name: Script(prelude + text) for name, text in steps.items()},
        TOGETHER: Script(f"{prelude}local steps = {{}}\n{functions}{together}"),
    }
