"""The buttons below a reply. Pure.

A button carries what it is, the token of its turn, and a seal over both and the chat. So nothing about buttons is kept,
any worker can read one, and a client that makes one up, or sends one of another chat, is not obeyed.
"""

import hashlib
import hmac
import re
from typing import Any

from bridge.domain.notices import SHORT_BUTTON_LABELS
from bridge.domain.pages import Button, PageView
from bridge.domain.turns import token_of
from bridge.texts.catalog import texts_in

CONTROLS = frozenset({Button.STOP, Button.RETRY, Button.AGAIN, Button.HUMAN})
RATINGS = frozenset({Button.GOOD, Button.BAD})
_DATA = re.compile("([a-z]+):([0-9a-f]{16}):([0-9a-f]{24})")
_SEAL_DIGITS = 24


class ButtonSeal:
    """Makes and reads the data of one bot's buttons. Every worker that has the token has the same key.

    A seal names no message, since the buttons come with the post that gives it its id: the turn's token does that.
    """

    def __init__(self, bot_token: str) -> None:
        self._key = hashlib.sha256(b"talkifai-bridge buttons " + bot_token.encode()).digest()

    def data(self, chat_id: int, control: Button, about: str) -> str:
        """Return `callback_data`, which has at most 64 bytes (Bot API, `InlineKeyboardButton`): these have 47."""
        return f"{control.value}:{about}:{self._sealed(chat_id, control.value, about)}"

    def read(self, chat_id: int, data: str) -> tuple[Button, str] | None:
        """Return what the button is, and the token of its turn; None where it is none of ours in that chat."""
        found = _DATA.fullmatch(data)
        if found is None or found[1] not in CONTROLS | RATINGS:
            return None
        if not hmac.compare_digest(found[3], self._sealed(chat_id, found[1], found[2])):
            return None
        return Button(found[1]), found[2]

    def _sealed(self, chat_id: int, control: str, about: str) -> str:
        digest = hmac.digest(self._key, f"{chat_id}:{control}:{about}".encode(), "sha256")
        return digest.hex()[:_SEAL_DIGITS]


def keyboard(view: PageView, seal: ButtonSeal, chat_id: int) -> dict[str, Any] | None:
    """Return the buttons of a page, in one row (Bot API, `InlineKeyboardMarkup`).

    An edit without any takes away what was there.
    """
    token, texts = token_of(view.turn_id), texts_in(view.language)
    row = [
        {"text": texts(SHORT_BUTTON_LABELS[control]), "callback_data": seal.data(chat_id, control, token)}
        for control in view.controls
        if control in SHORT_BUTTON_LABELS
    ]
    return {"inline_keyboard": [row]} if row else None
