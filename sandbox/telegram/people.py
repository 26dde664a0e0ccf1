"""What people and other bots do: everything that comes to a bot as an update."""

import itertools
import time
from typing import Any

from sandbox.ledger import Ledger
from sandbox.telegram.assumptions import Assumptions
from sandbox.telegram.entities import utf16_length
from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.world import Chat, JsonDict, Message, User, World

_ANONYMOUS_ADMIN = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
_STRANGER = User(9_000_002, "Someone")
_CHANNEL_FORWARDER = User(777000, "Telegram")


class People:
    """Writes messages into chats and puts the updates of them into the bots' queues."""

    def __init__(self, world: World, queues: dict[int, UpdateQueue], ledger: Ledger, bots: list[User]) -> None:
        self._world = world
        self._queues = queues
        self._ledger = ledger
        self._bots = bots
        self._press_ids = itertools.count(7_000_000_001)
        self.assumptions = Assumptions()
        """What is not known of the live service: each may be set the other way."""
        self.last_update_id = 0
        """Of the update that was created last."""

    # ------------------------------------------------------------ who and where
    def person(self, name: str, username: str = "") -> User:
        """Add a person."""
        return self._world.add_person(name, username)

    def private_chat(self, person: User, bot: User | None = None, *, topics: bool = False) -> Chat:
        """Return the chat of a person with a bot: the first one where none is named."""
        chat = self._world.private_chat(person, bot or self._bots[0])
        chat.has_topics = chat.has_topics or topics
        return chat

    def group(self, title: str, *, forum: bool = False, supergroup: bool = True) -> Chat:
        """Add a group that has every bot as a member."""
        return self._world.add_group(title, forum=forum, supergroup=supergroup)

    def topic(self, chat: Chat, name: str, creator: User | None = None) -> int:
        """Open a topic; returns its `message_thread_id`."""
        message = self._world.add_message(chat, creator or self._bots[0], "")
        message.facts = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message.topic = message.id
        chat.topics[message.id] = name
        return message.id

    # ------------------------------------------------------------ saying something
    async def say(
        self,
        person: User,
        chat: Chat,
        text: str,
        reply_to: int | None = None,
        topic: int | None = None,
        *,
        mention: bool = False,
    ) -> int:
        """Let a person write; returns the message's id. `mention` puts the bot's name in front."""
        if mention:
            text = f"@{self._bot_of(chat).username} {text}"
        message = self._write(chat, person, text, reply_to=reply_to, topic=topic)
        self._tell(chat, {"message": self._shown(message)})
        return message.id

    async def mention_by_id(self, person: User, chat: Chat, text: str) -> int:
        """Let a person mention the bot without its user name, as clients do for people who have none."""
        bot = self._bot_of(chat)
        message = self._write(chat, person, f"{bot.name} {text}")
        entity = {"type": "text_mention", "offset": 0, "length": utf16_length(bot.name), "user": bot.as_json()}
        message.entities = [entity]
        self._tell(chat, {"message": self._shown(message)})
        return message.id

    async def send_photo(self, person: User, chat: Chat, caption: str = "") -> int:
        """Let a person send a picture, with words or without."""
        photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
        return self._send(self._write(chat, person, caption), photo=photo)

    async def send_document(
        self, person: User, chat: Chat, name: str, content: bytes, caption: str = "", **facts: Any
    ) -> int:
        """Let a person send a file, with words or without. `facts`: of the file, such as `mime_type` or `size`."""
        document = self._world.documents.add(name, content, **facts)
        return self._send(self._write(chat, person, caption), document=document.as_json())

    async def send_media(
        self, person: User, chat: Chat, kind: str, *, reply_to: int | None = None, caption: str = "", **facts: Any
    ) -> int:
        """Let a person send something that is no text, such as a `voice` message or a `sticker`."""
        shown = {"latitude": 1, "longitude": 2} if kind == "location" else {"file_id": "f", "file_unique_id": "u"}
        return self._send(self._write(chat, person, caption, reply_to=reply_to, **facts), **{kind: shown})

    def _send(self, message: Message, **content: Any) -> int:
        """Deliver a message of something that is no text; its words are the caption."""
        shown = self._shown(message)
        shown.pop("text", None)
        if message.text:
            shown |= {"caption": message.text, "caption_entities": shown.pop("entities", [])}
        self._tell(message.chat, {"message": shown | content})
        return message.id

    async def edit(self, person: User, message_id: int, text: str) -> None:
        """Let a person edit a message."""
        message = self._world.messages[message_id]
        message.text, message.entities = text, found_entities(text)
        message.versions.append(text)
        message.edited_at = int(time.time())
        self._record(message, person, "edited")
        self._tell(message.chat, {"edited_message": self._shown(message)})

    async def delete(self, message_id: int) -> None:
        """Let a person delete a message, the bot's too. Telegram tells bots nothing of it."""
        message = self._world.messages.pop(message_id)
        self._record(message, message.author, "deleted")

    async def press(self, person: User, message_id: int, label: str, *, is_old: bool = False) -> str:
        """Let a person press a button below a message; returns the press's id.

        `is_old`: Telegram tells nothing but the id of the message. Raises `LookupError` where no such button is.
        """
        message = self._world.messages[message_id]
        rows = (message.keyboard or {"inline_keyboard": []})["inline_keyboard"]
        data = next((button["callback_data"] for row in rows for button in row if button["text"] == label), None)
        if data is None:
            raise LookupError(f"message {message_id} has no button {label!r}")
        return await self.press_data(person, message_id, data, is_old=is_old)

    async def press_data(self, person: User, message_id: int, data: str, *, is_old: bool = False) -> str:
        """Let a client send these data for a message, whatever its buttons are; returns the press's id."""
        message = self._world.messages[message_id]
        query_id = str(next(self._press_ids))
        self._world.presses[query_id] = message.author.id
        old = {"chat": message.chat.as_json(), "message_id": message.id, "date": 0}
        query = {
            "id": query_id,
            "from": person.as_json(),
            "chat_instance": str(message.chat.id),
            "message": old if is_old else self._shown(message),
            "data": data,
        }
        for _ in range(2 if self.assumptions.repeats_presses else 1):
            self.last_update_id = self._queues[message.author.id].add({"callback_query": query})
        return query_id

    async def stop_draft(self, chat: Chat, draft_id: int, topic: int | None = None) -> None:
        """Let the person of a private chat press Telegram's own Stop below a draft."""
        where = {} if topic is None else {"message_thread_id": topic}
        self._tell(chat, {"stopped_message_generation": {"chat": chat.as_json(), "draft_id": draft_id, **where}})

    # ------------------------------------------------------------ what is not a person's question
    async def service_message(self, person: User, chat: Chat, **facts: Any) -> int:
        """Put a service message into a chat, such as `new_chat_title="T"`."""
        message = self._write(chat, person, "", **facts)
        self._tell(chat, {"message": self._shown(message)})
        return message.id

    async def channel_post(self, text: str) -> int:
        """Let a channel post, of which the bot is an administrator."""
        message_id = self._world.next_message_id()
        channel = {"id": -1009000000001, "type": "channel", "title": "News"}
        post = {"message_id": message_id, "chat": channel, "sender_chat": channel, "date": 1, "text": text}
        self._tell(None, {"channel_post": post})
        return message_id

    async def auto_forward(self, chat: Chat, text: str) -> int:
        """Let a channel's post appear in its discussion group."""
        channel = {"id": -1009000000001, "type": "channel", "title": "News"}
        message = self._write(chat, _CHANNEL_FORWARDER, text, sender_chat=channel, is_automatic_forward=True)
        self._tell(chat, {"message": self._shown(message)})
        return message.id

    async def say_as_anonymous_admin(self, chat: Chat, text: str) -> int:
        """Let an administrator write in the name of the group."""
        message = self._write(chat, _ANONYMOUS_ADMIN, text, sender_chat=chat.as_json())
        self._tell(chat, {"message": self._shown(message)})
        return message.id

    async def say_as_bot(self, chat: Chat, text: str, username: str = "other_bot") -> int:
        """Let another bot write."""
        other = User(9_000_001, "Other bot", username, is_bot=True)
        message = self._write(chat, other, text)
        self._tell(chat, {"message": self._shown(message)})
        return message.id

    async def upgrade(self, chat: Chat, person: User) -> Chat:
        """Turn a group into a supergroup: the old one is told its new id, the new one the old."""
        new = self._world.add_group(chat.title)
        chat.moved_to = new.id
        await self.service_message(person, chat, migrate_to_chat_id=new.id)
        await self.service_message(person, new, migrate_from_chat_id=chat.id)
        return new

    async def unknown_update(self) -> int:
        """Send a type of update from the future."""
        return self._tell(None, {"hologram_received": {"id": "h1", "depth": 3}})

    async def poison(self, **message: Any) -> int:
        """Send an update whose message lacks what every message has; returns the update's id."""
        return self._tell(None, {"message": {"text": "poison", "from": {"id": 1, "is_bot": False}, **message}})

    def redeliver(self, update_id: int, bot: User | None = None) -> None:
        """Deliver an update once more, with the same ids."""
        self._queues[(bot or self._bots[0]).id].again(update_id)

    def block(self, chat: Chat, bot: User | None = None) -> None:
        """Block the bot, or remove it from the group. The bot is told, and hears nothing more from there."""
        bot = bot or self._bots[0]
        chat.blocked_for.add(bot.id)
        by = (chat.person or _STRANGER).as_json()
        old, new = ({"status": status, "user": bot.as_json()} for status in ("member", "kicked"))
        change = {"chat": chat.as_json(), "from": by, "date": 1, "old_chat_member": old, "new_chat_member": new}
        self.last_update_id = self._queues[bot.id].add({"my_chat_member": change})

    def add_bot_to(self, chat: Chat, person: User, bot: User | None = None) -> int:
        """Let a person add the bot to a group."""
        bot = bot or self._bot_of(chat)
        old, new = ({"status": status, "user": bot.as_json()} for status in ("left", "member"))
        change = {"chat": chat.as_json(), "from": person.as_json(), "date": 1}
        change |= {"old_chat_member": old, "new_chat_member": new}
        self.last_update_id = self._queues[bot.id].add({"my_chat_member": change})
        return self.last_update_id

    # ------------------------------------------------------------ inside
    def _bot_of(self, chat: Chat) -> User:
        return next((bot for bot in self._bots if bot.id == chat.bot_id), self._bots[0])

    def _write(
        self,
        chat: Chat,
        author: User,
        text: str,
        *,
        reply_to: int | None = None,
        topic: int | None = None,
        **facts: Any,
    ) -> Message:
        message = self._world.add_message(
            chat,
            author,
            text,
            entities=found_entities(text),
            topic=topic,
            reply_to=topic if reply_to is None else reply_to,
        )
        message.facts = facts
        self._record(message, author, "posted")
        return message

    def _shown(self, message: Message) -> JsonDict:
        shown = self._world.message_json(message)
        if not message.text:
            shown.pop("text", None)
        plain_chain = message.chat.type == "supergroup" and not message.chat.is_forum and message.reply_to is not None
        if plain_chain:
            # A plain supergroup names the chain here too, without `is_topic_message`.
            shown["message_thread_id"] = self._beginning_of(message)
        return shown

    def _beginning_of(self, message: Message) -> int:
        """Go up the chain of replies as far as its messages are there."""
        while message.reply_to is not None and message.reply_to in self._world.messages:
            message = self._world.messages[message.reply_to]
        return message.reply_to if message.reply_to is not None else message.id

    def _record(self, message: Message, author: User, change: Any) -> None:
        who: Any = "bot" if author in self._bots else "person"
        self._ledger.record(
            str(message.chat.id), str(message.topic or ""), str(message.id), message.text, change=change, author=who
        )

    def _tell(self, chat: Chat | None, content: JsonDict) -> int:
        """Put an update into the queue of every bot that is there; returns its id at the last of them."""
        for bot in self._bots:
            is_there = chat is None or (chat.bot_id in (None, bot.id) and bot.id not in chat.blocked_for)
            if is_there:
                self.last_update_id = self._queues[bot.id].add(content)
        return self.last_update_id


def found_entities(text: str) -> list[JsonDict]:
    """Find mentions and commands, as the server does, with UTF-16 offsets."""
    found = []
    place = 0
    for word in text.replace("\n", " ").split(" "):
        kind = {"@": "mention", "/": "bot_command"}.get(word[:1])
        name = word.rstrip(".,:;!?")
        if kind is not None and len(name) > 1:
            found.append({"type": kind, "offset": place, "length": utf16_length(name)})
        place += utf16_length(word) + 1
    return found
