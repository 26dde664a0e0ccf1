"""The acceptance matrix, `docs/acceptance.md`: which test covers which row.

A test covers a row when its docstring begins with the row's id. `python -m tests.acceptance` writes the names
of the tests into the last column; a row without a test has to say there why it is open.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / "docs" / "acceptance.md"
OPEN = "open: "
_NAMED = 4
_ROW = re.compile(r"^\| ([DSPBARM]\d+) \|(.*)\|([^|]*)\|$")
_IDS = re.compile(r"^((?:[DSPBARM]\d+(?:, | and )?)+):")


def covering_tests(folder: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Return the names of the tests of each row id, in order of their files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
                continue
            ids = _IDS.match(ast.get_docstring(node) or "")
            for row in re.findall(r"[DSPBARM]\d+", ids[1]) if ids else ():
                found[row].append(node.name)
    return dict(found)


def rows(text: str) -> dict[str, str]:
    """Return the last cell of each row of the matrix, by its id."""
    return {match[1]: match[3].strip() for match in map(_ROW.match, text.splitlines()) if match}


def cell(tests: list[str]) -> str:
    """Name some of the tests and count the rest."""
    named = ", ".join(f"`{name}`" for name in tests[:_NAMED])
    more = len(tests) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def written(text: str, tests: dict[str, list[str]]) -> str:
    """Return the matrix with the names of the tests as they are now."""
    lines = []
    for line in text.splitlines():
        match = _ROW.match(line)
        if match and match[1] in tests:
            lines.append(f"| {match[1]} |{match[2]}| {cell(tests[match[1]])} |")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    MATRIX.write_text(written(MATRIX.read_text(encoding="utf-8"), covering_tests()), encoding="utf-8")
