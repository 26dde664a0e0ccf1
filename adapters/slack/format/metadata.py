"""The mark on each of the bridge's messages: which turn and which page it shows. Pure."""

from typing import Any

from bridge.domain.pages import PageView

EVENT_TYPE = "talkifai_turn"
"""Marks the bridge's messages, so that `conversations.replies` can find the one that belongs to a turn."""


def payload_of(view: PageView) -> dict[str, Any]:
    """Return what a message's metadata says of its page."""
    return {"turn": view.turn_id, "page": view.number}


def metadata_of(view: PageView) -> dict[str, Any] | None:
    """Return a message's metadata; None for a page that belongs to no turn."""
    return {"event_type": EVENT_TYPE, "event_payload": payload_of(view)} if view.turn_id else None
