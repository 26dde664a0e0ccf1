"""Both services under one set of sentences: people who write, and what they then see."""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.faults import Faults
from sandbox.ledger import Frame, Ledger, Shown
from sandbox.slack.server import SlackCall
from sandbox.talkifai.conversations import Record
from sandbox.telegram.server import Call
from sandbox.telegram.world import Chat, User
from tests.scenario.scene import Scene

WAIT_S = 30.0
"""Only a test that fails waits so long."""
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Talk:
    """One thread as the people in it know it."""

    place: str
    root: str
    """What the thread hangs on; empty where the whole place is one thread."""
    questions: list[str] = field(default_factory=list)
    """The ids of the messages that were written to the bot."""
    person: str = ""
    """Who began it, in Slack."""


class Messenger(ABC):
    """One service. Everything that is asked happens in new places and threads."""

    name: str
    ledger: Ledger
    faults: Faults
    post_call: str
    edit_call: str
    fact: str
    """The fact of a call that names the place, for faults."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.stage = scene.stage
        self.book = scene.stage.talkifai.book

    @abstractmethod
    async def ask_in_group(self, text: str, beside: Talk | None = None) -> Talk:
        """Address the bot in a new place where many are, or in the same one `beside` another thread."""

    @abstractmethod
    async def ask_directly(self, text: str) -> Talk:
        """Write to the bot alone, for the first time."""

    @abstractmethod
    async def follow_up(self, talk: Talk, text: str) -> None:
        """Go on in a thread without addressing the bot anew."""

    @abstractmethod
    async def chat_among_people(self, talk: Talk, text: str) -> None:
        """Write in the same place, but neither in the thread nor to the bot."""

    @abstractmethod
    async def say_to_a_person(self, talk: Talk, text: str) -> None:
        """Write in the thread, to another person."""

    @abstractmethod
    def calls(self) -> Sequence[SlackCall | Call]:
        """Return the bridge's posts and edits, oldest first."""

    @abstractmethod
    def replies(self, talk: Talk) -> list[Shown]:
        """Return the bot's messages in the thread, oldest first."""

    @abstractmethod
    def records(self, talk: Talk) -> list[Record]:
        """Return the conversations of the thread, oldest first."""

    def texts(self, talk: Talk) -> list[str]:
        """Return what the bot's messages say now."""
        return [reply.text for reply in self.replies(talk)]

    def versions(self, talk: Talk, message: int = -1) -> list[Frame]:
        """Return every look that a message of the bot had."""
        return self.ledger.versions(self.replies(talk)[message].message_id)

    async def until_texts(self, talk: Talk, *expected: str, within_s: float = WAIT_S) -> None:
        """Wait until the bot's messages say exactly this."""
        wanted = list(expected)
        try:
            await self.ledger.until(lambda: self.texts(talk) == wanted, within_s)
        except TimeoutError:
            assert self.texts(talk) == wanted, f"they say {self.texts(talk)!r}, not {wanted!r}"

    async def until_said(self, talk: Talk, words: str, within_s: float = WAIT_S) -> None:
        """Wait until the bot's newest message holds these words."""
        try:
            await self.ledger.until(lambda: words in "".join(self.texts(talk)[-1:]), within_s)
        except TimeoutError:
            assert words in "".join(self.texts(talk)[-1:]), f"they say {self.texts(talk)!r}"

    async def until_ended(self, talk: Talk, count: int = 1, within_s: float = WAIT_S) -> None:
        """Wait until so many conversations of the thread are closed."""
        await self.book.until(lambda: sum(r.ended_at is not None for r in self.records(talk)) >= count, within_s)


class SlackMessenger(Messenger):
    """Channels and DMs."""

    name = "slack"
    post_call = "chat.postMessage"
    edit_call = "chat.update"
    fact = "channel"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.slack = scene.stage.slack
        self.ledger, self.faults = self.slack.ledger, self.slack.faults

    def person(self) -> str:
        """Add a person with an e-mail address."""
        number = next(_NUMBERS)
        return self.slack.person(f"Ada {number}", f"U{number:05d}", f"ada{number}@example.com")

    def channel(self) -> str:
        """Add a public channel."""
        number = next(_NUMBERS)
        return self.slack.add_channel(f"C{number:05d}", f"general-{number}")

    async def ask_in_group(self, text: str, beside: Talk | None = None) -> Talk:
        place = beside.place if beside else self.channel()
        person = self.person()
        ts = await self.slack.say(person, place, f"{self.slack.mention} {text}".strip())
        return Talk(place, ts, [ts], person)

    async def ask_directly(self, text: str) -> Talk:
        place = self.slack.add_channel(f"D{next(_NUMBERS):05d}")
        person = self.person()
        return Talk(place, "", [await self.slack.say(person, place, text)], person)

    async def follow_up(self, talk: Talk, text: str) -> None:
        talk.questions.append(await self.slack.say(talk.person, talk.place, text, talk.root or None))

    async def chat_among_people(self, talk: Talk, text: str) -> None:
        await self.slack.say(self.person(), talk.place, text)

    async def say_to_a_person(self, talk: Talk, text: str) -> None:
        await self.slack.say(talk.person, talk.place, f"<@{self.person()}> {text}", talk.root)

    def calls(self) -> Sequence[SlackCall]:
        return [call for call in self.slack.calls if call.method in (self.post_call, self.edit_call)]

    def replies(self, talk: Talk) -> list[Shown]:
        return self.ledger.shown(talk.place, talk.root)

    def records(self, talk: Talk) -> list[Record]:
        place = (talk.place, talk.root)
        return [r for r in self.book.records if (r.metadata.get("channel"), r.metadata.get("thread", "")) == place]


class TelegramMessenger(Messenger):
    """Private chats and groups. In a group a chain of replies is the thread."""

    name = "telegram"
    post_call = "sendMessage"
    edit_call = "editMessageText"
    fact = "chat_id"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.telegram = scene.stage.telegram
        self.ledger, self.faults = self.telegram.ledger, self.telegram.faults
        self.chats: dict[str, tuple[User, Chat]] = {}

    async def ask_in_group(self, text: str, beside: Talk | None = None) -> Talk:
        person = self.telegram.person(f"Bob {next(_NUMBERS)}")
        chat = self.chats[beside.place][1] if beside else self.telegram.group("Group")
        self.chats[str(chat.id)] = person, chat
        message_id = str(await self.telegram.say(person, chat, text, mention=True))
        return Talk(str(chat.id), message_id, [message_id])

    async def ask_directly(self, text: str) -> Talk:
        talk = self.meet()
        talk.questions.append(str(await self.telegram.say(*self.chats[talk.place], text)))
        return talk

    def meet(self) -> Talk:
        """Let a new person open the private chat."""
        person = self.telegram.person(f"Bob {next(_NUMBERS)}")
        chat = self.telegram.private_chat(person)
        self.chats[str(chat.id)] = person, chat
        return Talk(str(chat.id), "")

    async def follow_up(self, talk: Talk, text: str) -> None:
        person, chat = self.chats[talk.place]
        answers = None
        if talk.root:
            answers = int(self.replies(talk)[-1].message_id)
            # People cannot answer a message before the bot has heard under which id it was posted.
            await asyncio.sleep(0.3)
        talk.questions.append(str(await self.telegram.say(person, chat, text, reply_to=answers)))

    async def chat_among_people(self, talk: Talk, text: str) -> None:
        person, chat = self.chats[talk.place]
        await self.telegram.say(person, chat, text)

    async def say_to_a_person(self, talk: Talk, text: str) -> None:
        person, chat = self.chats[talk.place]
        await self.telegram.say(person, chat, text, reply_to=int(talk.questions[0]))

    def calls(self) -> Sequence[Call]:
        return self.telegram.calls_of(self.post_call, self.edit_call)

    def replies(self, talk: Talk) -> list[Shown]:
        shown = self.ledger.shown(talk.place)
        if not talk.root:
            return shown
        answered = {message.id: message.reply_to for message in self.telegram.world.messages.values()}
        return [reply for reply in shown if str(answered.get(int(reply.message_id))) in talk.questions]

    def records(self, talk: Talk) -> list[Record]:
        place = (talk.place, talk.root)
        return [r for r in self.book.records if (r.metadata.get("chat"), r.metadata.get("thread", "")) == place]


MESSENGERS: dict[str, type[SlackMessenger | TelegramMessenger]] = {
    "slack": SlackMessenger,
    "telegram": TelegramMessenger,
}
