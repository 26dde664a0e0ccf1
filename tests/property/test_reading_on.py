"""The last blocks alone are read of a page that grows, and it looks as if all of it had been read anew."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.slack.format import plain_text
from adapters.slack.format.plain_text import strip_markdown
from adapters.telegram.format import parse
from adapters.telegram.format.parse import parsed
from bridge.markdown.preprocess import _ALIKE, prepared
from bridge.markdown.streaming import render_partial
from tests.corpus.shown import ANSWERS

BLOCKS = (
    *("word\n", "two words\n\n", "a | b\n", "|-|-|\n", "| c | d |\n", "---\n", "===\n", "# Title\n", "###### \n"),
    *("- item\n", "* other\n", "1. one\n", "7) seven\n", "  under\n\n", "    code\n", "\tcode\n", "> quote\n", ">\n"),
    *("```py\n", "~~~\n", "<div>\n", "</div>\n\n", "<!-- ", "-->", "- [x] done\n", "- \n", "***\n", "\n", "\n\n"),
    *("**", "_", "~~", "~", "`", "[a", "](http://a.example)", "[a\nb]: http://b.example\n", "[a b]", "![", "\\", "😀"),
    *("[x]: http://c.example\n", "[x]", "&amp;", "  \n", "漢字", "- [x] [y]: http://d.example\n", "[y]", "x[1:]:\n"),
)
MARKDOWN = st.lists(st.sampled_from(BLOCKS), max_size=30).map("".join)


def check(markdown: str) -> None:
    """Compare what each channel makes of a text with what it makes of it at first sight."""
    assert parsed(markdown) == parse._Walk().through(markdown.encode())
    assert strip_markdown(markdown) == plain_text._Writer().write(markdown.encode())


def cuts_of(name: str, text: str) -> Iterator[str]:
    """Yield the text as it grows, with what closes its end, then shorter ones, as while a page's end is looked for."""
    rng = random.Random(name)  # noqa: S311 - no secret
    ends = sorted(rng.sample(range(1, len(text)), min(12, len(text) - 1)))
    for end in (*ends, *rng.sample(ends, len(ends))):
        yield prepared(render_partial(text[:end]))
        yield prepared(text[:end])
    yield prepared(text)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.stem)
def test_an_answer_that_grows_is_read_as_if_it_were_new(answer: Path) -> None:
    """S11: at any cut, whatever was read before."""
    for shown in cuts_of(answer.stem, answer.read_text(encoding="utf-8")):
        check(shown)


@given(st.lists(st.tuples(MARKDOWN, st.integers(0, 300)), min_size=1, max_size=4), st.sampled_from(BLOCKS))
@settings(max_examples=300, deadline=None)
@example([("- a\n\n", 300), ("b\n", 300), ("> q\n", 300), ("---\n", 300), ("x", 300)], "x")
@example([("[a b]\n\nc\n\nd\n\n", 300), ("e\n\n", 300), ("[a\nb]: http://b.example\n", 300)], "")
@example([("[y]\n\nc\n\nd\n\n- [x] [y]: http://d.example\n", 300), ("\n", 300), ("e", 300)], "")
def test_a_text_is_read_alike_whatever_was_read_before(pieces: list[tuple[str, int]], end: str) -> None:
    """S11: it goes on, or comes again shorter, with another end."""
    begin, text = "x" * _ALIKE + "\n\n", ""
    for piece, upto in pieces:
        text += piece
        for shown in (begin + text[:upto], begin + text + end):
            check(shown)
    check(begin + text)
