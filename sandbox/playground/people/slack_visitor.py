"""The visitor as a Slack user."""

import asyncio
import re
from typing import Any

from sandbox.playground.cast import BOT, SLACK_PEOPLE, dm_of
from sandbox.playground.people.wishes import Wish, WishRefused
from sandbox.playground.playground import Playground
from sandbox.slack.delivery_models import Delivery
from sandbox.slack.workspace import SlackMessage

_COMMAND = re.compile(r"/talkifai(?:\s+(.*))?", re.DOTALL)
_ANSWER_WITHIN_S = 5.0


class SlackVisitor:
    """Does what a Slack client does."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._slack = playground.stage.slack

    async def say(self, wish: Wish) -> dict[str, Any]:
        """Write in a place or a thread. Returns the message's `ts`."""
        user, place, text = self._user(wish), self._place(wish), wish.text()
        command = _COMMAND.fullmatch(text.strip())
        if command is not None:
            await self._slash(user, place, command[1] or "")
            return {"ts": ""}
        file = wish.name("file", "")
        if not text.strip() and not file and not wish.anything("blank"):
            raise WishRefused("write something first")
        thread = wish.name("thread", "")
        event = {"subtype": "file_share", "files": [{"id": "F1", "name": file}]} if file else None
        ts = await self._slack.say(user, place, self.to_wire(text), thread or None, event=event)
        if file:
            self._playground.notes.files[ts] = file
        return {"ts": ts}

    async def press(self, wish: Wish) -> None:
        """Press what is below a message of the bot."""
        try:
            self._slack.press(self._user(wish), self._place(wish), wish.name("ts"), wish.name("value").split()[0])
        except (LookupError, IndexError):
            raise WishRefused("that button is gone") from None

    async def edit(self, wish: Wish) -> None:
        """Edit a message of one's own."""
        message = self._own(wish)
        self._slack.edit_as_person(message.place, message.ts, self.to_wire(wish.text()))

    async def delete(self, wish: Wish) -> None:
        """Delete a message of one's own."""
        message = self._own(wish)
        self._slack.delete_as_person(message.place, message.ts)

    async def react(self, wish: Wish) -> None:
        """Put an emoji to a message, or take it away again. The app asked Slack for no events of it."""
        given = self._playground.notes.reactions.setdefault(wish.name("ts"), {})
        user, emoji = self._user(wish), wish.name("emoji")
        if given.get(user) == emoji:
            del given[user]
        else:
            given[user] = emoji

    async def open_home(self, wish: Wish) -> None:
        """Open the Home tab: the app is told, and publishes it."""
        user = self._user(wish)
        self._slack.open_app(user, dm_of(user), "home")

    async def open_messages(self, wish: Wish) -> None:
        """Open the Messages tab: in the view for agents the app suggests what to ask."""
        user = self._user(wish)
        self._slack.open_app(user, dm_of(user), "messages")

    async def click(self, wish: Wish) -> None:
        """Press a button of the Home tab."""
        try:
            self._slack.click(self._user(wish), wish.name("action"), wish.name("value"))
        except LookupError:
            raise WishRefused("that button is gone") from None

    async def stop(self, wish: Wish) -> None:
        """Press Slack's own Stop, in the view for agents."""
        self._slack.press_native_stop(self._user(wish), self._place(wish), wish.name("thread"))

    def to_wire(self, text: str) -> str:
        """Return what was typed as it goes over the wire: escaped, with names as ids."""
        wired = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        wired = re.sub(rf"@{BOT}\b", self._slack.mention, wired, flags=re.IGNORECASE)
        for user, name in SLACK_PEOPLE.items():
            wired = re.sub(rf"@{name}\b", f"<@{user}>", wired, flags=re.IGNORECASE)
        return wired

    async def _slash(self, user: str, place: str, words: str) -> None:
        delivery: Delivery = self._slack.slash(user, place, words)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await delivery.settled.wait()
        except TimeoutError:
            raise WishRefused("/talkifai failed: the app did not answer in time") from None
        response = delivery.response if isinstance(delivery.response, dict) else {}
        said = str(response.get("text") or "")
        if not delivery.acked:
            raise WishRefused("/talkifai failed: the app is not connected")
        if said:
            self._playground.notes.answers.append((place, user, "", said))

    def _user(self, wish: Wish) -> str:
        user = wish.name("as")
        if user not in SLACK_PEOPLE:
            raise WishRefused("there is no such person")
        return user

    def _place(self, wish: Wish) -> str:
        place = wish.name("place")
        if place not in self._slack.workspace.places:
            raise WishRefused("there is no such place")
        return place

    def _own(self, wish: Wish) -> SlackMessage:
        message = self._slack.workspace.standing(self._place(wish), wish.name("ts"))
        if message is None or message.user != self._user(wish):
            raise WishRefused("only messages of your own")
        return message
