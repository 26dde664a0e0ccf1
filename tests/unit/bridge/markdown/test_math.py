"""Formulas become code; prices, shells and code stay."""

import pytest

from bridge.markdown.math import formulas_as_code


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("so $E=mc^2$ holds", "so `E=mc^2` holds"),
        ("so \\(x_1 * y_1\\) holds", "so `x_1 * y_1` holds"),
        ("$n$ is even", "`n` is even"),
        ("$$\na_1 * b_1\n$$", "```\na_1 * b_1\n```"),
        ("\\[ x \\]", "```\n x\n```"),
        ("1. Use\n   $$x^2$$\n   now", "1. Use\n   ```\n   x^2\n   ```\n   now"),
        ("> $$x^2$$", "> ```\n> x^2\n> ```"),
        ("inline $$x^2$$ too", "inline `x^2` too"),
        ("$a`b_1$", "`` a`b_1 ``"),
        ("2*3*4 and (1)*(2)", "2\\*3\\*4 and (1)\\*(2)"),
    ],
)
def test_formulas_are_code(markdown: str, shown: str) -> None:
    assert formulas_as_code(markdown) == shown


@pytest.mark.parametrize(
    "markdown",
    [
        "from $5 to $9 each",
        "$HOME and $PATH",
        "costs $5, *not* $6_000",
        "\\$x^2\\$",
        "`$x^2$` and `\\(x\\)`",
        "```sh\necho $a_1 $b_1 $\n```",
        "    $x^2$",
        "a *word* here",
        "5 * 6",
        "\\(never closed",
        "$$ $$",
    ],
)
def test_everything_else_stays(markdown: str) -> None:
    assert formulas_as_code(markdown) == markdown
