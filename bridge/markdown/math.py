r"""Formulas in Markdown become code, so that no channel takes their signs for marks. Pure.

LaTeX comes as `$x$`, `$$x$$`, `\(x\)` and `\[x\]`. A formula on lines of its own becomes a block of code, any other a
piece of code in its line; the LaTeX itself stays as it was written. A star between two numbers multiplies.
"""

import re
from collections.abc import Iterator

from bridge.markdown.blocks import NOTHING, Kind, continuation, read_line

_FORMULA = re.compile(
    r"(?P<code>(?P<ticks>(?<!`)`+(?!`)).*?(?<!`)(?P=ticks)(?!`))"
    # No formula has another one in it, so none is looked for behind the next beginning of one.
    r"|\\\((?P<round>(?:[^\\]|\\[^(]){1,1000}?)\\\)"
    r"|\\\[(?P<square>(?:[^\\]|\\[^\[]){1,1000}?)\\\]"
    r"|(?<![\\$])\$\$(?P<double>[^$]+)\$\$(?!\$)"
    r"|(?P<times>(?<=[0-9)])\*(?=[0-9(]))"
    r"|\\."
    r"|(?<![\w$])\$(?P<single>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\w$])",
    re.DOTALL,
)
_TICKS = re.compile(r"`+")
_SIGNS_OF_MATHS = re.compile(r"[\\^_={}+*/<>|]")
_SURELY_SHORT = 3
_PRODUCT = re.compile(r"\*(?<=[0-9)]\*)[0-9(]")
"""`times`, with its sign in front as well."""
_PAIR = re.compile(r"\$(?<![\w$]\$)[^\s$](?:[^$\n]*[^\s$\\])?\$(?![\w$])")
"""`single`, with its sign in front of what stands before it: most texts have no such sign, and are read at once."""
_WORDS = frozenset({Kind.TEXT, Kind.MORE, Kind.HEADING, Kind.ROW})


def formulas_as_code(markdown: str) -> str:
    """Return the Markdown with its formulas as code."""
    if not _has_formula(markdown):
        return markdown
    return "".join(
        words if prefix is None or not _has_formula(words) else _replaced(words, prefix)
        for words, prefix in _blocks(markdown)
    )


def _has_formula(text: str) -> bool:
    """Say whether anything in the text can be a formula. Two prices are none."""
    if "$" in text and ("$$" in text or _PAIR.search(text) is not None):
        return True
    return "\\(" in text or "\\[" in text or ("*" in text and _PRODUCT.search(text) is not None)


def _blocks(markdown: str) -> Iterator[tuple[str, str | None]]:
    """Yield the text in pieces: paragraphs, with what their lines begin with, and all else, with None."""
    state = NOTHING
    piece: list[str] = []
    prefix: str | None = None
    for line in markdown.splitlines(keepends=True):
        seen = read_line(state, line.rstrip("\n"))
        state = seen.after
        goes_on = seen.kind is Kind.MORE and prefix is not None
        if not goes_on:
            if piece:
                yield "".join(piece), prefix
            piece = []
            prefix = continuation(seen.after.containers) if seen.kind in _WORDS else None
            if prefix is not None and seen.content:
                yield line[: seen.content], None
                line = line[seen.content :]  # noqa: PLW2901 - the rest of the line
        piece.append(line)
    if piece:
        yield "".join(piece), prefix


def _replaced(words: str, prefix: str) -> str:
    def as_code(match: re.Match[str]) -> str:
        if match["times"]:
            return "\\*"
        single = match["single"]
        if single is not None:
            return _inline(single) if _is_formula(single) else match[0]
        formula = match["round"] or match["square"] or match["double"]
        if match["code"] or not formula or not formula.strip():
            return match[0]
        is_block = match["round"] is None and _stands_alone(words, match.start(), match.end(), prefix)
        return _block(formula, prefix) if is_block else _inline(formula)

    return _FORMULA.sub(as_code, words)


def _is_formula(text: str) -> bool:
    """Tell a formula from two prices or two variables of a shell."""
    return len(text) <= _SURELY_SHORT or _SIGNS_OF_MATHS.search(text) is not None


def _stands_alone(words: str, start: int, end: int, prefix: str) -> bool:
    line_start = words.rfind("\n", 0, start) + 1
    line_end = words.find("\n", end)
    before = words[line_start:start].removeprefix(prefix).strip()
    after = words[end : line_end if line_end >= 0 else len(words)].strip(" \t.,;")
    return not before and not after


def _inline(formula: str) -> str:
    text = " ".join(formula.split())
    ticks = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _block(formula: str, prefix: str) -> str:
    lines = [line.removeprefix(prefix).rstrip() for line in formula.strip("\n").split("\n")]
    body = "\n".join(prefix + line for line in lines if line.strip())
    return f"```\n{body}\n{prefix}```"
