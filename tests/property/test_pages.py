"""S12: pages in order, fences reopened, nothing lost or doubled."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.growing import whole
from bridge.pages import Paginator

_piece = st.sampled_from(
    [
        "word ",
        "a much longer word sequence here. ",
        "\n",
        "\n\n",
        "```python\n",
        "```\n",
        "~~~\n",
        "# Heading\n",
        "- item\n",
        "| a | b |\n",
        "👨‍👩‍👧‍👦",
        "🇩🇪",
        "e\u0301",
        "漢字",
        "`x`",
    ]
)
_texts = st.lists(_piece, max_size=80).map("".join)


def _fits(text: str) -> bool:
    return len(text) <= 120


@given(_texts)
def test_the_pages_put_together_are_the_text(text: str) -> None:
    """S12: nothing is lost and nothing doubled."""
    pages = Paginator(_fits).pages(text)
    together = "".join(page.source for page in pages)
    assert together == text or not text[len(together) :].strip()


@given(_texts)
def test_every_page_fits_and_closes_its_fences(text: str) -> None:
    """S12: a fence across pages is closed and opened again."""
    for page in Paginator(_fits).pages(text):
        shown = page.shown()
        assert _fits(shown)
        assert whole(shown) == shown


@given(_texts, st.lists(st.integers(0, 400), max_size=12))
def test_full_pages_never_change_while_the_text_grows(text: str, stops: list[int]) -> None:
    """S12: a page that is full is never touched again."""
    paginator = Paginator(_fits)
    full: list[str] = []
    for stop in [*sorted(stops), len(text)]:
        pages = paginator.pages(text[:stop])
        shown = [page.shown() for page in pages if page.continues]
        assert shown[: len(full)] == full
        full = shown


@given(_texts)
def test_all_words_are_shown_in_order(text: str) -> None:
    """S12: what people read, page after page, holds every word."""
    shown = "\n".join(page.shown() for page in Paginator(_fits).pages(text))
    position = 0
    for word in re.findall(r"word|longer|Heading|item|漢字|👨‍👩‍👧‍👦", text):
        position = shown.index(word, position) + len(word)
