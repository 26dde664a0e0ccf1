"""Whatever the agent writes, Telegram takes it, no one is pinged, and no word is lost."""

import json
import re
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pyromark
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.telegram.format.markdown import Rendered, fits, render, render_page
from bridge.domain.pages import PageView
from sandbox.telegram.entities import check_entities, check_text, pings, slice_of, utf16_length
from sandbox.telegram.world import JsonDict

TDLIB: Any = import_module("tdjson") if find_spec("tdjson") else None
needs_tdlib = pytest.mark.skipif(TDLIB is None, reason="tdjson has no wheel for this platform")

SIGNS = (
    *"*_~`|[]()<>#+-=!\\$&;:@/\n\t 😀é",
    *("**", "~~", "```", "```py\n", "\n\n", "||", "](", "](http://a.example/x)", "](foo)", "](tg://user?id=5)"),
    *(
        "](javascript:x)",
        "](mailto:a@b.example)",
        "](https://x_y)",
        "![",
        "<b>",
        "</b>",
        "<div>\n",
        "<!--",
        "&lt;",
        "&#64;",
    ),
    *(
        "- ",
        "1. ",
        "> ",
        "# ",
        "- [ ] ",
        "| ",
        "\n|---|---|\n",
        "| a | b |\n|---|---|\n| c | d | e |\n",
        "---",
        "$$",
        "$5",
    ),
    *("http://", "https://site.example/@someone#part", "@someone", "/command", "#tag", "tg://user?id=5", "<@U1>"),
    *(
        "[x]: ",
        "[^1]",
        "[^1]: ",
        "\u2060",
        "\u202e",
        "\u0333",
        "\u2028",
        "\x00",
        "\ud83d",
        "👨‍👩‍👧",
        "    ",
        "  \n",
        "\r\n",
    ),
)
WORDS = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
MARKDOWN = st.lists(st.one_of(st.sampled_from(SIGNS), st.sampled_from(SIGNS), WORDS), max_size=60).map("".join)

KINDS = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "code": "Code",
    "blockquote": "BlockQuote",
    "expandable_blockquote": "ExpandableBlockQuote",
}


def as_entities(rendered: Rendered) -> list[JsonDict]:
    return [
        {"type": span.kind, "offset": span.offset, "length": span.length}
        | ({"url": span.url} if span.url else {})
        | ({"language": span.language} if span.language else {})
        for span in rendered.spans
    ]


def ask_tdlib(request: JsonDict) -> JsonDict:
    answer: bytes | None = TDLIB.td_execute(json.dumps(request).encode())
    return dict(json.loads(answer or b"{}"))


def as_tdlib(entities: Sequence[JsonDict]) -> list[JsonDict]:
    return [
        {"@type": "textEntity", "offset": e["offset"], "length": e["length"], "type": tdlib_kind(e)} for e in entities
    ]


def tdlib_kind(entity: JsonDict) -> JsonDict:
    kind = entity["type"]
    if kind == "text_link":
        return {"@type": "textEntityTypeTextUrl", "url": entity["url"]}
    if kind == "pre":
        language = entity.get("language")
        named = {"@type": "textEntityTypePreCode", "language": language}
        return named if language else {"@type": "textEntityTypePre"}
    return {"@type": f"textEntityType{KINDS[kind]}"}


@given(MARKDOWN)
@settings(max_examples=250, deadline=None)
@example("**a **`b`** c [**d**`e`](http://a.example) _f_")
@example("***](http://a.example/x)*@_")
@example("> a\n> > b\n> ```\n> c\n> ```\n")
@example("[a![b](http://c.example)](http://d.example)")
def test_every_prefix_is_acceptable(markdown: str) -> None:
    """S10: the stand-in's strict rules, at every prefix as it would be streamed (S11)."""
    for end in range(0, len(markdown) + 1, 3):
        rendered = render(markdown[:end])
        assert check_text(rendered.text) == rendered.text
        if len(rendered.spans) <= 100:
            check_entities(rendered.text, as_entities(rendered))


@needs_tdlib
@given(MARKDOWN)
@settings(max_examples=500, deadline=None)
def test_telegrams_own_code_accepts_the_entities(markdown: str) -> None:
    """S10: TDLib refuses entities out of range, inside a character, or with an address without a host."""
    rendered = render(markdown)
    formatted: JsonDict = {
        "@type": "formattedText",
        "text": rendered.text,
        "entities": as_tdlib(as_entities(rendered)),
    }
    answer = ask_tdlib({"@type": "getMarkdownText", "text": formatted})
    assert answer["@type"] == "formattedText", (answer, rendered)


@given(MARKDOWN)
@settings(max_examples=500, deadline=None)
@example("@_name_ **@**someone `@code`")
@example("&#64;someone @\u0333someone @\x01someone @\u2028someone @\u202esomeone")
@example("[@someone](tg://user?id=5) [x](TG://USER?ID=5) tg://user?id=5")
@example("https://unknown.zzz/@someone x.@someone https://@someone")
def test_nobody_is_called(markdown: str) -> None:
    """A5: no name notifies, whatever stands around it and wherever the text is cut."""
    rendered = render(markdown)
    assert pings(rendered.text, as_entities(rendered)) == []


@needs_tdlib
@given(MARKDOWN)
@settings(max_examples=500, deadline=None)
@example("@someone /command #tag tg://user?id=5 ton://site.example <@someone> (@someone) -@someone")
@example("https://site.example/@someone https://unknown.zzz/#tag ftp://@someone/ http://site.example,@someone")
def test_telegrams_own_code_finds_nobody_to_call(markdown: str) -> None:
    """A5: what the server would link by itself in the text, outside code."""
    rendered = render(markdown)
    closed = [(s.offset, s.offset + s.length) for s in rendered.spans if s.kind in ("pre", "code", "text_link")]
    found = ask_tdlib({"@type": "getTextEntities", "text": rendered.text})["entities"]
    for entity in found:
        if any(start <= entity["offset"] < end for start, end in closed):
            continue
        kind = entity["type"]["@type"].removeprefix("textEntityType")
        assert kind not in ("Mention", "BotCommand", "Hashtag"), (kind, slice_of(rendered.text, entity), rendered)


@given(MARKDOWN)
@settings(max_examples=500, deadline=None)
def test_only_web_addresses_are_links(markdown: str) -> None:
    """A6: odd schemes and addresses without a host are text."""
    for span in render(markdown).spans:
        assert not span.url or re.match(r"https?://[a-z0-9.-]+\.", span.url, re.IGNORECASE)


def labels_of_empty_fences(markdown: str) -> list[str]:
    """The language of a code block that has no code yet is shown as soon as it has."""
    labels = []
    label = ""
    for event in pyromark.events(markdown.replace("\ud83d", "?")):
        match event:
            case {"Start": {"CodeBlock": {"Fenced": str(named)}}}:
                label = named
            case {"End": "CodeBlock"}:
                labels.append(label)
            case {"Text": str(code)} if code.strip():
                label = ""
    return labels


NUMBERED = st.lists(st.one_of(st.sampled_from(SIGNS), st.just("\0")), max_size=80)


@given(NUMBERED)
@settings(max_examples=500, deadline=None)
@example(["| a | b |\n|---|---|\n| ", "\0", " | ", "\0", " | ", "\0", " | ", "\0", " |\n", "\0"])
@example(["[x]: ", "\0", "\n\n", "[y]: ", "\0", "\n", "[y]: ", "\0"])
@example(["```", "\0", " ", "\0", "\n", "\0", "\n```"])
@example(["<div>\n", "\0", "\n", "- ", "\0", "\n  <b>", "\0"])
def test_no_word_is_lost_and_their_order_stays(pieces: list[str]) -> None:
    """S10: every word is in the text, or is the address or language of a mark."""
    words = [f"q{'abcdefghij'[n // 10]}{'abcdefghij'[n % 10]}q" for n in range(len(pieces))]
    markdown = "".join(f" {word} " if piece == "\0" else piece for piece, word in zip(pieces, words, strict=True))
    rendered = render(markdown)
    behind = " ".join([*(f"{span.url} {span.language}" for span in rendered.spans), *labels_of_empty_fences(markdown)])
    expected = [word for piece, word in zip(pieces, words, strict=True) if piece == "\0"]
    missing = [word for word in expected if word not in rendered.text and word not in behind]
    assert missing == [], (markdown, rendered)
    shown = [rendered.text.index(word) for word in expected if word in rendered.text]
    assert shown == sorted(shown), (markdown, rendered)


@given(st.text(max_size=200), st.text(max_size=80), st.text(max_size=120), st.booleans())
@settings(max_examples=200, deadline=None)
def test_status_and_notice_are_the_last_lines(text: str, status: str, notice: str, final: bool) -> None:  # noqa: FBT001 - drawn
    rendered = render_page(PageView(text=text, status=status, notice=notice, final=final))
    assert check_text(rendered.text) == rendered.text
    check_entities(rendered.text, as_entities(rendered))
    assert pings(rendered.text, as_entities(rendered)) == []


@given(st.lists(st.sampled_from(["`x` ", "**b** ", "word ", "😀", "\n\n", "- item\n"]), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_what_fits_can_be_sent_with_the_longest_status_and_notice(pieces: list[str]) -> None:
    """S12: the measure counts UTF-16 units and entities, and leaves room."""
    text = "".join(pieces) * 60
    while not fits(text):
        text = text[: int(len(text) * 0.9)]
    rendered = render_page(PageView(text=text, status="s" * 80, notice="n" * 160))
    assert utf16_length(rendered.text) <= 4096
    check_entities(rendered.text, as_entities(rendered))
