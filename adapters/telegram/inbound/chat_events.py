"""What an update says of a chat as a whole. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GONE = ("left", "kicked")
"""Bot API, `ChatMember`: the bot was removed or left; in a private chat "kicked" means that the person blocked it."""


@dataclass(frozen=True, slots=True)
class ChatMigration:
    """A group became a supergroup: the same people under another id."""

    chat_id: str
    new_chat_id: str


@dataclass(frozen=True, slots=True)
class ChatLeft:
    """The bot is no longer there."""

    chat_id: str


def chat_change(update: Mapping[str, Any]) -> ChatMigration | ChatLeft | None:
    """Read what happened to a chat; None where it is something else.

    A migration is told twice, once in either chat. Raises as `read_update`.
    """
    member = update.get("my_chat_member")
    if member is not None:
        is_gone = member["new_chat_member"]["status"] in _GONE
        return ChatLeft(str(int(member["chat"]["id"]))) if is_gone else None
    message = update.get("message") or {}
    if message.get("migrate_to_chat_id"):
        return ChatMigration(str(int(message["chat"]["id"])), str(int(message["migrate_to_chat_id"])))
    if message.get("migrate_from_chat_id"):
        return ChatMigration(str(int(message["migrate_from_chat_id"])), str(int(message["chat"]["id"])))
    return None
