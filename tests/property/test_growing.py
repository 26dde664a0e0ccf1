"""S11: whatever Markdown grows, in whatever pieces: nothing that is shown goes away, and nothing is half a mark."""

import re

import pyromark
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.telegram.format.markdown import render
from bridge.markdown.streaming import NOTHING_READ, close_fence, render_partial, stable_prefix

PIECES = (
    *("**", "*", "_", "__", "~~", "`", "``", "[a", "](http", "://a.example/x)", "](", "]", "(", ")", "!["),
    *("word", "words here", "x", "7", "- ", "1. ", "\n", "\n\n", "> ", "# ", "| a | b |", "|", "|---|---|", "---"),
    *("```", "```\n", "<b>", "&amp;", "&", "$", "$$", "\\", "\\(", "\\)", " ", "!", "👨‍👩‍👧", "🇩🇪", ".", "==="),
    *("https://a.example/b", " * ", "漢字", "\n   ", "\n- ", "- [ ] ", "\t", ":", "\u00a0", "\n:-"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
_WORD = re.compile(r"[^\W_]+")
_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH


def words(markdown: str) -> list[str]:
    return _WORD.findall(markdown)


@given(MARKDOWN)
@settings(max_examples=400, deadline=None)
@example("**bold** [link](http://a.example) and `code`\n\n| a | b |\n|---|---|\n| c | d |\n")
@example("| a | b |&\n * - x")
@example("- ```\n```")
@example("| a | b |```\n- **- ~~")
@example("> | a | b |\n---")
@example("| a | b |\n   - ---")
@example("`  # https://a.example/b`-")
@example("_https://a.example")
def test_what_was_shown_is_never_held_back_again(text: str) -> None:
    """S11: each word stays; the last one may become longer."""
    before: list[str] = []
    for end in range(len(text) + 1):
        now = words(render_partial(text[:end]))
        if before:
            assert now[: len(before) - 1] == before[:-1]
            assert len(now) >= len(before), (text[:end], before, now)
            assert now[len(before) - 1].startswith(before[-1])
        before = now
    assert words(close_fence(text))[: len(before)] == before


@given(MARKDOWN)
@settings(max_examples=400, deadline=None)
@example("*](*")
@example("~~===(\n~~x")
@example("**a *b")
@example("a)*1")
@example("_**- [ ] **](http")
@example("**_********://a.example/x)*](http")
@example("](http*word**~~****](http")
@example("word~~**~~](http")
def test_a_mark_that_is_closed_for_the_time_being_is_no_sign_that_people_read(text: str) -> None:
    """S11: no star and no tilde is seen that the agent did not write."""
    for end in range(len(text) + 1):
        shown = render_partial(text[:end])
        if "`" in shown or "$" in shown or not shown.strip():
            continue  # in code and formulas, marks are text
        seen = render(shown).text
        for sign in "*~":
            assert seen.count(sign) <= text[:end].count(sign), (text[:end], shown)


@given(MARKDOWN)
@settings(max_examples=300, deadline=None)
@example("a **b** [c](http://d.example) `e`\n\n| f | g |\n|---|---|\n| h | i |\n\n```\nj\n```\n")
@example(":\tw")
@example("-\u00a0w")
def test_what_is_certain_is_the_beginning_of_the_text_and_only_grows(text: str) -> None:
    """S11: where a message can only be appended to, nothing has to be taken back but white space."""
    before = ""
    for end in range(len(text) + 1):
        now = stable_prefix(text[:end])
        assert text.startswith(now)
        assert now.startswith(before.rstrip(" \t\n>")), (text[:end], before, now)
        before = now


@given(MARKDOWN)
@settings(max_examples=300, deadline=None)
@example("# ")
@example("- ")
@example("Text\n-")
@example("Text\n---")
@example("- x\n- ")
@example("> ")
@example("1.")
@example("7)**")
@example("7)| a | b |")
@example("Text\n-**")
def test_no_mark_stands_alone_and_no_paragraph_is_a_heading_for_one_edit(text: str) -> None:
    """S11: an empty heading or item, or an underline that has no line end yet, is not shown."""
    for end in range(len(text) + 1):
        shown = render_partial(text[:end])
        last = shown.rstrip("\n").rpartition("\n")[2]
        is_code = "```" in shown or shown.startswith(("    ", "\t"))
        if text[:end].endswith("\n") or is_code or "\n    " in shown or "\t" in shown:
            continue
        assert not re.fullmatch(r" {0,3}(?:#{1,6}|[-+*]|[0-9]{1,9}[.)])[ \t]*", last) or last.rstrip() in (
            line.rstrip() for line in text[:end].split("\n")[:-1]
        )


@given(MARKDOWN)
@settings(max_examples=300, deadline=None)
def test_an_open_fence_is_closed(text: str) -> None:
    """S11: what follows a growing text, such as a status, is never inside its code."""
    for end in range(0, len(text) + 1, 2):
        shown = render_partial(text[:end])
        events = list(pyromark.events(f"{shown}\n\nSTATUS", options=_OPTIONS))
        in_code = False
        for event in events:
            match event:
                case {"Start": {"CodeBlock": "Indented"}}:
                    in_code = False
                case {"Start": {"CodeBlock": _}}:
                    in_code = True
                case {"End": "CodeBlock"}:
                    in_code = False
                case {"Text": str(seen)}:
                    assert not (in_code and "STATUS" in seen), (text[:end], shown)
                case _:
                    continue


def test_a_table_is_held_back_until_its_second_line_is_whole_and_then_grows_row_by_row() -> None:
    """S11: never a line of cell borders that is no table."""
    table = "Look:\n\n| a | b |\n|---|---|\n| c | d |\n| e | f |\n"
    shown = [render_partial(table[:end]) for end in range(7, len(table) + 1)]
    seen = list(dict.fromkeys(text.strip() for text in shown))
    assert seen == [
        "Look:",
        "Look:\n\n| a | b |\n|---|---|",
        "Look:\n\n| a | b |\n|---|---|\n| c | d |",
        "Look:\n\n| a | b |\n|---|---|\n| c | d |\n| e | f |",
    ]


def test_a_line_that_could_have_been_a_table_is_shown_when_it_is_none() -> None:
    """S11: nothing is held back for ever."""
    assert render_partial("| not a table |\nfor sure") == "| not a table |\nfor sure"
    assert render_partial("this | or that\nand more") == "this | or that\nand more"
    assert render_partial("[never closed " + "word " * 80).startswith("[never")
    assert render_partial("a $variable " + "word " * 80).startswith("a $variable")


def test_emphasis_code_and_links_are_closed_or_held_back() -> None:
    """S11: half a link is not shown, half of bold words are bold."""
    assert render_partial("see [the do") == "see"
    assert render_partial("see [the docs](https://a.exa") == "see"
    assert render_partial("see [the docs](https://a.example)") == "see [the docs](https://a.example)"
    assert render_partial("see ![the pic") == "see"
    assert render_partial("a **bold wo") == "a **bold wo**"
    assert render_partial("a **bold *and it") == "a **bold *and it***"
    assert render_partial("a `co") == "a `co`"
    assert render_partial("a **bold `co") == "a **bold `co`**"
    assert render_partial("a &am") == "a"
    assert render_partial("at https://a.exam") == "at"
    assert render_partial("a 👨‍") == "a 👨"
    assert render_partial("a 🇩") == "a"


@given(st.lists(MARKDOWN, max_size=8))
@settings(max_examples=400, deadline=None)
@example(["> ```\n> x\n", "\n", "```\ny"])
@example(["```\n\n", "\n", "x\n```\n"])
def test_a_text_that_is_read_as_it_grows_looks_as_one_that_is_read_at_once(pieces: list[str]) -> None:
    """S11: the complete lines are read once, and no look shows that."""
    text, read = "", NOTHING_READ
    for piece in pieces:
        text += piece
        read = read.on(text)
        assert read.partial(text) == (render_partial(text), stable_prefix(text))
        assert read.closed(text, len(text)) == close_fence(text)
