"""The blocks of one message: the page's text, then what stands below it. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from adapters.slack.format.buttons import control_blocks
from adapters.slack.format.markdown_block import markdown_of
from bridge.domain.pages import PageView
from bridge.markdown.sanitize import sanitize

_NOBODY: AbstractSet[str] = frozenset()
_CONTEXT = "context"


def page_blocks(view: PageView, account: str, allowed: AbstractSet[str] = _NOBODY) -> list[dict[str, Any]]:
    """Return all blocks of a page. One that is nothing but an aside has no other."""
    below = blocks_below(view, account)
    if view.aside and not (view.text or view.status or view.notice):
        return below
    return [{"type": "markdown", "text": markdown_of(view, allowed)}, *below]


def blocks_below(view: PageView, account: str) -> list[dict[str, Any]]:
    """Return what stands below the text: the aside, small and grey, then what can be pressed.

    Plain text in a `context` block: nothing in it is live (docs: reference/block-kit/blocks/context-block).
    """
    aside = {"type": _CONTEXT, "elements": [{"type": "plain_text", "text": sanitize(view.aside)}]}
    return [*([aside] if view.aside else []), *control_blocks(view, account)]


def is_aside(message: Mapping[str, Any]) -> bool:
    """Say whether a message of the bridge, as Slack tells it, is nothing but an aside."""
    blocks = message.get("blocks")
    return isinstance(blocks, list) and bool(blocks) and all(_kind_of(block) == _CONTEXT for block in blocks)


def _kind_of(block: object) -> object:
    return block.get("type") if isinstance(block, Mapping) else None
