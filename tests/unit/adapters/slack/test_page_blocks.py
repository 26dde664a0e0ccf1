"""What a page's blocks are: its text, a small line, and what can be pressed."""

from adapters.slack.format.markdown_block import plain_of
from adapters.slack.format.page_blocks import is_aside, page_blocks
from bridge.domain.pages import Button, PageView
from sandbox.slack.blocks import checked
from sandbox.slack.screen import live_tokens

ASIDE = "Continues from 2:05 PM. <!channel> & *more*"


def test_a_small_line_stands_between_the_text_and_the_buttons() -> None:
    """M1: a context block, in which nothing is live."""
    view = PageView("The answer.", notice="Stopped.", turn_id="q1", controls=(Button.RETRY,), aside=ASIDE, final=True)
    text, small, buttons = checked(page_blocks(view, "T1"))
    assert text == {"type": "markdown", "text": "The answer.\n\n_Stopped._"}
    assert small == {"type": "context", "elements": [{"type": "plain_text", "text": ASIDE}]}
    assert buttons["type"] == "actions"
    assert not is_aside({"blocks": [text, small]})


def test_a_message_of_nothing_else_is_known_again() -> None:
    view = PageView(aside=ASIDE, final=True)
    blocks = checked(page_blocks(view, "T1"))
    assert [block["type"] for block in blocks] == ["context"]
    assert is_aside({"blocks": blocks})
    assert not any(is_aside({"blocks": other}) for other in (None, [], "x", ["x"]))


def test_where_blocks_are_not_shown_the_line_stands_below_the_text() -> None:
    view = PageView("The answer.", notice="Stopped.", aside=ASIDE, final=True)
    plain = plain_of(view)
    assert plain == "The answer.\n\nStopped.\n\nContinues from 2:05 PM. &lt;!channel&gt; &amp; *more*"
    assert live_tokens({"text": plain}) == []
