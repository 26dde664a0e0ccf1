"""Who and what there is: bots, people, chats, messages. Plain state, no network."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.documents import Documents

JsonDict = dict[str, Any]


@dataclass(slots=True)
class User:
    """A person or a bot."""

    id: int
    name: str
    username: str = ""
    is_bot: bool = False
    language_code: str = ""

    def as_json(self) -> JsonDict:
        """As `User` of the Bot API."""
        more = {"username": self.username, "language_code": self.language_code}
        shown = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        return {**shown, **{name: value for name, value in more.items() if value}}


@dataclass(slots=True)
class Chat:
    """A private chat of one person with one bot, a group, or a supergroup."""

    id: int
    type: str
    title: str = ""
    person: User | None = None
    bot_id: int | None = None
    """The bot of a private chat; groups reach every bot."""
    is_forum: bool = False
    has_topics: bool = False
    """Topics in a private chat."""
    topics: dict[int, str] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)
    admins: set[int] = field(default_factory=set)
    """Ids of the people who administer the group."""
    moved_to: int | None = None
    blocked_for: set[int] = field(default_factory=set)
    """Bots that were blocked here, or removed."""
    refuses_documents: bool = False
    """Whether members, the bot too, may send no files here."""
    refuses_posts: str = ""
    """The description of the 400 that a bot gets which may read here and not write; empty where it may."""

    @property
    def is_group(self) -> bool:
        """True for groups of both kinds."""
        return self.type in ("group", "supergroup")

    def as_json(self) -> JsonDict:
        """As `Chat` of the Bot API."""
        shown: JsonDict = {"id": self.id, "type": self.type}
        if self.title:
            shown["title"] = self.title
        if self.is_forum:
            shown["is_forum"] = True
        if self.person is not None:
            shown["first_name"] = self.person.name
        return shown


@dataclass(slots=True)
class Message:
    """A message as it stands, and every text it ever had."""

    id: int
    chat: Chat
    author: User
    text: str
    entities: list[JsonDict]
    topic: int | None
    reply_to: int | None
    sent_at: int
    versions: list[str] = field(default_factory=list)
    keyboard: JsonDict | None = None
    """The buttons below it, as `InlineKeyboardMarkup` of the Bot API."""
    edited_at: int | None = None
    silent: bool = False
    """Sent without a notification."""
    facts: JsonDict = field(default_factory=dict)
    """Further fields, such as `is_automatic_forward`."""

    def as_json(self, answered: JsonDict | None = None) -> JsonDict:
        """As `Message` of the Bot API."""
        shown: JsonDict = {
            "message_id": self.id,
            "from": self.author.as_json(),
            "chat": self.chat.as_json(),
            "date": self.sent_at,
            "text": self.text,
        }
        if self.edited_at is not None:
            shown["edit_date"] = self.edited_at
        if self.entities:
            shown["entities"] = self.entities
        if self.topic is not None:
            shown |= {"message_thread_id": self.topic, "is_topic_message": True}
        if self.keyboard is not None:
            shown["reply_markup"] = self.keyboard
        if answered is not None:
            shown["reply_to_message"] = answered
        return {**shown, **self.facts}


class World:
    """Everything that exists on this Telegram."""

    def __init__(self) -> None:
        self.bots: dict[str, User] = {}
        """By token."""
        self.people: dict[int, User] = {}
        self.documents = Documents()
        self._private: dict[tuple[int, int], Chat] = {}
        self._groups: dict[int, Chat] = {}
        self.messages: dict[int, Message] = {}
        self.presses: dict[str, int] = {}
        """The bot that has to answer a press, by the press."""
        self._user_ids = itertools.count(5001)
        self._group_ids = itertools.count(4001)
        self._message_ids = itertools.count(101)

    def add_bot(self, token: str, username: str = "") -> User:
        """Add a bot; its id is the first part of the token."""
        bot_id = int(token.split(":", maxsplit=1)[0])
        bot = User(bot_id, f"Bot {bot_id}", username or f"sandbox_{bot_id}_bot", is_bot=True)
        self.bots[token] = bot
        return bot

    def add_person(self, name: str, username: str = "") -> User:
        """Add a person."""
        person = User(next(self._user_ids), name, username)
        self.people[person.id] = person
        return person

    def private_chat(self, person: User, bot: User) -> Chat:
        """Return the chat of a person with a bot; its id is the person's."""
        key = (bot.id, person.id)
        if key not in self._private:
            self._private[key] = Chat(person.id, "private", person=person, bot_id=bot.id)
        return self._private[key]

    def add_group(self, title: str, *, forum: bool = False, supergroup: bool = True) -> Chat:
        """Add a group. Ids of supergroups begin with -100."""
        number = next(self._group_ids)
        kind, chat_id = ("supergroup", -1_000_000_000_000 - number) if supergroup or forum else ("group", -number)
        chat = Chat(chat_id, kind, title, is_forum=forum)
        self._groups[chat_id] = chat
        return chat

    def chat(self, bot: User, chat_id: int) -> Chat | None:
        """Return a chat as a bot knows it."""
        return self._groups.get(chat_id) or self._private.get((bot.id, chat_id))

    def next_message_id(self) -> int:
        """Take a message id. One row for all chats, so that an id names one message."""
        return next(self._message_ids)

    def add_message(
        self,
        chat: Chat,
        author: User,
        text: str,
        *,
        entities: list[JsonDict] | None = None,
        topic: int | None = None,
        reply_to: int | None = None,
    ) -> Message:
        """Keep a new message."""
        message = Message(
            self.next_message_id(), chat, author, text, entities or [], topic, reply_to, int(time.time()), [text]
        )
        self.messages[message.id] = message
        return message

    def message_json(self, message: Message) -> JsonDict:
        """Show a message with the one it answers, as Telegram does, one level deep."""
        answered = self.messages.get(message.reply_to) if message.reply_to is not None else None
        return message.as_json(answered.as_json() if answered is not None else None)
