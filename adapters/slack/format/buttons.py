"""What people can press below a reply, as blocks of its message. Pure.

They are part of the message, so they come and go with its edits and cost no call of their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.domain.notices import BUTTON_LABELS
from bridge.domain.pages import Button, PageView
from bridge.domain.turns import token_of
from bridge.texts.catalog import Texts, texts_in

_ACTION = "talkifai_reply_"
_VALUE = re.compile(r"([a-z]{1,10}) ([0-9a-f]{16}) ([TE][A-Z0-9]{1,40})")
_BUTTONS = (Button.STOP, Button.RETRY, Button.AGAIN)
_MENU = (Button.NEW, Button.END, Button.HUMAN)

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A control that a person pressed."""

    control: Button
    about: str
    """The turn, by its token."""
    account: str


def control_blocks(view: PageView, account: str) -> list[Block]:
    """Return the blocks for what may be pressed now; none for most pages.

    Slack's limits: 75 characters for a label, 150 for an option's value (docs: reference/block-kit).
    """
    if not view.turn_id:
        return []

    def value(control: Button) -> str:
        return f"{control.value} {token_of(view.turn_id)} {account}"

    texts = texts_in(view.language)
    blocks: list[Block] = []
    if Button.GOOD in view.controls and Button.BAD in view.controls:
        buttons = {
            "positive_button": {**_labelled(texts, Button.GOOD), "value": value(Button.GOOD)},
            "negative_button": {**_labelled(texts, Button.BAD), "value": value(Button.BAD)},
        }
        rating = {"type": "feedback_buttons", "action_id": f"{_ACTION}rating", **buttons}
        blocks.append({"type": "context_actions", "elements": [rating]})
    elements: list[Block] = [
        {
            "type": "button",
            "action_id": f"{_ACTION}{control.value}",
            **_labelled(texts, control),
            "value": value(control),
        }
        for control in _BUTTONS
        if control in view.controls
    ]
    options = [_labelled(texts, control) | {"value": value(control)} for control in _MENU if control in view.controls]
    if options:
        elements.append({"type": "overflow", "action_id": f"{_ACTION}menu", "options": options})
    return [*blocks, {"type": "actions", "elements": elements}] if elements else blocks


def read_press(payload: Mapping[str, object]) -> Pressed | None:
    """Return what was pressed below a reply; None for every other payload.

    What a value says is ours: Slack signs the payload, and only the app writes its messages' blocks.
    """
    action = _action_in(payload)
    name = action.get("action_id")
    if not isinstance(name, str) or not name.startswith(_ACTION):
        return None
    option = action.get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else action.get("value")
    read = _VALUE.fullmatch(value) if isinstance(value, str) else None
    if read is None or read[1] not in set(Button):
        return None
    return Pressed(Button(read[1]), read[2], read[3])


def _action_in(payload: Mapping[str, object]) -> Mapping[str, object]:
    actions = payload.get("actions")
    action = actions[0] if payload.get("type") == "block_actions" and isinstance(actions, list) and actions else None
    return action if isinstance(action, Mapping) else {}


def _labelled(texts: Texts, control: Button) -> Block:
    return {"text": {"type": "plain_text", "text": texts(BUTTON_LABELS[control])}}
