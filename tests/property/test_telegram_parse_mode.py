"""The stand-in refuses the marks that Telegram's own parser refuses, and reads the same words out of the others."""

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.telegram.parse_mode import parse
from sandbox.telegram.wire import Refused

TDLIB: Any = import_module("tdjson") if find_spec("tdjson") else None
pytestmark = pytest.mark.skipif(TDLIB is None, reason="tdjson has no wheel for this platform")

MARKDOWN = ("a", "b ", "é", "_", "*", "__", "~", "`", "```", "[", "](http://x.yy)", "]", "(", ")", "\\", ".", "\n", "#")
HTML = (
    *("a", "b ", "é", "&", "&lt;", "&#65;", "<", ">", "<p>", "</>", '<a href="http://x.yy">', "</a>", "<code>"),
    *("</code>", "<b>", "</b>", "<i>", "</i>", "<pre>", "</pre>", "<span class='tg-spoiler'>", "</span>"),
)


def tdlib_reads(text: str, mode: dict[str, Any]) -> str | None:
    """Return the words that TDLib reads; None where it refuses the text."""
    TDLIB.td_execute(b'{"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}')
    asked = {"@type": "parseTextEntities", "text": text, "parse_mode": mode}
    answer = json.loads(TDLIB.td_execute(json.dumps(asked).encode()))
    return None if answer["@type"] == "error" else str(answer["text"])


def standin_reads(text: str, mode: str) -> str | None:
    """Return the words that the stand-in reads; None where it refuses the text."""
    try:
        return parse(text, mode)[0]
    except Refused:
        return None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(MARKDOWN), min_size=1, max_size=8).map("".join))
def test_markdown_is_read_as_tdlib_reads_it(text: str) -> None:
    mode = {"@type": "textParseModeMarkdown", "version": 2}
    assert standin_reads(text, "MarkdownV2") == tdlib_reads(text, mode)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(HTML), min_size=1, max_size=8).map("".join))
def test_html_is_read_as_tdlib_reads_it(text: str) -> None:
    assert standin_reads(text, "HTML") == tdlib_reads(text, {"@type": "textParseModeHTML"})
