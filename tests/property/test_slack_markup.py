"""Whatever the agent writes, and however it is cut: nothing pings, nothing is lost, everything fits."""

from html import unescape
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.slack.format.markdown_block import _units, _units_at_most, escape_markdown, fits, markdown_of, plain_of
from adapters.slack.limits import PAGE_CHARS, PLAIN_TEXT_BYTES
from bridge.domain.pages import PageView
from bridge.markdown.math import formulas_as_code
from bridge.markdown.sanitize import sanitize
from sandbox.slack.facts import MARKDOWN_BLOCKS_CHARS
from sandbox.slack.screen import live_tokens, visible

DANGEROUS = ["<!channel>", "<!here|x>", "<@U012ABC>", "<!subteam^S1|@ops>", "<#C1|general>", "<https://e.example|bank>"]
PIECES = [
    *DANGEROUS,
    "&#60;",
    "&#x3C;",
    "&LT;",
    "<",
    ">",
    "&",
    "&lt;",
    "&amp;",
    "lt;",
    "amp;",
    "!channel",
    "@here",
    "```\n",
    "`",
    "\n",
    "[",
    "](",
]
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)


@settings(deadline=None)
@given(TEXT, st.lists(st.integers(0, 80), max_size=4), TEXT, TEXT)
@example("<!channel>", [1, 5], "", "")
@example("&lt;!channel&gt;", [2], "<!here>", "<@U012ABC>")
def test_no_text_at_any_split_holds_a_live_token(text: str, cuts: list[int], status: str, notice: str) -> None:
    """A5: text shown while it arrives, or cut into pages, anywhere."""
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    prefixes = [text[:edge] for edge in edges]
    pages = [text[start:end] for start, end in pairwise(edges)]
    for shown in (*prefixes, *pages):
        view = PageView(text=shown, status=status, notice=notice)
        markdown, plain = markdown_of(view), plain_of(view)
        assert "<" not in markdown
        assert "<" not in plain
        assert ">" not in plain
        assert live_tokens({"text": plain, "blocks": [{"type": "markdown", "text": markdown}]}) == []


@settings(deadline=None)
@given(TEXT)
@example("$0$")
def test_what_is_seen_are_the_agents_words(text: str) -> None:
    """The stand-in decodes as Slack does: the words come out as they were written."""
    # A backslash the agent wrote itself before a bracket looks like one of ours.
    text = text.replace("]\\", "]")
    seen = visible("", [{"type": "markdown", "text": escape_markdown(text)}])
    assert seen == formulas_as_code(sanitize(text))


@settings(deadline=None)
@example("\x1b", 1, "", "")
@given(TEXT, st.integers(1, 400), st.text(max_size=60), st.sampled_from(["", "The answer was too long.", "x" * 150]))
@example("\x1b", 1, "", "")
def test_a_page_that_fits_is_within_slacks_limits(piece: str, times: int, status: str, notice: str) -> None:
    text = piece * times
    view = PageView(text=text, status=status, notice=notice)
    if fits(text):
        assert len(markdown_of(view)) <= PAGE_CHARS < MARKDOWN_BLOCKS_CHARS
    assert len(plain_of(view).encode()) <= PLAIN_TEXT_BYTES
    assert markdown_of(view).strip()
    assert plain_of(view).strip()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["&", "<", "ä", "😀", "a"]), min_size=1).map("".join), st.integers(10, 60))
def test_a_plain_text_is_cut_between_characters_and_entities(text: str, limit: int) -> None:
    plain = plain_of(PageView(text=text), limit)
    assert len(plain.encode()) <= limit
    body = plain.removesuffix("…")
    decoded = body.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert text.startswith(decoded)


_SIGNS = st.lists(
    st.sampled_from(
        [
            *(
                "&",
                "&lt;",
                "&amp;",
                "<",
                ">",
                "*",
                "2*3",
                ")*(",
                "$",
                "$$",
                "$x^2$",
                "`",
                "``",
                "\\(",
                "\\)",
                "\\[",
                "\\]",
            ),
            *(
                "[a](",
                "](http://a.example)",
                "]:",
                "[",
                "]",
                "<http://a.example>",
                "\n",
                "\n\n",
                "> ",
                "- ",
                "a b ",
                "😀",
            ),
            *("\u2028", "\r\n", "\ud800", "|", "|-|\n", "\\", "    "),
        ]
    ),
    max_size=30,
).map("".join)


@given(_SIGNS)
@settings(max_examples=800, deadline=None)
def test_what_surely_fits_at_a_glance_fits(text: str) -> None:
    """S12: the bound is never below the size."""
    assert _units_at_most(text) >= _units(escape_markdown(text))


@pytest.mark.parametrize("sign", ["&lt;", "&LT;", "&#60;", "&#060;", "&#x3c;", "&#X3C;", "&#x003C;"])
def test_no_spelling_of_a_bracket_can_come_alive(sign: str) -> None:
    """A5: where Slack decodes entities before it looks for tokens."""
    for written in (f"{sign}!channel>", f"{sign}@U1&gt;", f"`{sign}!here>`", f"[{sign}!channel>](https://a.example)"):
        assert "<" not in unescape(escape_markdown(written))
