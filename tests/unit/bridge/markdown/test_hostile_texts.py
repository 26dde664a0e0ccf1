"""Texts made to be slow to read: every reply of a worker waits meanwhile. Each test has its limited time."""

from collections.abc import Callable

import pytest

from adapters.slack.format import markdown_block as slack
from adapters.telegram.format import markdown as telegram
from bridge.domain.pages import PageView
from bridge.markdown.pagination import Paginator
from bridge.markdown.streaming import render_partial, stable_prefix

SIZE = 16_000
HOSTILE = {
    "blank cells under a header": "| a | b |\n" + "| " * 40 + "x",
    "blanks under a header": "| a | b |\n| " + " " * 200_000 + "x",
    "blanks in a link": "[a](" + " " * 200_000 + "x",
    "empty lines": "a" + "\n" * SIZE + "b",
    "empty lines in code": "```\n" + "\n" * SIZE + "x",
    "empty quotes": "> a\n" + ">\n" * SIZE + "b",
    "dollars": "$a " * SIZE,
    "prices": "$1" * SIZE,
    "openers, then closers": "_a " * SIZE + "b* " * SIZE,
    "quotes": "> a\n\n" * SIZE,
    "backslashes": "\\ a" * SIZE,
    "code": "`a` " * SIZE,
    "columns": "|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n" + "|x|\n" * SIZE,
    "cells": "|a|b|\n|-|-|\n" + "|x|\n" * 1_000 + "|" + "x|" * 4_000 + "\n" + "|x|\n" * 1_000,
}
CHANNELS: dict[str, tuple[Callable[[str], bool], Callable[[PageView], object]]] = {
    "slack": (slack.fits, slack.markdown_of),
    "telegram": (telegram.fits, telegram.render_page),
}
each = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
in_each_channel = pytest.mark.parametrize(("fits", "shown"), CHANNELS.values(), ids=CHANNELS.keys())


@each
def test_a_look_at_a_hostile_text_that_grows_ends(text: str) -> None:
    """S11: what is certain is the beginning of the text, however much of it is held back."""
    assert text.startswith(stable_prefix(text))


@each
@in_each_channel
def test_the_pages_of_a_hostile_text_are_found(
    text: str, fits: Callable[[str], bool], shown: Callable[[PageView], object]
) -> None:
    """S12: each page fits, and can be shown."""
    for page in Paginator(fits).pages(text[: 2 * SIZE]):
        markdown = page.shown()
        assert fits(markdown)
        assert shown(PageView(text=markdown))


def test_a_colon_that_is_held_back_stays_so_until_a_word_follows() -> None:
    """S11: a colon may become a table's second line; a tab or a wide space behind it changes nothing."""
    assert [render_partial(text) for text in (":", ":\t", ":\tw", ":\two")] == ["", "", "", ":\two"]
    assert [render_partial(text) for text in ("-\u00a0", "-\u00a0w", "-\u00a0wo")] == ["", "", "-\u00a0wo"]
