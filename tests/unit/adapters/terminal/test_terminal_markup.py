import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from adapters.terminal.markdown import Tail, harmless, plain, recent, renderable
from bridge.domain.pages import PageView


def drawn(view: PageView, height: int = 25) -> str:
    out = io.StringIO()
    Console(file=out, width=80, height=height, force_terminal=False).print(renderable(view))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_nothing_the_agent_writes_steers_the_terminal() -> None:
    """A13: escape sequences and changes of direction are taken out, words stay."""
    assert harmless("a\x1b]0;title\x07b\x9bc\u202ed\ud800e\tf\ng") == "a]0;titlebcde\tf\ng"


@given(st.text())
def test_no_control_character_survives(text: str) -> None:
    """A13: whatever the text is."""
    left = harmless(text)
    assert not [sign for sign in left if (sign < " " and sign not in "\n\t") or "\x7f" <= sign <= "\x9f"]
    left.encode()


def test_a_plain_page_is_the_markdown_with_its_notice_below() -> None:
    view = PageView(text="\n**bold**\n", notice="The answer was interrupted. Please ask again.", final=True)
    assert plain(view) == "**bold**\n\nThe answer was interrupted. Please ask again."


def test_a_drawn_page_renders_markdown_and_shows_the_status() -> None:
    assert drawn(PageView(text="**bold** and `code`", status="Looking that up…")) == "bold and code\nLooking that up…"


def test_a_formula_keeps_its_signs() -> None:
    """S11: nothing in it is taken for emphasis."""
    shown = drawn(PageView(text="It is $a*b*c$ and \\(x*y*z\\)."))
    assert "a*b*c" in shown
    assert "x*y*z" in shown


def test_html_stays_visible() -> None:
    shown = drawn(PageView(text="a <b>word</b> and <script>\n\n<div>\nblock\n</div>"))
    assert "a <b>word</b> and <script>" in shown
    assert "<div>" in shown
    assert "block" in shown


def test_a_link_shows_its_address_and_an_image_too() -> None:
    """A6: the label cannot hide where a link goes."""
    shown = drawn(PageView(text="[your bank](https://evil.example) ![pic](https://p.example/x)"))
    assert shown == "your bank (https://evil.example) pic (https://p.example/x)"


@given(st.text(alphabet="ab \n`*_[]()!<>/k|-#1.\\~&;:", max_size=80))
def test_any_markdown_can_be_drawn(text: str) -> None:
    """S11: no half-written Markdown stops a reply."""
    drawn(PageView(text=text))


def test_every_prefix_of_an_answer_can_be_drawn() -> None:
    """S11: fence, bold, link, table and list, cut anywhere."""
    answer = (
        "# T\n\n| a | b |\n|---|---|\n| **x** | [l](http://e) |\n\n"
        "1. one\n   - `two`\n\n> q\n\n```py\nx = 1\n```\n![i](u)"
    )
    for end in range(len(answer)):
        drawn(PageView(text=answer[:end]))


def test_only_the_end_of_a_tall_picture_is_drawn() -> None:
    out = io.StringIO()
    tall = PageView(text="\n\n".join(f"line {number}" for number in range(50)))
    Console(file=out, width=80, height=10, force_terminal=False).print(Tail(renderable(tall)))
    shown = out.getvalue().split()
    assert "49" in shown
    assert "30" not in shown
    assert len(out.getvalue().splitlines()) <= 8


def test_a_short_text_is_drawn_whole() -> None:
    assert recent("a\nb") == "a\nb"


def test_of_a_long_text_the_end_is_drawn_from_a_line_on() -> None:
    text = "\n".join(f"line {number}" for number in range(3000))
    end = recent(text)
    assert len(end) <= 6000
    assert text.endswith("\n" + end)


def test_the_end_of_a_long_code_block_is_drawn_as_code() -> None:
    assert recent("```python\n" + "x = 1\n" * 3000).startswith("```\nx = 1\n")


def test_a_long_text_without_a_line_break_is_cut_all_the_same() -> None:
    assert len(recent("a" * 20_000)) == 6000
