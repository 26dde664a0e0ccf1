"""Where a page ends, and what the next one repeats."""

import re

import pytest

from bridge.domain.notices import Notice
from bridge.domain.stream_events import TextDelta
from bridge.markdown.pagination import Page, Paginator
from bridge.reply.reply import Reply
from tests.english import english


def pages_of(text: str, size: int) -> list[Page]:
    return Paginator(lambda shown: len(shown) <= size).pages(text)


def shown(text: str, size: int) -> list[str]:
    return [page.shown() for page in pages_of(text, size)]


def test_a_short_text_is_one_page() -> None:
    assert shown("Hello", 100) == ["Hello"]


def test_an_empty_text_is_one_empty_page() -> None:
    assert shown("", 100) == [""]


def test_a_cut_prefers_the_paragraph() -> None:
    text = "First paragraph is here.\n\nSecond paragraph goes on and on and on."
    assert shown(text, 45) == ["First paragraph is here.", "Second paragraph goes on and on and on."]


def test_a_heading_goes_with_its_text_to_the_next_page() -> None:
    text = "Some words come first here.\n\n## Next\n\nThen the text under the heading goes on."
    first, second = shown(text, 60)
    assert first == "Some words come first here."
    assert second.startswith("## Next")


def test_a_code_block_across_pages_keeps_its_language() -> None:
    """S12: fences reopened."""
    code = "\n".join(f"line_{number} = {number}" for number in range(12))
    pages = shown(f"```python\n{code}\n```", 100)
    assert len(pages) > 1
    assert all(page.startswith("```python\n") and page.endswith("\n```") for page in pages)


def test_code_in_a_list_item_stays_in_its_item() -> None:
    """S12: its fence is closed and opened again where it stood."""
    code = "\n".join(f"   line_{number} = {number}" for number in range(10))
    first, second = shown(f"1. One\n2. Two\n\n   ```py\n{code}\n   ```\n3. Three\n", 130)
    assert first.endswith("\n   ```")
    assert second.startswith("2. …\n   ```py\n   line_")
    assert second.endswith("   ```\n3. Three")


def test_a_tables_header_is_repeated_on_the_next_page() -> None:
    """S12: each page's table is a table."""
    rows = "".join(f"| {number} | value |\n" for number in range(12))
    pages = pages_of(f"Look:\n\n| No. | What |\n|---:|---|\n{rows}\nDone.\n", 120)
    assert len(pages) > 1
    assert all(page.shown().startswith("| No. | What |\n|---:|---|\n| ") for page in pages[1:])
    assert [page.lead for page in pages[1:]] == ["| No. | What |\n|---:|---|\n"] * (len(pages) - 1)


def test_a_table_is_not_torn_from_its_header() -> None:
    first, second = shown("Some words before the table.\n\n| a | b |\n|---|---|\n| c | d |\n| e | f |\n", 60)
    assert first == "Some words before the table."
    assert second.startswith("| a | b |")


@pytest.mark.parametrize("mark", ["1.", "{}."])
def test_a_numbered_list_goes_on_with_the_right_number(mark: str) -> None:
    """S12: also where the agent numbers every item with 1."""
    text = "".join(f"{mark.format(number)} item number {number}\n" for number in range(1, 15))
    pages = shown(text, 100)
    assert len(pages) > 1
    assert [page.partition(" ")[0] for page in pages] == [
        f"{page.partition('item number ')[2].partition(chr(10))[0]}." for page in pages
    ]


def test_what_is_under_a_number_that_became_longer_still_stands_under_it() -> None:
    text = "".join(f"1. item {number}\n   - inner {number}\n" for number in range(1, 15))
    for page in shown(text, 100)[1:]:
        number, _, rest = page.partition(". item")
        indent = rest.partition("\n")[2].partition("-")[0]
        assert len(indent) == len(f"{number}. ")


def test_nested_items_keep_the_items_that_they_are_in() -> None:
    """S12: a sign without text stands for an item of the page before."""
    text = "1. outer\n" + "".join(f"   - inner {number} goes on for a while\n" for number in range(8)) + "2. last"
    first, second = shown(text, 200)
    assert first.startswith("1. outer\n   - inner 0")
    assert second.startswith("1. …\n   - inner ")
    assert second.endswith("2. last")


def test_an_item_that_goes_on_begins_with_its_sign() -> None:
    text = "7. " + "This sentence is one of many. " * 10
    first, second = shown(text.strip(), 160)
    assert first.endswith("many.")
    assert second.startswith("7. … This sentence")


def test_a_quote_that_goes_on_is_a_quote() -> None:
    text = "> " + "This sentence is one of many. " * 10
    assert all(page.startswith("> This sentence") for page in shown(text.strip(), 160))


def test_a_cut_is_made_between_sentences_and_outside_of_links_and_emphasis() -> None:
    link = "[a link with a label. It has two sentences](https://site.example/with/a/long/path)"
    text = f"One sentence. Another one. {link} and **bold. Words. In. Pieces** end."
    for size in range(len(link) + 4, len(text)):
        pages = shown(text, size)
        assert sum(link in page for page in pages) == 1
        assert sum("**bold. Words. In. Pieces**" in page for page in pages) == 1


def test_emphasis_that_is_longer_than_a_page_is_opened_again() -> None:
    pages = shown("**" + "bold words " * 30 + "end**", 100)
    assert len(pages) > 2
    assert all(page.startswith("**") and page.endswith("**") for page in pages)


def test_an_emoji_family_is_never_cut_apart() -> None:
    """S12: nor a flag, of either kind."""
    for cluster in (
        "👨‍👩‍👧‍👦",
        "🇩🇪",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "e\u0301\u0323",
    ):
        for page in pages_of(cluster * 10, 20):
            assert page.source.replace(cluster, "") == ""


def test_a_page_that_grows_is_shown_as_far_as_it_is_certain() -> None:
    """S11: and whole when nothing more comes."""
    (page,) = pages_of("See **this [link](http", 100)
    assert page.shown(final=False) == "See **this**"
    assert page.shown() == "See **this [link](http"


def test_a_runaway_answer_ends_with_the_last_page_and_says_so() -> None:
    """S12: the reply has as many pages as the setting allows, and the last one has the notice at once."""
    reply = Reply("q", lambda text: len(text) <= 100, max_pages=3)
    for number in range(100):
        reply.apply(TextDelta(f"Sentence number {number}. "))
    growing = reply.views()
    assert [view.notice for view in growing] == ["", "", english(Notice.SHORTENED)]
    assert all(view.final for view in growing)
    reply.apply(TextDelta("More. "))
    reply.end(english(Notice.INTERRUPTED))
    assert reply.views() == growing


def test_an_answer_that_just_fits_is_not_called_shortened() -> None:
    reply = Reply("q", lambda text: len(text) <= 100, max_pages=2)
    reply.apply(TextDelta("Word. " * 30))
    reply.end()
    assert [view.notice for view in reply.views()] == ["", ""]


@pytest.mark.parametrize("size", range(66, 72))
def test_what_a_page_repeats_is_right_however_little_of_its_first_line_came_with_the_cut(size: int) -> None:
    """S12: the lead is not settled before the page's first line is known."""
    text = "".join(f"1. item number {number}\n" for number in range(1, 15))
    paginator = Paginator(lambda shown: len(shown) <= size)
    pages: list[Page] = []
    for end in range(1, len(text) + 1):
        pages = paginator.pages(text[:end])
    starts = [page.shown().partition(". item number ") for page in pages]
    assert [number for number, _, _ in starts] == [rest.partition("\n")[0] for _, _, rest in starts]


def test_a_cut_goes_between_pieces_of_code_and_never_turns_them_inside_out() -> None:
    """S12: words between backticks are code on every page, what is between the pieces is not."""
    pages = shown("Options: " + ", ".join(f"`--opt{number}`" for number in range(60)), 100)
    assert len(pages) > 5
    for page in pages:
        assert re.fullmatch(r"(?:Options: )?(?:`--opt[0-9]+`(?:, |,?\Z))+", page), page


@pytest.mark.parametrize(
    ("first", "lead"),
    [
        ("```" + "a" * 501 + "\n", "```\n"),
        ("```python\n", "```python\n"),
        ("`" * 501 + "\n", "```\n"),
        ("~" * 501 + "\n", "~~~\n"),
        ("| " + "a" * 501 + " | b |\n|---|---|\n", ""),
        ("| a | b |\n|---|---|\n", "| a | b |\n|---|---|\n"),
    ],
)
def test_a_page_is_there_for_what_is_new_not_for_a_long_line_that_it_repeats(first: str, lead: str) -> None:
    """S12: what would fill each page again is left out."""
    pages = pages_of(first + "| word | word |\n" * 200, 1_200)
    assert [page.lead for page in pages[1:]] == [lead] * (len(pages) - 1)
    assert 2 < len(pages) < 6
    assert all(len(page.source) > 1_000 for page in pages[1:-1])


def test_a_page_that_grows_is_measured_once_with_each_look() -> None:
    """S12: whether it is the beginning of a much longer text is asked of a long one alone."""
    measured: list[int] = []

    def fits(text: str) -> bool:
        measured.append(len(text))
        return len(text) <= 9_000

    text = "Some words of an answer.\n" * 300
    paginator = Paginator(fits)
    for end in range(1_000, 7_001, 500):
        paginator.pages(text[:end])
    assert len(measured) == 13
