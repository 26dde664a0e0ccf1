"""How Markdown looks in Telegram."""

import pytest

from adapters.telegram.format.entities import Mark, tidied
from adapters.telegram.format.links import is_deceptive, is_web_address
from adapters.telegram.format.markdown import Rendered, _rendered, fits, render, render_page
from bridge.domain.incoming import TAKE_OVER
from bridge.domain.notices import SLASHES
from bridge.domain.pages import PageView
from bridge.texts.sentences import help_text
from tests.english import english

J = "\u2060"


def marked(rendered: Rendered) -> list[tuple[str, str]]:
    units = rendered.text.encode("utf-16-le")
    return [
        (span.kind, units[2 * span.offset : 2 * (span.offset + span.length)].decode("utf-16-le"))
        for span in rendered.spans
    ]


@pytest.mark.parametrize(
    ("markdown", "text", "marks"),
    [
        ("# Title", "Title", [("bold", "Title"), ("underline", "Title")]),
        ("a **b** *c* ~~d~~ `e`", "a b c d e", [("bold", "b"), ("italic", "c"), ("strikethrough", "d"), ("code", "e")]),
        ("😀 **😀b😀** c", "😀 😀b😀 c", [("bold", "😀b😀")]),
        ("```py\nx = 1\n```", "x = 1", [("pre", "x = 1")]),
        ("> quote", "quote", [("blockquote", "quote")]),
        ("- a\n  - b\n\n1. c", "• a\n  • b\n\n1. c", []),
        ("- [x] done\n- [ ] open", "☑ done\n☐ open", []),
        ("a || b || c", "a || b || c", []),
        ("List<String> and <b>x</b> <!-- y -->", "List<String> and <b>x</b> <!-- y -->", []),
        ("<div>\n**raw**\n</div>", "<div>\nraw\n</div>", [("bold", "raw")]),
        ("`List<String>` &lt;", "List<String> <", [("code", "List<String>")]),
        ("a ~5 b ~6 c", "a ~5 b ~6 c", []),
        ("$10.49 (~$11.20) and $5 or 6$", "$10.49 (~$11.20) and $5 or 6$", []),
        ("so $x^2$ and $$E=mc^2$$", "so x^2 and E=mc^2", [("code", "x^2"), ("code", "E=mc^2")]),
        ("**bold `code` bold**", "bold code bold", [("bold", "bold"), ("code", "code"), ("bold", "bold")]),
        ("open **bold", "open **bold", []),
        ("```\nopen fence", "open fence", [("pre", "open fence")]),
        ("```py title=x\ncode\n```", "title=x\ncode", [("pre", "title=x\ncode")]),
    ],
)
def test_markdown_becomes_text_and_marks(markdown: str, text: str, marks: list[tuple[str, str]]) -> None:
    rendered = render(markdown)
    assert (rendered.text, marked(rendered)) == (text, marks)


@pytest.mark.parametrize(
    ("markdown", "text", "urls"),
    [
        ("[a](https://s.example/x)", "a", ["https://s.example/x"]),
        ("<https://s.example>", "https://s.example", ["https://s.example"]),
        ("[`a`](https://s.example)", "a", ["https://s.example"]),
        ("[a](docs/x.md)", "a (docs/x.md)", []),
        ("[a](https://x_y/)", "a (https://x_y/)", []),
        ("[a](https://localhost)", "a (https://localhost)", []),
        ("[a](https://good.example@evil.example)", "a (https://good.example@evil.example)", []),
        ("[a](mailto:a@s.example)", "a (a@s.example)", []),
        ("<a@s.example>", "a@s.example", []),
        ("[a](tg://user?id=5)", "a", []),
        ("![alt](https://i.example/a.png)", "alt", ["https://i.example/a.png"]),
        ("![](https://i.example/a.png)", "https://i.example/a.png", ["https://i.example/a.png"]),
        (
            "[![alt](https://i.example)](https://s.example)",
            "alt (https://i.example) (https://s.example)",
            ["https://s.example"],
        ),
        ("[a][1]\n\n[1]: https://s.example", "[a][1]\n\n[1]: https://s.example", []),
        ("a\n\n[1]: https://unused.example", "a\n\n[1]: https://unused.example", []),
        ("[s.example](https://evil.example)", "s.example (https://evil.example)", ["https://evil.example"]),
        ("[www.s.example](https://s.example/x)", "www.s.example", ["https://s.example/x"]),
    ],
)
def test_links_lead_where_they_say(markdown: str, text: str, urls: list[str]) -> None:
    """A6: or their address is printed beside them."""
    rendered = render(markdown)
    assert rendered.text.replace("\n\n", "\n") == text.replace("\n\n", "\n")
    assert [span.url for span in rendered.spans if span.url] == urls


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("@name", f"@{J}name"),
        ("a@s.example", "a@s.example"),
        ("see /help.", f"see /{J}help."),
        ("/usr/bin and a/b", "/usr/bin and a/b"),
        ("#tag, not #12", f"#{J}tag, not #12"),
        ("`@name /help #tag`", "@name /help #tag"),
        ("```\n@name\n```", "@name"),
        ("tg://user?id=5", f"tg:{J}//user?id=5"),
        ("[@name](https://s.example)", f"@{J}name"),
    ],
)
def test_signs_lose_their_effect_outside_code(markdown: str, text: str) -> None:
    """A5: a word joiner stands after the sign."""
    assert render(markdown).text == text


def test_an_address_with_a_sign_stays_a_link() -> None:
    rendered = render("see https://video.example/@channel.")
    assert rendered.text == f"see https://video.example/@{J}channel."
    assert [(span.kind, span.url) for span in rendered.spans] == [("text_link", "https://video.example/@channel")]


def test_a_table_keeps_the_cells_beyond_its_width_and_the_addresses_in_it() -> None:
    rendered = render("| a | b |\n|---|---|\n| [c](https://s.example) | d | e |")
    assert "c (https://s.example)" in rendered.text
    assert "e" in rendered.text.splitlines()[-1]
    assert [span.kind for span in rendered.spans] == ["pre"]


def test_the_commands_in_our_own_help_can_be_pressed_and_those_in_other_lines_cannot() -> None:
    for style in (SLASHES, SLASHES.without(TAKE_OVER)):
        assert render_page(PageView(notice=help_text(english, style))).text == help_text(english, style)
    assert render_page(PageView(notice="Used: /stop")).text == f"Used: /{J}stop"


def test_status_and_notice_stand_last_in_italics() -> None:
    rendered = render_page(PageView(text="**Text**", status="Looking at @x…", notice="Interrupted."))
    assert rendered.text == f"Text\n\nLooking at @{J}x…\n\nInterrupted."
    assert [kind for kind, _ in marked(rendered)] == ["bold", "italic", "italic"]


def test_a_page_without_anything_visible_shows_that_something_comes() -> None:
    """S13: an empty message cannot be sent."""
    assert render("").text == render(" \n\u2060\u200b").text == "…"


@pytest.mark.parametrize(
    ("text", "is_fitting"),
    [
        ("", True),
        ("x" * 3680, True),
        ("x" * 3681, False),
        ("😀" * 1840, True),
        ("😀" * 1841, False),
        ("`x` " * 98, True),
        ("`x` " * 99, False),
        ("[x](https://s.example/" + "y" * 5000 + ")", True),
    ],
)
def test_a_page_is_measured_as_telegram_counts(text: str, is_fitting: bool) -> None:  # noqa: FBT001 - a table's column
    """S12: UTF-16 units of the rendered text, and entities."""
    assert fits(text) is is_fitting


def test_of_too_many_marks_the_worthiest_stay() -> None:
    rendered = render("**b** " * 98 + "[x](https://s.example) `y`")
    assert len(rendered.spans) == 98
    assert {span.kind for span in rendered.spans} == {"bold", "text_link", "code"}


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://s.example", True),
        ("HTTP://S.EXAMPLE:8080/a?b#c", True),
        ("http://127.0.0.1", True),
        ("https://s.example:0", False),
        ("https://s.example:70000", False),
        ("https://a..b", False),
        ("https://-a.example", False),
        ("https://s.example\\x", False),
        ("https://s.example/a b", False),
        ("ftp://s.example", False),
        ("//s.example", False),
        ("https://", False),
    ],
)
def test_only_addresses_that_the_server_surely_takes_are_links(url: str, is_good: bool) -> None:  # noqa: FBT001 - as above
    assert is_web_address(url) is is_good


@pytest.mark.parametrize(
    ("label", "url", "is_bad"),
    [
        ("the docs", "https://s.example", False),
        ("s.example", "https://www.s.example/x", False),
        ("https://s.example/", "https://s.example", False),
        ("https://s.example/a", "https://s.example/b", True),
        ("my s.example page", "https://evil.example", True),
        ("S.EXAMPLE", "https://s.example.evil.example", True),
        ("s.example/page.html", "https://s.example/page.html", False),
        ("Learn .NET, version v1.2.3.4", "https://s.example", False),
        ("bank\u200b.example", "https://evil.example", True),
        ("bank\u3002example", "https://evil.example", True),
        ("bank\u2024example", "https://evil.example", True),
        ("bank .com", "https://evil.example", True),
        ("bank\u200a.com", "https://evil.example", True),
        ("192.168.1.1", "https://evil.example", True),
        ("\u200bhttps://s.example/a", "https://s.example/b", True),
    ],
)
def test_a_label_that_looks_like_another_address_is_deceptive(label: str, url: str, is_bad: bool) -> None:  # noqa: FBT001 - as above
    assert is_deceptive(label, url) is is_bad


def test_marks_are_nested_cleanly() -> None:
    text = "ab cd ef gh"
    wild = [
        Mark("bold", 0, 11),
        Mark("bold", 3, 6),
        Mark("code", 3, 5),
        Mark("blockquote", 0, 11),
        Mark("blockquote", 6, 8),
        Mark("text_link", 6, 8, url="https://s.example"),
        Mark("code", 6, 8),
        Mark("italic", 8, 9),
        Mark("custom_emoji", 0, 1),
    ]
    assert [(mark.kind, text[mark.start : mark.end]) for mark in tidied(text, wild)] == [
        ("blockquote", "ab cd ef gh"),
        ("bold", "ab"),
        ("code", "cd"),
        ("bold", "ef gh"),
        ("text_link", "ef"),
    ]


def test_a_page_that_was_measured_is_not_rendered_again_when_it_is_sent() -> None:
    text = "A page **of its own**, that no other test renders."
    fits(text)
    before = _rendered.cache_info().misses
    render_page(PageView(text=text))
    assert _rendered.cache_info().misses == before
