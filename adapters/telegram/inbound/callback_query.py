"""What a press of a button below a reply says. Pure: no call, no clock.

Nothing about buttons is kept: `adapters.telegram.format.buttons`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.telegram import CHANNEL
from adapters.telegram.format.buttons import RATINGS, ButtonSeal
from adapters.telegram.inbound.update_parser import (
    GENERAL_TOPIC,
    GROUP_TYPES,
    BotIdentity,
    clean,
    full_name,
    handle_of,
    locale_of,
    topic_of,
)
from bridge.domain.incoming import Command, CommandName, Origin, Rating, Stop
from bridge.domain.pages import Button
from bridge.domain.threads import Address, Person, ThreadKey


@dataclass(frozen=True, slots=True)
class Press:
    """A person pressed a button below a message of this bot."""

    query_id: str
    """What the answer to it names."""
    control: Button
    about: str
    """The token of the turn."""
    update_id: int
    bot_id: str
    chat_id: str
    chat_type: str
    message_id: str
    topic: str
    is_in_chain: bool
    """True in a plain group, where a chain of replies is the thread."""
    quoted: str
    """The question that the reply quotes; empty where that is not told."""
    person: Person
    username: str

    def wish(self, root: str | None, asked_at: float) -> Stop | Command | Rating:
        """Say what the person wants. `root`: what the store knows of the chain of replies."""
        origin = self._origin(root, asked_at)
        if self.control in RATINGS:
            return Rating(origin, self.about, is_good=self.control is Button.GOOD)
        if self.control is Button.STOP:
            return Stop(origin, self.about)
        if self.control is Button.AGAIN:
            return Command(origin, CommandName.RETRY, self.about, offer_id=self.message_id)
        return Command(origin, CommandName(self.control.value), self.about)

    def _origin(self, root: str | None, asked_at: float) -> Origin:
        """Say where the press comes from.

        A turn is tried again once, however many people press how often: if that fails too, it has a button of its own.
        An offer is taken once; a question that is changed again has another one.
        """
        thread = (root if root is not None else self.quoted or self.message_id) if self.is_in_chain else self.topic
        in_group = self.chat_type in GROUP_TYPES
        name = f"{CHANNEL}:{self.bot_id}"
        names = {
            Button.RETRY: f"{name}:retry:{self.about}",
            Button.AGAIN: f"{name}:again:{self.chat_id}:{self.message_id}",
        }
        once = (names[self.control],) if self.control in names else ()
        facts = {
            "source": CHANNEL,
            "chat": self.chat_id,
            "chat_type": self.chat_type,
            "thread": thread,
            "username": self.username,
        }
        return Origin(
            id=f"{name}:press:{self.query_id}",
            dedupe_keys=(f"{name}:press:{self.query_id}", f"{name}:update:{self.update_id}", *once),
            thread=ThreadKey(CHANNEL, self.bot_id, self.chat_id, thread),
            address=Address(
                account=self.bot_id,
                place=self.chat_id,
                thread="" if self.topic == GENERAL_TOPIC else self.topic,
                reply_to=(self.quoted or self.message_id) if in_group else "",
            ),
            person=self.person,
            asked_at=asked_at,
            is_direct=self.chat_type == "private",
            metadata={fact: value for fact, value in facts.items() if value},
        )


@dataclass(frozen=True, slots=True)
class StalePress:
    """A press of an unknown button. It is answered all the same."""

    query_id: str
    language: str = ""


def pressed(update: Mapping[str, Any], me: BotIdentity, seal: ButtonSeal) -> Press | StalePress | None:
    """Read a press; None where the update is something else. Raises as `read_update`.

    Of a message that is too old Telegram tells the chat and the id alone, with the date 0 (`InaccessibleMessage`): in a
    forum its topic is then not known.
    """
    query = update.get("callback_query")
    if query is None:
        return None
    query_id, presser, message = str(query["id"]), query["from"], query.get("message")
    if message is None:
        return StalePress(query_id, locale_of(presser).language)
    chat = message["chat"]
    button = seal.read(int(chat["id"]), query.get("data") or "")
    if button is None:
        return StalePress(query_id, locale_of(presser).language)
    if not message.get("date") and chat.get("is_forum"):
        return StalePress(query_id, locale_of(presser).language)
    topic = topic_of(message, chat)
    answered = message.get("reply_to_message") or {}
    return Press(
        query_id=query_id,
        control=button[0],
        about=button[1],
        update_id=int(update["update_id"]),
        bot_id=str(me.id),
        chat_id=str(int(chat["id"])),
        chat_type=str(chat["type"]),
        message_id=str(int(message["message_id"])),
        topic=topic,
        is_in_chain=chat["type"] in GROUP_TYPES and not topic,
        quoted="" if "forum_topic_created" in answered else str(answered.get("message_id", "")),
        person=Person(str(int(presser["id"])), full_name(presser), handle_of(presser), locale=locale_of(presser)),
        username=clean(presser.get("username") or ""),
    )


def draft_stopped(update: Mapping[str, Any], me: BotIdentity, asked_at: float) -> Stop | None:
    """Read the press of Telegram's own Stop below a draft (Bot API 10.3); None where the update is something else."""
    stopped = update.get("stopped_message_generation")
    if stopped is None:
        return None
    chat_id = str(int(stopped["chat"]["id"]))
    topic = stopped.get("message_thread_id")
    thread = "" if topic is None else str(int(topic))
    key = f"{CHANNEL}:{me.id}:update:{int(update['update_id'])}"
    origin = Origin(
        id=key,
        dedupe_keys=(key,),
        thread=ThreadKey(CHANNEL, str(me.id), chat_id, thread),
        address=Address(str(me.id), chat_id, thread),
        # There are drafts in private chats only, whose id is the person's.
        person=Person(chat_id),
        asked_at=asked_at,
        is_direct=True,
        metadata={"source": CHANNEL, "chat": chat_id, "chat_type": "private"},
    )
    return Stop(origin)
