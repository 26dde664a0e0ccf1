"""What a person sees of a message, and what would reach them without being asked for."""

import re
from collections.abc import Mapping
from typing import Any

_LIVE = re.compile(r"<(?:[@#!][^<>]*|[a-z][a-z0-9+.-]*:[^<>|]*\|[^<>]*)>", re.IGNORECASE)
_DISARMED = re.compile(r"\]\\(?=[(:])")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def visible(text: str, blocks: list[dict[str, Any]]) -> str:
    """Return the words on the screen: of the blocks where there are any, else of `text`.

    Markdown signs stay as they were written, so that the words can be compared with an agent's; a backslash that
    takes a link's meaning away is not seen.
    """
    written = "\n".join(words for block in blocks for words in _words_of(block)) if blocks else text
    shown = _DISARMED.sub("]", written) if blocks else written
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _words_of(block: dict[str, Any]) -> list[str]:
    if block.get("type") == "context":
        return [element["text"] for element in block["elements"]]
    return [block["text"]] if block.get("type") == "markdown" else []


def live_tokens(params: Mapping[str, Any]) -> list[str]:
    """Return what would ping or mislead: live tokens in text or blocks, and switches that make plain names live."""
    written = [str(params.get("text") or "")]
    written += [str(block.get("text", "")) for block in params.get("blocks") or [] if isinstance(block, Mapping)]
    found = [token for text in written for token in _LIVE.findall(text)]
    found += [f"{switch}={params[switch]}" for switch in ("link_names", "parse") if params.get(switch)]
    return found


def may_preview(params: Mapping[str, Any]) -> bool:
    """Say whether Slack would fetch an address in this post, to show what is there."""
    is_off = params.get("unfurl_links") is False and params.get("unfurl_media") is False
    written = str(params.get("text") or "") + str(params.get("blocks") or "")
    return not is_off and _ADDRESS.search(written) is not None
