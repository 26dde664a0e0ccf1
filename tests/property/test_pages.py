"""S12: whatever the text, and however it arrives: pages in order, in limits, safe, nothing lost or doubled."""

import json
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.slack.format import markdown_block as slack
from adapters.slack.limits import PAGE_CHARS
from adapters.telegram.format import markdown as telegram
from adapters.telegram.format.markdown import Rendered
from bridge.markdown.blocks import NOTHING, Fence, read_line
from bridge.markdown.graphemes import clusters
from bridge.markdown.pagination import Page, Paginator
from bridge.markdown.streaming import close_fence
from sandbox.slack.screen import live_tokens
from sandbox.telegram.entities import check_entities, check_text, pings, utf16_length
from sandbox.telegram.world import JsonDict

TDLIB: Any = import_module("tdjson") if find_spec("tdjson") else None
needs_tdlib = pytest.mark.skipif(TDLIB is None, reason="tdjson has no wheel for this platform")

PIECES = (
    *(" word ", "a much longer word sequence here. ", "\n", "\n\n", "```python\n", "```\n", "~~~\n", "# Heading\n"),
    *("- item\n", "1. item\n", "   - inner item\n", "     more\n", "> quoted ", "> - quoted item\n", "漢字。", "`x`"),
    *(
        "| a | b |\n",
        "|---|---|\n",
        "| c | d |\n| e | f |\n",
        "**bold words** ",
        "**",
        "*",
        "[a link](https://x.example/y) ",
    ),
    *(
        "👨‍👩‍👧‍👦",
        "🇩🇪",
        "e\u0301",
        "e\u0301\u0323",
        "$x_1$ ",
        "\\(y\\) ",
        "x" * 50 + " ",
        "https://x.example/@someone#tag ",
    ),
    *(
        "<!channel>",
        "<@U012ABC>",
        "@someone ",
        "/start ",
        "[b](tg://user?id=5)",
        "&lt;!here&gt;",
        "]",
        "](",
        "<b>",
        "\u202e",
    ),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
TABLE = "| a | b |\n|---|---|\n" + "| c | d |\n" * 20
SIZE = 120


def fits(text: str) -> bool:
    return len(text) <= SIZE


def pages_of(text: str) -> list[Page]:
    return Paginator(fits, max_pages=1_000).pages(text)


def entities_of(rendered: Rendered) -> list[JsonDict]:
    return [
        {"type": span.kind, "offset": span.offset, "length": span.length} | ({"url": span.url} if span.url else {})
        for span in rendered.spans
    ]


@given(TEXTS)
@settings(max_examples=200, deadline=None)
@example(TABLE)
def test_the_pages_put_together_are_the_text(text: str) -> None:
    """S12: nothing is lost and nothing doubled; what a page repeats is its lead, and known as such."""
    pages = pages_of(text)
    together = "".join(page.source for page in pages)
    assert together == text or not text[len(together) :].strip()
    for page in pages:
        shown = page.shown()
        assert shown.startswith(page.lead) or not shown
        replaced = page.source[: page.dropped]
        # Nothing but white space, a number that is put right, or a fence that the page before has closed.
        assert re.fullmatch(r"[\s>]*(?:[0-9]{0,9}|`{3,}|~{3,})[ \t]*\n?", replaced), page


@given(TEXTS)
@settings(max_examples=200, deadline=None)
@example("```python\n" + "code line\n" * 40 + "```\nafter")
@example("1. item\n   ```py\n" + "   code line\n" * 40 + "   ```\n1. item")
def test_every_page_fits_and_closes_its_fences(text: str) -> None:
    """S12: a fence across pages is closed and opened again."""
    for page in pages_of(text):
        shown = page.shown()
        assert fits(shown) or len(page.lead) + len(page.closers) > SIZE // 2
        assert close_fence(shown) == shown
        state = NOTHING
        for line in shown.split("\n"):
            state = read_line(state, line).after
        assert not isinstance(state.leaf, Fence)


@given(TEXTS, st.lists(st.integers(0, 900), max_size=12))
@settings(max_examples=200, deadline=None)
@example(TABLE, list(range(0, 220, 7)))
@example("1. item\n   - inner item\n" * 20, list(range(0, 480, 5)))
def test_full_pages_never_change_while_the_text_grows(text: str, stops: list[int]) -> None:
    """S12: a page that is full is never touched again, in whatever pieces the rest comes."""
    paginator = Paginator(fits, max_pages=1_000)
    full: list[str] = []
    for stop in [*sorted(stops), len(text)]:
        pages = paginator.pages(text[:stop])
        assert [page.shown(final=False) for page in pages][: len(full)] == full
        full = [page.shown() for page in pages if page.continues]
    sources = "".join(page.source for page in paginator.pages(text))
    assert text.startswith(sources)
    assert not text[len(sources) :].strip()


@given(TEXTS, st.integers(1, 60))
@settings(max_examples=200, deadline=None)
@example(" ".join(f"a13w{number}" for number in range(30)), 7)
@example("`--opt`, " * 40, 1)
@example("`` a`b ``, ```` c ````, ~d ~~e~~ " * 12, 1)
@example("word 1" + "2" * 110 + ". more words " * 12, 3)
def test_a_text_that_grew_has_the_same_pages_as_the_text_taken_whole(text: str, step: int) -> None:
    """D6: a worker that takes a reply over has the whole answer only, and must find the pages that people see."""
    paginator = Paginator(fits, max_pages=1_000)
    for end in range(step, len(text), step):
        paginator.pages(text[:end])
    assert paginator.pages(text) == pages_of(text)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
@example("```python\n" + "word " * 8 + "x" * 50 + "a much longer word sequence here. ")
def test_all_words_are_shown_in_order(text: str) -> None:
    """S12: what people read, page after page, holds every word."""
    shown = "\n".join(page.shown() for page in pages_of(text))
    position = 0
    for word in re.findall(r"word|longer|Heading|item|inner|quoted|bold|漢字|👨‍👩‍👧‍👦", text):
        position = shown.index(word, position) + len(word)


@given(
    st.lists(st.sampled_from(["👨‍👩‍👧‍👦", "🇩🇪", "e\u0301\u0323", "नि", "한", "👩🏽‍🚀", "a", " "]), max_size=80).map(
        "".join
    )
)
@settings(max_examples=200, deadline=None)
def test_no_page_ends_inside_a_character(text: str) -> None:
    """S12: emoji at the cut."""
    places = {0}
    for cluster in clusters(text):
        places.add(max(places) + len(cluster))
    end = 0
    for page in Paginator(lambda shown: len(shown) <= 30).pages(text):
        end += len(page.source)
        assert end in places or len(places) == 1


@given(TEXTS, st.lists(st.integers(0, 900), max_size=6))
@settings(max_examples=200, deadline=None)
@example("x" * 117 + "<!channel> <!channel>", [118, 125])
@example("x" * 115 + " @someone /start [b](tg://user?id=5)", [118, 125])
def test_no_cut_makes_a_page_that_calls_anybody_or_is_refused(text: str, stops: list[int]) -> None:
    """A5, A6, S10: each page of each prefix, on both services, also where a cut goes through a token."""
    paginator = Paginator(fits, max_pages=1_000)
    for stop in [*sorted(stops), len(text)]:
        for page in paginator.pages(text[:stop]):
            for shown in {page.shown(), page.shown(final=False)}:
                escaped = slack.escape_markdown(shown)
                assert "<" not in escaped
                assert live_tokens({"text": escaped, "blocks": [{"type": "markdown", "text": escaped}]}) == []
                rendered = telegram.render(shown)
                assert check_text(rendered.text) == rendered.text
                check_entities(rendered.text, entities_of(rendered))
                assert pings(rendered.text, entities_of(rendered)) == []
                assert all(re.match(r"https?://[a-z0-9.-]+\.", span.url) for span in rendered.spans if span.url)


@needs_tdlib
@given(TEXTS)
@settings(max_examples=150, deadline=None)
@example("@someone /start #tag " * 40)
def test_telegrams_own_code_finds_nobody_to_call_on_any_page(text: str) -> None:
    """A5: what the server would link by itself, in what a cut leaves."""
    for page in pages_of(text):
        rendered = telegram.render(page.shown(final=False))
        kept = [(s.offset, s.offset + s.length) for s in rendered.spans if s.kind in ("pre", "code", "text_link")]
        asked = json.dumps({"@type": "getTextEntities", "text": rendered.text}).encode()
        for entity in json.loads(TDLIB.td_execute(asked))["entities"]:
            if not any(start <= entity["offset"] < end for start, end in kept):
                assert entity["type"]["@type"] not in (
                    "textEntityTypeMention",
                    "textEntityTypeBotCommand",
                    "textEntityTypeHashtag",
                )


@given(st.lists(st.sampled_from(PIECES), min_size=20, max_size=40).map("".join), st.integers(20, 60))
@settings(max_examples=6, deadline=None)
def test_pages_are_in_each_channels_own_limits(piece: str, times: int) -> None:
    """S12: characters of Slack's block, UTF-16 units and entities of Telegram's message."""
    text = piece * times
    for page in Paginator(slack.fits).pages(text):
        assert len(slack.escape_markdown(page.shown())) <= PAGE_CHARS
    for page in Paginator(telegram.fits).pages(text):
        rendered = telegram.render(page.shown())
        assert utf16_length(rendered.text) <= 4_096
        assert len(rendered.spans) <= 100
