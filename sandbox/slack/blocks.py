"""What Slack takes as blocks, as far as the bridge uses them."""

from typing import Any

from sandbox.slack.facts import MARKDOWN_BLOCKS_CHARS
from sandbox.slack.rules import Answer, Params, Refused

_BLOCKS = 50
_BUTTON_VALUE, _OPTION_VALUE = 2_000, 150
_LABEL, _ACTION_ID = 75, 255
_OPTIONS = 5
_TEXT_BLOCKS = {"section": 3_000, "header": 150}
_CONTEXT_ELEMENTS, _CONTEXT_TEXT = 10, 3_000


def checked(blocks: Any) -> list[Answer]:
    """Return a message's blocks where all are valid. Raises `Refused`."""
    if not isinstance(blocks, list) or len(blocks) > _BLOCKS:
        raise Refused("invalid_blocks")
    markdown_chars = 0
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        words = block.get("text") if isinstance(block, dict) else None
        if kind == "markdown" and isinstance(words, str) and words.strip():
            markdown_chars += len(words)
        elif kind == "context":
            _check_context(block.get("elements"))
        elif kind in {"actions", "context_actions"}:
            _check_elements(kind, block.get("elements"))
        elif kind not in _TEXT_BLOCKS or not is_text_object(words, _TEXT_BLOCKS[kind]):
            raise Refused("invalid_blocks")
    if markdown_chars > MARKDOWN_BLOCKS_CHARS:
        raise Refused("msg_blocks_too_long")
    return list(blocks)


def values_of(blocks: list[Answer]) -> dict[tuple[str, str], Answer]:
    """Return what can be pressed in a message: the action as Slack tells it, by its id and value."""
    found: dict[tuple[str, str], Answer] = {}
    for element in (element for block in blocks if block["type"] != "context" for element in block.get("elements", [])):
        facts = {"type": element["type"], "action_id": element["action_id"]}
        if element["type"] == "overflow":
            for option in element["options"]:
                found[element["action_id"], option["value"]] = facts | {"selected_option": option}
        else:
            values = [element[name]["value"] for name in ("positive_button", "negative_button") if name in element]
            for value in values or [element["value"]]:
                found[element["action_id"], value] = facts | {"value": value}
    return found


def is_text_object(words: Any, longest: int) -> bool:
    """Say whether it is a text object of at most that length."""
    return isinstance(words, dict) and isinstance(words.get("text"), str) and 0 < len(words["text"]) <= longest


def _check_context(elements: Any) -> None:
    """Check a context block of texts; images in it are not for the bridge (docs: reference/block-kit)."""
    if not isinstance(elements, list) or not 1 <= len(elements) <= _CONTEXT_ELEMENTS:
        raise Refused("invalid_blocks")
    for words in elements:
        if not is_text_object(words, _CONTEXT_TEXT) or words.get("type") not in {"plain_text", "mrkdwn"}:
            raise Refused("invalid_blocks")


def _check_elements(kind: str, elements: Any) -> None:
    if not isinstance(elements, list) or not elements:
        raise Refused("invalid_blocks")
    ids = [element.get("action_id") for element in elements]
    if len(set(ids)) != len(ids) or not all(isinstance(id_, str) and 0 < len(id_) <= _ACTION_ID for id_ in ids):
        raise Refused("invalid_blocks")
    if not all(map(_is_action if kind == "actions" else _is_rating, elements)):
        raise Refused("invalid_blocks")


def _is_action(element: Answer) -> bool:
    if element.get("type") == "overflow":
        options = element.get("options")
        if not isinstance(options, list) or not 1 <= len(options) <= _OPTIONS:
            return False
        return all(_is_labelled(option, _OPTION_VALUE) for option in options)
    return element.get("type") == "button" and _is_labelled(element, _BUTTON_VALUE)


def _is_rating(element: Answer) -> bool:
    buttons = [element.get("positive_button"), element.get("negative_button")]
    return element.get("type") == "feedback_buttons" and all(_is_labelled(one, _BUTTON_VALUE) for one in buttons)


def _is_labelled(thing: Any, longest: int) -> bool:
    has_value = isinstance(thing, dict) and isinstance(thing.get("value"), str) and 0 < len(thing["value"]) <= longest
    return has_value and is_text_object(thing.get("text"), _LABEL)


def is_home_block(block: Any) -> bool:
    """Say whether it is a section, with a button or without: all that the bridge uses."""
    if not isinstance(block, dict) or block.get("type") != "section":
        return False
    button = block.get("accessory")
    if not is_text_object(block.get("text"), _TEXT_BLOCKS["section"]):
        return False
    if button is None:
        return True
    is_button = button.get("type") == "button" and bool(button.get("action_id"))
    return is_button and is_text_object(button.get("text"), _LABEL) and len(button.get("value", "")) <= _BUTTON_VALUE


def content_of(params: Params) -> tuple[str, list[Answer]]:
    """Return text and blocks, both valid."""
    text, blocks = params.get("text"), params.get("blocks")
    if params.get("markdown_text") is not None and (text is not None or blocks is not None):
        raise Refused("markdown_text_conflict")
    if text is not None and not isinstance(text, str):
        raise Refused("invalid_arguments")
    if not text and not blocks:
        raise Refused("no_text")
    return text or "", [] if blocks is None else checked(blocks)
