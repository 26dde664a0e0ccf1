"""What Telegram's server refuses in the buttons below a message."""

from typing import Any

from sandbox.telegram.wire import Params, bad_request, nested
from sandbox.telegram.world import JsonDict

_LONGEST_DATA = 64
"""Bytes (Bot API, `InlineKeyboardButton`)."""
_MOST_BUTTONS = 100


def read_keyboard(params: Params) -> JsonDict | None:
    """Read `reply_markup`: rows of buttons that carry data, or None. Raises `Refused`."""
    markup = nested(params, "reply_markup")
    if markup is None:
        return None
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("object expected as reply markup")
    buttons = [button for row in rows for button in row]
    if len(buttons) > _MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check(button)
    return {"inline_keyboard": rows} if buttons else None


def _check(button: Any) -> None:
    if not isinstance(button, dict) or not str(button.get("text") or "").strip():
        raise bad_request("can't parse inline keyboard button: text buttons must have a text")
    data = button.get("callback_data")
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= _LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
