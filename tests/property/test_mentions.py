"""A5: whatever the operator allows and the agent writes, however it is cut: nothing beyond the list takes effect."""

import re
from itertools import pairwise

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from adapters.slack.format.markdown_block import markdown_of, plain_of
from adapters.slack.outbound.streams import certain
from adapters.telegram.format.markdown import render_page
from bridge.domain.pages import PageView
from config.values.mentions import Mentions, mentions
from sandbox.slack.screen import live_tokens
from sandbox.telegram.entities import pings

_ENTRIES = ["U1", "U12", "W9", "S1", "C1", "here", "channel", "@anna", "@anna_k", "@bobby"]
_TOKENS = ["<@U1>", "<@U12>", "<@W9>", "<!subteam^S1>", "<#C1>", "<!here>", "<!channel>", "<!everyone>"]
_ODD = ["<@U1|boss>", "<@u1>", "<!here|here>", "<#C1|x>", "<@U1", "U1>", "<<@U1>>", "&lt;@U1>", "<@ U1>", "<@U1\n>"]
_NAMES = ["@anna", "@ANNA", "@anna_k", "@anna_ka", "@annaé", "@bobby", "@everyone", "x@anna", "@@anna", "@anna@bobby"]
_REST = ["<", ">", "&", "&lt;", "@", " ", "\n", "`", "```\n", "[", "](", ")", "**", "https://e.example/@anna", "é"]
_PIECES = [*_TOKENS, *_ODD, *_NAMES, *_REST]
TEXT = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=12).map("".join)
ALLOWED = st.sets(st.sampled_from(_ENTRIES), max_size=4).map(lambda entries: mentions(",".join(entries) or "@nobody"))
EDGES = st.lists(st.integers(0, 120), max_size=4)
_RAW = re.compile(r"<[^>]*>?")


@settings(deadline=None, max_examples=400)
@given(allowed=ALLOWED, text=TEXT, edges=EDGES, status=TEXT, notice=TEXT, final=st.booleans())
@example(allowed=mentions("U1"), text="<@U1><@U12>", edges=[4, 5], status="<@U1>", notice="<@U1>", final=False)
def test_in_slack_every_open_bracket_begins_a_token_of_the_list(
    allowed: Mentions, text: str, edges: list[int], status: str, notice: str, *, final: bool
) -> None:
    tokens = allowed.slack
    for start, end in _cuts(text, edges):
        view = PageView(text[start:end], status, notice, final=final)
        written = [markdown_of(view, tokens), plain_of(view, allowed=tokens), certain(text[start:end], tokens)]
        written += [plain_of(view, limit, tokens) for limit in (20, 40, 60)]
        for shown in written:
            assert set(_RAW.findall(shown)) <= tokens
            assert set(live_tokens({"text": shown})) <= tokens


@settings(deadline=None, max_examples=400)
@given(allowed=ALLOWED, text=TEXT, edges=EDGES, status=TEXT, final=st.booleans())
@example(allowed=mentions("@anna"), text="@anna_k", edges=[5], status="@anna", final=False)
def test_in_telegram_only_names_of_the_list_are_called(
    allowed: Mentions, text: str, edges: list[int], status: str, *, final: bool
) -> None:
    names = allowed.telegram
    for start, end in _cuts(text, edges):
        shown = render_page(PageView(text[start:end], status, final=final), names)
        entities = [
            {"type": span.kind, "offset": span.offset, "length": span.length, "url": span.url} for span in shown.spans
        ]
        assert {name[1:].lower() for name in pings(shown.text, entities)} <= names


@settings(deadline=None)
@given(TEXT)
@example("Ask <@U1> &lt;now&gt;, <!here>!")
def test_a_stream_is_given_nothing_that_a_later_text_would_change(text: str) -> None:
    tokens = frozenset({"<@U1>", "<!here>"})
    # Code, links and formulas may change what came before them: such a stream goes on as edits.
    assume(not re.search(r"[`\[$\\]|[0-9)]\*", text))
    given_so_far = [certain(text[:end], tokens) for end in range(len(text) + 1)]
    assert all(later.startswith(earlier) for earlier, later in pairwise(given_so_far))


def test_what_is_allowed_does_take_effect() -> None:
    allowed = mentions("U1,S1,C1,here,@anna_k")
    text = "Ask <@U1> or <!subteam^S1> in <#C1>, <!here>. Not <@U2>, <!channel>, <@U1|x>. Also @Anna_K, not @anna."
    view = PageView(text, final=True)
    expected = ["<@U1>", "<!subteam^S1>", "<#C1>", "<!here>"]
    assert live_tokens({"text": plain_of(view, allowed=allowed.slack)}) == expected
    assert live_tokens({"text": markdown_of(view, allowed.slack)}) == expected
    shown = render_page(view, allowed.telegram)
    assert pings(shown.text, []) == ["@Anna_K"]


def test_a_name_that_may_still_grow_calls_nobody() -> None:
    allowed = mentions("@anna").telegram
    assert pings(render_page(PageView("Hello @anna"), allowed).text, []) == []
    assert pings(render_page(PageView("Hello @anna_k", final=True), allowed).text, []) == []
    assert pings(render_page(PageView("Hello @anna, hi"), allowed).text, []) == ["@anna"]
    assert pings(render_page(PageView("Hello @anna", final=True), allowed).text, []) == ["@anna"]
    assert pings(render_page(PageView("Hello **@anna**", source="Hello **@anna"), allowed).text, []) == []


def _cuts(text: str, edges: list[int]) -> list[tuple[int, int]]:
    """Every prefix, and every page between two edges."""
    places = sorted({min(edge, len(text)) for edge in edges} | {0, len(text)})
    return [*((0, place) for place in places), *pairwise(places)]
