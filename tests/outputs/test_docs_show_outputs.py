"""What the docs show of a command is what the command printed."""

import re
from collections.abc import Iterator

from tests.outputs.cases import CASES, PROMPT
from tests.pseudo_terminal import ROOT

_LEFT_OUT = "…"
"""In the docs: alone on a line it stands for any lines, at a line's end for the rest of it."""
_SHOWN = {
    *("check", "check --json", "--help", "sessions", "sessions --json", "sessions end --all", "usage"),
    *("usage --by channel --csv", "usage --by agent --json", "dead list", "dead retry e12d8bbb", "version"),
    *("config --set", "forget slack:U0ADA", "init"),
}


def _outputs(text: str) -> Iterator[tuple[str, str]]:
    """Part a text into commands and what each printed."""
    for part in re.split(rf"^{re.escape(PROMPT)}", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, "\n".join(line.rstrip() for line in output.strip("\n").split("\n"))


def _in_docs() -> list[tuple[str, str]]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = [
        block
        for page in pages
        for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    ]
    return [found for block in blocks for found in _outputs(block)]


def _pattern(output: str) -> str:
    lines = [".*" if line == _LEFT_OUT else re.escape(line) for line in output.split("\n")]
    return "\n".join(f"{line.removesuffix(_LEFT_OUT)}[^\n]*" if line.endswith(_LEFT_OUT) else line for line in lines)


def test_every_output_in_the_docs_is_a_real_one() -> None:
    printed = [found for case in CASES for found in _outputs(case.file.read_text())]
    wrong = [
        command
        for command, output in _in_docs()
        if not any(name == command and re.fullmatch(_pattern(output), text, re.DOTALL) for name, text in printed)
    ]
    assert wrong == []


def test_the_docs_show_the_output_of_every_command() -> None:
    assert {command for command, _ in _in_docs()} >= _SHOWN


def test_an_output_that_differs_would_be_found() -> None:
    assert re.fullmatch(_pattern("a\n…\nlast one…"), "a\nb\nc\nlast one of all", re.DOTALL)
    assert not re.fullmatch(_pattern("a\n…"), "b\nc", re.DOTALL)
