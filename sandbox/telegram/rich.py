"""What Telegram's server refuses in a rich message (Bot API 10.1)."""

from typing import Any

from sandbox.telegram.wire import Params, bad_request, nested
from sandbox.telegram.world import JsonDict

_LONGEST = 32_768
_MOST_BLOCKS = 500


def read_rich(params: Params) -> tuple[str, JsonDict]:
    """Read `rich_message`: exactly one of html, markdown and blocks. Returns its words and itself. Raises `Refused`."""
    rich = nested(params, "rich_message")
    if not isinstance(rich, dict):
        raise bad_request("object expected as rich message")
    forms = [name for name in ("html", "markdown", "blocks") if rich.get(name)]
    if len(forms) != 1:
        raise bad_request("RICH_MESSAGE_INVALID: exactly one of html, markdown and blocks must be specified")
    if forms == ["blocks"]:
        return _words_of(rich["blocks"]), rich
    words = str(rich[forms[0]])
    if len(words) > _LONGEST:
        raise bad_request("message is too long")
    return words, rich


def _words_of(blocks: Any) -> str:
    if not isinstance(blocks, list) or len(blocks) > _MOST_BLOCKS:
        raise bad_request("RICH_MESSAGE_INVALID: too many blocks")
    return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))
