import re
from importlib.resources import files

from adapters.redis_store.client.scripts import all_scripts

_DEFINED = re.compile(r"^local function (\w+)", re.MULTILINE)
_SHARED = _DEFINED.findall((files("adapters.redis_store") / "scripts" / "prelude.lua").read_text(encoding="utf-8"))


def test_a_script_has_the_shared_functions_that_it_uses_and_no_others() -> None:
    """The server keeps each script whole, and makes its functions anew at each call."""
    assert len(_SHARED) > 20
    for name, script in all_scripts().items():
        has = [function for function in _DEFINED.findall(script.text) if function in _SHARED]
        uses = [function for function in _SHARED if re.search(rf"(?<!function )\b{function}\b", script.text)]
        assert has == uses, name


def test_a_shared_function_stands_behind_those_that_it_uses() -> None:
    assert _DEFINED.findall(all_scripts()["begin_end"].text) == ["now_ms", "steady_ms", "whole", "begin_ending"]
    assert _DEFINED.findall(all_scripts()["plain"].text) == []
