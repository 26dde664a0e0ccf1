"""The Lua of every atomic step, read once at start: a package that lacks a file fails there, not at a first use."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

_FUNCTION = re.compile(r"^local function (\w+)\(.*?^end\n", re.MULTILINE | re.DOTALL)
"""One of the shared functions."""
TOGETHER = "together"
"""The script that runs several of the others."""


@dataclass(frozen=True)
class Script:
    """One atomic step."""

    text: str
    """With those of the shared functions that it uses in front."""

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
    # Each run makes only the functions of its own steps, not those of all.
    branches = [f"if name == '{name}' then return function(KEYS, ARGV)\n{text}end\n" for name, text in steps.items()]
    functions = f"local function step_of(name)\n{'else'.join(branches)}end\nend\n"
    together = (folder / f"{TOGETHER}.lua").read_text(encoding="utf-8")
    shared = {found[1]: found[0] for found in _FUNCTION.finditer(prelude)}
    return {
        **{name: Script(_with_shared(shared, text)) for name, text in steps.items()},
        TOGETHER: Script(_with_shared(shared, functions + together)),
    }


def _with_shared(shared: Mapping[str, str], text: str) -> str:
    """Put the shared functions that a script uses in front: the server keeps, and makes at each call, no others."""
    for name, function in reversed(list(shared.items())):  # one uses only those above it
        if re.search(rf"\b{name}\b", text):
            text = function + text
    return text
