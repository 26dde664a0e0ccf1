"""The visitor as a Telegram user."""

from typing import Any

from sandbox.playground.people.wishes import Wish, WishRefused
from sandbox.playground.playground import Playground
from sandbox.telegram.world import Chat, Message, User


class TelegramVisitor:
    """Does what a Telegram client does."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._telegram = playground.stage.telegram

    async def say(self, wish: Wish) -> dict[str, Any]:
        """Write in a chat or a topic, perhaps as a reply. Returns the message's id."""
        person, chat, text = self._person(wish), self._chat(wish), wish.text()
        topic, reply_to = self._topic(wish, chat), wish.optional_number("replyTo")
        file = wish.name("file", "")
        if file:
            number = await self._telegram.send_media(person, chat, "document", reply_to=reply_to, caption=text)
            self._playground.notes.files[f"t{number}"] = file
            return {"id": number}
        # Telegram's clients do not send a message without a visible sign; a fault may.
        if not text.strip() and not wish.anything("blank"):
            raise WishRefused("write something first")
        return {"id": await self._telegram.say(person, chat, text, reply_to, topic)}

    async def press(self, wish: Wish) -> dict[str, Any]:
        """Press a button below a message. Returns the press, whose answer the page shows."""
        message = self._message(wish)
        query = await self._telegram.press_data(self._person(wish), message.id, wish.name("data"))
        return {"query": query}

    async def edit(self, wish: Wish) -> None:
        """Edit a message of one's own."""
        message = self._own(wish)
        await self._telegram.edit(self._person(wish), message.id, wish.text())

    async def delete(self, wish: Wish) -> None:
        """Delete a message of one's own. Telegram tells bots nothing of it."""
        await self._telegram.delete(self._own(wish).id)

    async def react(self, wish: Wish) -> None:
        """Put an emoji to a message, or take it away again. The bot asked Telegram for no updates of it."""
        given = self._playground.notes.reactions.setdefault(f"t{wish.number('id')}", {})
        name, emoji = self._person(wish).name, wish.name("emoji")
        if given.get(name) == emoji:
            del given[name]
        else:
            given[name] = emoji

    async def stop_draft(self, wish: Wish) -> None:
        """Press Telegram's own Stop below a draft."""
        await self._telegram.stop_draft(self._chat(wish), wish.number("draft"))

    def _person(self, wish: Wish) -> User:
        person = self._playground.cast.people.get(wish.name("as"))
        if person is None:
            raise WishRefused("there is no such person")
        return person

    def _chat(self, wish: Wish) -> Chat:
        chat = self._playground.cast.chats.get(wish.name("chat"))
        if chat is None or (chat.person is not None and chat.person.name != wish.name("as")):
            raise WishRefused("there is no such chat")
        return chat

    def _topic(self, wish: Wish, chat: Chat) -> int | None:
        topic = wish.name("topic", "")
        if not topic:
            return None
        if not topic.isdecimal() or int(topic) not in chat.topics:
            raise WishRefused("there is no such topic")
        return int(topic)

    def _message(self, wish: Wish) -> Message:
        message = self._telegram.world.messages.get(wish.number("id"))
        if message is None:
            raise WishRefused("that message is gone")
        return message

    def _own(self, wish: Wish) -> Message:
        message = self._message(wish)
        if message.author is not self._person(wish):
            raise WishRefused("only messages of your own")
        return message
