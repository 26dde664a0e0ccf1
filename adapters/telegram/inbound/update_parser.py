"""A raw update of the Bot API becomes what a person wants of the bridge, or nothing. Pure: no call, no clock.

Raw dicts are read, not the library's classes: one update that the library cannot parse would fail its whole batch.
Reading goes in two steps, because in plain groups the thread is the root of a chain of replies, which only a store
knows: `read_update()` reads the update, `ChatMessage.wish()` finishes it with that root.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.telegram import CHANNEL, limits
from adapters.telegram.inbound.attachments import attachments_in
from adapters.telegram.inbound.message_text import MessageText, read_message_text, with_bare_command
from adapters.telegram.options import GroupTrigger
from bridge.domain.files import Attachment
from bridge.domain.incoming import (
    COMMAND_WORDS,
    Command,
    CommandName,
    Edit,
    Origin,
    Question,
    Remark,
    Stop,
    Wordless,
    command,
)
from bridge.domain.threads import Address, Locale, Person, ThreadKey

GENERAL_TOPIC = "general"
"""The thread of a forum's General topic: messages there carry no topic id, and none may be sent."""

_COMMANDS = COMMAND_WORDS | {CommandName.START}
_MEDIA = {
    *("animation", "audio", "checklist", "contact", "dice", "document", "game", "location", "paid_media"),
    *("photo", "poll", "sticker", "story", "venue", "video", "video_note", "voice"),
}
"""Bot API, `Message`: what a person can send instead of words. Everything else without words is a service message."""

GROUP_TYPES = ("group", "supergroup")

_LANGUAGE_CODE = re.compile("[A-Za-z0-9-]{2,20}")
_START_PAYLOAD = re.compile("[A-Za-z0-9_-]{1,64}")
"""Bot API, deep linking."""


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The bot itself, as `getMe` tells."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message for this bot, all but the root of its chain of replies."""

    update_id: int
    bot_id: str
    chat_id: str
    chat_type: str
    message_id: str
    topic: str
    """The `message_thread_id` of a topic, `GENERAL_TOPIC`, or empty where the chat has no topics."""
    is_in_chain: bool
    """True in a plain group, where a chain of replies is the thread."""
    replies_to: str
    """The message it answers, in a plain group; else empty."""
    chain: str
    """The message that Telegram names as the beginning of the chain, in a plain supergroup; else empty."""
    default_root: str
    """The root of the chain where none is known; empty outside chains, and where the whole group is one thread."""
    person: Person
    username: str
    sent_at: float
    wording: MessageText
    album: str = ""
    """The album that the picture is of; one of its pictures may have the words for all."""
    is_edit: bool = False
    """The person changed a message that was sent before."""
    is_remark: bool = False
    """It is not for the bot: it counts where a person has the thread."""
    has_files: bool = False
    """Its words are the caption of something."""
    files: tuple[Attachment, ...] = ()
    """What is known of that."""

    @property
    def may_inherit(self) -> bool:
        """True for a question in a plain group that may go on with what was said before the group moved."""
        return (
            self.is_in_chain
            and not (self.is_edit or self.is_remark or self.wording.is_empty)
            and self.default_root in (self.message_id, "")
        )

    def wish(self, root: str | None = None) -> Question | Command | Stop | Remark | Edit | Wordless:
        """Say what the person wants. `root`: what the store knows of the chain."""
        origin = self._origin((self.default_root if root is None else root) if self.is_in_chain else self.topic)
        words = self.wording
        if words.is_empty or (self.has_files and not words.text):
            return Wordless(origin)
        if self.is_edit:
            return Edit(origin, words.text)
        if self.is_remark:
            return Remark(origin, words.text)
        if not words.text:
            # Nothing but the bot's name: that asks nothing, so no conversation is opened for it.
            return Command(origin, CommandName.HELP)
        joins_within_s = limits.LONG_JOIN_S if len(words.text) >= limits.LONG_FROM else limits.JOIN_S
        return command(origin, words.command) or Question(
            origin, words.text, joins_within_s, self.has_files, self.files
        )

    @property
    def _start_payload(self) -> str:
        """What the link that led here carries; empty where it is none that Telegram makes: anybody may type one."""
        is_start = self.wording.command == CommandName.START
        return self.wording.arguments if is_start and _START_PAYLOAD.fullmatch(self.wording.arguments) else ""

    def _origin(self, thread: str) -> Origin:
        message_key = f"{CHANNEL}:{self.bot_id}:{self.chat_id}:{self.message_id}"
        facts = {
            "source": CHANNEL,
            "chat": self.chat_id,
            "chat_type": self.chat_type,
            "thread": thread,
            "username": self.username,
            "start": self._start_payload,
        }
        return Origin(
            id=message_key,
            dedupe_keys=(message_key, f"{CHANNEL}:{self.bot_id}:update:{self.update_id}"),
            thread=ThreadKey(CHANNEL, self.bot_id, self.chat_id, thread),
            address=Address(
                account=self.bot_id,
                place=self.chat_id,
                thread="" if self.topic == GENERAL_TOPIC else self.topic,
                reply_to=self.message_id if self.chat_type in GROUP_TYPES else "",
            ),
            person=self.person,
            asked_at=self.sent_at,
            is_direct=self.chat_type == "private",
            metadata={name: fact for name, fact in facts.items() if fact},
        )


def read_update(
    update: Mapping[str, Any], me: BotIdentity, *, group_trigger: GroupTrigger = "mention"
) -> ChatMessage | None:
    """Read an update; None where it is not for this bot. With `group_trigger` "all" everything in a group is.

    Raises `KeyError`, `TypeError`, `ValueError` or `AttributeError` where a field that every message has is missing
    or of another type.
    """
    message = update.get("message") or update.get("edited_message")
    if message is None or _is_nobodys(message):
        return None
    chat = message["chat"]
    wording = read_message_text(message, me.id, me.username) or _without_words(message)
    if wording is not None and chat["type"] == "private" and message.get("text"):
        wording = with_bare_command(wording)
    if wording is None:
        return None
    is_for_me = _is_for_me(message, chat["type"], wording, me, group_trigger=group_trigger)
    if not is_for_me and not _is_remark(chat["type"], wording):
        return None
    if "edited_message" in update and (wording.command in _COMMANDS or not wording.text):
        return None  # what was a question does not become a command
    topic = topic_of(message, chat)
    in_chain = chat["type"] in GROUP_TYPES and not topic
    answered = message.get("reply_to_message") or {}
    message_id = str(int(message["message_id"]))
    asker = message["from"]
    return ChatMessage(
        update_id=int(update["update_id"]),
        bot_id=str(me.id),
        chat_id=str(int(chat["id"])),
        chat_type=str(chat["type"]),
        message_id=message_id,
        topic=topic,
        is_in_chain=in_chain,
        replies_to=str(answered.get("message_id", "")) if in_chain else "",
        chain=_chain(message) if in_chain else "",
        default_root=_default_root(message, answered, group_trigger=group_trigger) if in_chain else "",
        person=Person(str(int(asker["id"])), full_name(asker), handle_of(asker), locale=locale_of(asker)),
        username=clean(asker.get("username") or ""),
        sent_at=float(message["date"]),
        wording=wording,
        album=str(message.get("media_group_id") or ""),
        is_edit="edited_message" in update,
        is_remark=not is_for_me,
        has_files=not message.get("text") and bool(_MEDIA & message.keys()),
        files=attachments_in(message),
    )


def clean(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can carry and no store can keep."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_nobodys(message: Mapping[str, Any]) -> bool:
    """Say whether no person wrote this: channels, anonymous administrators, other bots, automatic forwards."""
    sender = message.get("from")
    return (
        sender is None
        or bool(sender.get("is_bot"))
        or message.get("sender_chat") is not None
        or bool(message.get("is_automatic_forward"))
    )


def _is_for_me(
    message: Mapping[str, Any], chat_type: str, wording: MessageText, me: BotIdentity, *, group_trigger: GroupTrigger
) -> bool:
    if wording.is_for_another_bot:
        return False
    if chat_type == "private":
        return bool(wording.text) or wording.names_me or wording.is_empty
    if chat_type not in GROUP_TYPES:
        return False
    if group_trigger == "all" and wording.text:
        return True
    return wording.names_me or wording.command in _COMMANDS or _answers_me(message, me)


def _is_remark(chat_type: str, wording: MessageText) -> bool:
    """Say whether people say something to each other. The bot hears it only where its privacy mode is off."""
    is_said = bool(wording.text) and not wording.command and not wording.is_for_another_bot
    return is_said and chat_type in GROUP_TYPES


def _without_words(message: Mapping[str, Any]) -> MessageText | None:
    """Stand for the words of a picture, or of a text in which nothing is seen; None where a person sent neither."""
    return MessageText("", names_me=False, is_empty=True) if {*_MEDIA, "text"} & message.keys() else None


def _answers_me(message: Mapping[str, Any], me: BotIdentity) -> bool:
    answered = message.get("reply_to_message") or {}
    if "forum_topic_created" in answered:
        # Every message of a topic answers the service message that created it, which may be the bot's.
        return False
    return bool((answered.get("from") or {}).get("id") == me.id)


def topic_of(message: Mapping[str, Any], chat: Mapping[str, Any]) -> str:
    """Name the topic; empty where there is none.

    Without `is_topic_message` a `message_thread_id` is only a chain of replies.
    """
    if message.get("is_topic_message"):
        return str(int(message["message_thread_id"]))
    return GENERAL_TOPIC if chat.get("is_forum") and chat["type"] in GROUP_TYPES else ""


def _chain(message: Mapping[str, Any]) -> str:
    """Read the beginning of the chain. A basic group has no such id (server source)."""
    beginning = message.get("message_thread_id")
    return "" if beginning is None else str(int(beginning))


def _default_root(message: Mapping[str, Any], answered: Mapping[str, Any], *, group_trigger: GroupTrigger) -> str:
    """A chain begins where Telegram says, else with the message itself; comments hang together under their post.

    Where the bot hears all, people do not answer each message on purpose: all of the group but comments is one
    thread.
    """
    if answered.get("is_automatic_forward"):
        return str(int(answered["message_id"]))
    return "" if group_trigger == "all" else _chain(message) or str(int(message["message_id"]))


def handle_of(asker: Mapping[str, Any]) -> str:
    """Return the person's user name in lower case; empty where there is none."""
    return clean(asker.get("username") or "").lower()


def locale_of(asker: Mapping[str, Any]) -> Locale:
    """Return the language of the person's app, where Telegram tells. It tells no time zone."""
    code = asker.get("language_code")
    return Locale(code) if isinstance(code, str) and _LANGUAGE_CODE.fullmatch(code) else Locale()


def full_name(asker: Mapping[str, Any]) -> str:
    """Return how the person is called."""
    names = (asker.get("first_name") or "", asker.get("last_name") or "")
    return clean(" ".join(name for name in names if name))
