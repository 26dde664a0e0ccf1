"""The buttons below a reply. Pure.

A button carries what it is and the token of its turn, so nothing about buttons is kept, and any worker can read one.
"""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bridge.domain.notices import SHORT_BUTTON_LABELS
from bridge.domain.pages import Button, PageView
from bridge.domain.turns import token_of

CONTROLS = frozenset({Button.STOP, Button.RETRY})
RATINGS = frozenset({Button.GOOD, Button.BAD})


def keyboard(view: PageView) -> InlineKeyboardMarkup | None:
    """Return the buttons of a page, in one row. An edit without any takes away what was there (Bot API).

    `callback_data` has at most 64 bytes (Bot API, `InlineKeyboardButton`): these have 22.
    """
    token = token_of(view.turn_id)
    row = [
        InlineKeyboardButton(SHORT_BUTTON_LABELS[control], callback_data=f"{control.value}:{token}")
        for control in view.controls
        if control in SHORT_BUTTON_LABELS
    ]
    return InlineKeyboardMarkup([row]) if row else None
