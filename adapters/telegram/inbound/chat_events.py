"""What an update says of a chat as a whole. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.telegram import CHANNEL
from adapters.telegram.inbound.update_parser import full_name, handle_of
from bridge.domain.incoming import Joined, Origin
from bridge.domain.threads import Address, Person, ThreadKey

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


@dataclass(frozen=True, slots=True)
class ChatJoined:
    """A person added the bot to a group."""

    chat_id: str
    person: Person
    update_id: int
    at: float

    def wish(self, bot_id: str) -> Joined:
        """Return it as the core takes it."""
        key = f"{CHANNEL}:{bot_id}:update:{self.update_id}"
        origin = Origin(
            id=key,
            dedupe_keys=(key,),
            thread=ThreadKey(CHANNEL, bot_id, self.chat_id),
            address=Address(bot_id, self.chat_id),
            person=self.person,
            asked_at=self.at,
            metadata={"source": CHANNEL, "chat": self.chat_id},
        )
        return Joined(origin)


def chat_change(update: Mapping[str, Any]) -> ChatMigration | ChatLeft | ChatJoined | None:
    """Read what happened to a chat; None where it is something else.

    Telegram reports a migration twice, once in either chat. Raises as `read_update`.
    """
    member = update.get("my_chat_member")
    if member is not None:
        before, after = (member.get("old_chat_member") or {}).get("status"), member["new_chat_member"]["status"]
        chat_id = str(int(member["chat"]["id"]))
        if after in _GONE:
            return ChatLeft(chat_id)
        if before not in _GONE or member["chat"]["type"] == "private":
            return None
        who = member["from"]
        person = Person(str(int(who["id"])), full_name(who), handle_of(who))
        return ChatJoined(chat_id, person, int(update["update_id"]), float(member["date"]))
    message = update.get("message") or {}
    if message.get("migrate_to_chat_id"):
        return ChatMigration(str(int(message["chat"]["id"])), str(int(message["migrate_to_chat_id"])))
    if message.get("migrate_from_chat_id"):
        return ChatMigration(str(int(message["migrate_from_chat_id"])), str(int(message["chat"]["id"])))
    return None
