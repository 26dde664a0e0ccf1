"""Rendering runs on the event loop, so what a text may cost has a bound: counted in calls, which no machine changes."""

import sys
from collections.abc import Callable
from functools import partial

import pytest

from adapters.slack.format import markdown_block as slack
from adapters.slack.format import plain_text
from adapters.slack.format.plain_text import strip_markdown
from adapters.telegram.format import markdown as telegram
from adapters.telegram.format import parse
from adapters.telegram.format.parse import MOST_EVENTS, parsed
from bench.rendering import filled, texts
from bridge.domain.pages import PageView
from bridge.markdown.pagination import Page, Paginator
from bridge.markdown.preprocess import Readers
from bridge.markdown.streaming import stable_prefix

SIZE = 16_000
DEAREST = (
    "table",
    "wide table",
    "table with a wide row",
    "numbers",
    "quotes",
    "deep quotes",
    "dollars and numbers",
    "stars in words",
)
MOST_CALLS = 3_000_000
"""Of Python and of C, for all final pages of 16,000 characters: at most 0.3 s. Unbounded, a table takes 3,800,000."""
MOST_CALLS_OF_A_LOOK = 500_000

each = pytest.mark.parametrize("name", DEAREST)


def calls_of(work: Callable[[], object]) -> int:
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    telegram._rendered.cache_clear()
    slack._words_of.cache_clear()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def pages_of(fits: Callable[[str], bool], text: str) -> list[Page]:
    return Paginator(fits).pages(text)


@each
def test_all_pages_of_the_dearest_texts_take_a_bounded_number_of_calls(name: str) -> None:
    """A30: on both channels."""
    text = dict(texts(SIZE))[name]
    for fits in (telegram.fits, slack.fits):
        assert calls_of(partial(pages_of, fits, text)) < MOST_CALLS


@pytest.mark.parametrize("name", ["table", "numbers", "quotes", "formulas"])
def test_a_text_of_twice_the_length_takes_about_twice_the_calls(name: str) -> None:
    """A30: no page reads again what stands on the pages behind it."""
    short, long = (calls_of(partial(pages_of, telegram.fits, dict(texts(size))[name])) for size in (SIZE // 2, SIZE))
    assert long < 2.6 * short


@each
def test_a_look_at_the_dearest_texts_takes_a_bounded_number_of_calls(name: str) -> None:
    """A30: one look at a text that grows, and one message of each channel."""
    text = dict(texts(SIZE))[name]
    message = PageView(text=text[:12_000])
    assert calls_of(lambda: stable_prefix(text)) < MOST_CALLS_OF_A_LOOK
    assert calls_of(lambda: telegram.render_page(message)) < MOST_CALLS_OF_A_LOOK
    assert calls_of(lambda: (slack.markdown_of(message), slack.plain_of(message))) < MOST_CALLS_OF_A_LOOK


def test_markdown_that_takes_too_much_work_is_shown_as_it_is_written() -> None:
    """A30: a message with a table of a thousand rows keeps every sign of it, and none of them acts."""
    text = filled("|a|b|\n|-|-|\n", "|x|@eve|\n", 9_000)
    shown = telegram.render(text)
    assert shown.text.replace("\u2060", "") == text.rstrip("\n")
    assert shown.spans == ()
    assert "@eve" not in shown.text  # a name is taken apart here too


def test_a_page_that_takes_too_much_work_ends_where_it_would_have_ended_as_it_grew() -> None:
    """A30: what its beginning fills with marks is full, however much plain text would fit."""
    text = filled("|a long header of a table|another long header|\n|-|-|\n", "|x|y|\n", 2 * SIZE)
    grown = Paginator(telegram.fits)
    for end in range(500, len(text), 500):
        grown.pages(text[:end])
    assert [page.source for page in grown.pages(text)] == [page.source for page in pages_of(telegram.fits, text)]


def test_only_what_no_agent_writes_takes_too_much_work() -> None:
    """A30: a page full of a table is a table."""
    row = "| Apple pie | 12.50 | in stock | today |\n"
    text = "| Name | Price | Stock | When |\n|---|---|---|---|\n" + row * 90
    assert parsed(text).is_whole
    assert not parsed("|a|\n|-|\n" + "|x|\n" * MOST_EVENTS).is_whole


def test_a_page_that_grows_costs_little_more_than_one_that_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A30: a look reads the last blocks alone, on both channels."""
    block = "Some **words** of a paragraph with `code`, and a [link](https://a.example).\n\n- an item\n- another\n\n"
    text = (block * 40)[:3_000]
    reads: tuple[Callable[[str], object], ...] = (parsed, strip_markdown)
    for read in reads:
        monkeypatch.setattr(parse, "_walks", Readers(parse._Walk, 1))
        monkeypatch.setattr(plain_text, "_writers", Readers(plain_text._Writer, 1))
        once = calls_of(partial(read, "Another page." + text))
        assert calls_of(partial(grow, read, text)) < 2 * once


def grow(read: Callable[[str], object], text: str) -> None:
    for end in range(300, len(text) + 1, 300):
        read(text[:end])
