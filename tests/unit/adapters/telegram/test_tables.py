"""Tables as Telegram shows them."""

from rich.cells import cell_len

from adapters.telegram import limits
from adapters.telegram.format.markdown import fits, render
from bridge.markdown.pagination import Paginator


def shown(markdown: str) -> tuple[str, list[str]]:
    rendered = render(markdown)
    return rendered.text, [span.kind for span in rendered.spans]


def test_a_narrow_table_is_columns_of_monospace_text() -> None:
    text, kinds = shown("| Name | Qty |\n|:--|--:|\n| Apple | 3 |\n| Pear | 12 |\n")
    assert text == "Name  │ Qty\n──────┼────\nApple │   3\nPear  │  12"
    assert kinds == ["pre"]


def test_wide_characters_and_emoji_keep_the_columns_in_line() -> None:
    text, _ = shown(
        "| 都市 | 🏴 | n |\n|---|:-:|--:|\n| 東京 | 🇯🇵 | 1 |\n| Köln | 👨‍👩‍👧‍👦 | 10 |\n| e\u0301 | ✅ | 2 |\n"
    )
    borders = [[cell_len(line[:place]) for place, sign in enumerate(line) if sign in "│┼"] for line in text.split("\n")]
    assert len(borders) == 5
    assert all(places == borders[0] for places in borders)


def test_a_table_too_wide_for_a_phone_is_a_card_for_each_row() -> None:
    text, kinds = shown(
        "| Plan | Price | What you get |\n|---|---|---|\n"
        "| Team | $29 | ten seats, **all** features and `api`<br>mail |\n"
        "| Free | | one seat, for as long as you like |\n"
    )
    assert text == (
        "Plan · Price · What you get\n\n"
        "Team\nPrice: $29\nWhat you get: ten seats, all features and api / mail\n\n"
        "Free\nWhat you get: one seat, for as long as you like"
    )
    assert kinds == ["italic", "bold", "bold", "code", "bold"]


def test_two_wide_columns_are_a_list() -> None:
    text, kinds = shown(
        "| Key | Meaning |\n|---|---|\n| a | explained in very many words indeed, as you see |\n| b | |"
    )
    assert text == "Key · Meaning\n\n• a: explained in very many words indeed, as you see\n• b"
    assert kinds == ["italic", "bold", "bold"]


def test_the_widest_table_that_is_columns_fills_the_phone() -> None:
    """A border takes three of the 40 columns."""
    assert shown(f"| {'a' * 18} | {'b' * 19} |\n|---|---|\n")[1] == ["pre"]
    assert shown(f"| {'a' * 19} | {'b' * 19} |\n|---|---|\n")[1] == ["italic"]


def test_words_around_a_table_in_a_list_stand_on_lines_of_their_own() -> None:
    text, kinds = shown("1. before\n\n   | a | b |\n   |---|---|\n   | c | d |\n\n   after\n2. next")
    assert text == "1. before\na │ b\n──┼──\nc │ d\n  after\n2. next"
    assert kinds == ["pre"]


def test_code_in_a_list_stands_on_lines_of_its_own() -> None:
    assert shown("- a\n  ```\n  x\n  ```\n  b **c**\n- d")[0] == "• a\nx\n  b c\n• d"
    assert shown("- a\n\n  b\n  c")[0] == "• a\n  b\n  c"


def test_code_in_a_heading_is_part_of_the_heading() -> None:
    assert shown("### Use `a` now") == ("Use a now", ["bold"])


def test_a_table_of_more_columns_than_anybody_can_read_is_text_with_each_row_whole() -> None:
    """A parser would fill each row up to the width of the header: millions of cells, in a long answer."""
    rows = [
        "|" + "".join(f"name {number}|" for number in range(21)),
        "|" + "-|" * 21,
        "|" + "".join(f"value {number}|" for number in range(21)),
        "|x|",
    ]
    assert shown("\n".join(rows)) == ("\n".join(rows), [])


def test_no_cell_of_a_row_that_is_much_longer_than_its_header_is_lost() -> None:
    text, _ = shown("|a|b|\n|-|-|\n|" + "".join(f"v{number}|" for number in range(500)) + "\n|x|\n")
    assert [word for word in text.split() if word.startswith("v")] == [f"v{number}" for number in range(500)]


def test_the_pages_of_a_long_table_take_few_looks_at_little_text() -> None:
    """A30: a look takes some 10 ms at worst, so what bounds the time is how many there are, and of how much text."""
    looked_at: list[int] = []

    def counting(text: str) -> bool:
        looked_at.append(len(text))
        return fits(text)

    table = ("| a | b |\n|---|---|\n" + "| x | y |\n" * 2_000)[:16_000]
    pages = Paginator(counting).pages(table)
    assert "".join(page.source for page in pages) == table
    assert len(looked_at) <= 10 * len(pages)
    # Whether all that is left fits is looked at once for each page.
    assert sum(size > 2 * limits.MESSAGE_LIMIT for size in looked_at) <= len(pages)
