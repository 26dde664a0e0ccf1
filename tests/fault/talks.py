"""Both services under one set of words: a person asks in a place of their own, and sees what comes."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from bridge.domain.notices import Status
from bridge.domain.threads import ThreadKey
from sandbox.faults import Faults
from sandbox.ledger import Frame, Ledger, Shown
from sandbox.slack.workspace import SlackWorkspace
from sandbox.stage import Stage
from sandbox.talkifai.conversations import Record
from tests.english import english, without_reference

WAIT_S = 45.0
"""Only a test that fails waits so long."""
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Talk(ABC):
    """One direct talk of one person with the bot: a place, a thread and a conversation of its own."""

    stage: Stage
    place: str
    person: str
    """TalkifAI's name for the person."""

    name = ""
    post_call = ""
    edit_call = ""
    fact = ""
    """The fact of a call that names the place."""
    finds_lost_posts = False

    @property
    @abstractmethod
    def ledger(self) -> Ledger:
        """What people saw."""

    @property
    @abstractmethod
    def faults(self) -> Faults:
        """The service's faults."""

    @property
    @abstractmethod
    def thread(self) -> ThreadKey:
        """The thread as the bridge names it."""

    @abstractmethod
    async def ask(self, text: str) -> None:
        """Write to the bot."""

    @abstractmethod
    async def until_taken(self) -> None:
        """Wait until the bridge has acknowledged all that was written."""

    @property
    def here(self) -> dict[str, str]:
        """The facts of a call to this place."""
        return {self.fact: self.place}

    @property
    def replies(self) -> list[Shown]:
        """The bot's messages, oldest first."""
        return self.ledger.shown(self.place)

    @property
    def texts(self) -> list[str]:
        """What the bot's messages say now, without references; Slack shows a notice in italics, between low lines."""
        return [without_reference(reply.text.strip("_")) for reply in self.replies]

    @property
    def records(self) -> list[Record]:
        """The person's conversations, oldest first."""
        return [record for record in self.stage.talkifai.book.records if record.user_identifier == self.person]

    @property
    def posted(self) -> list[str]:
        """Every question that reached TalkifAI, oldest conversation first."""
        return [text for record in self.records for text in record.posted]

    def versions(self, message: int = -1) -> list[Frame]:
        """Return every look that a message of the bot had."""
        return self.ledger.versions(self.replies[message].message_id)

    async def until_texts(self, *expected: str, within_s: float = WAIT_S) -> None:
        """Wait until the bot's messages say exactly this."""
        wanted = list(expected)
        try:
            await self.ledger.until(lambda: self.texts == wanted, within_s)
        except TimeoutError:
            assert self.texts == wanted, f"they say {self.texts!r}, not {wanted!r}"

    async def until_whole(self, text: str, within_s: float = WAIT_S) -> None:
        """Wait until the bot's messages, put together, say this: where no edit is to be had the rest is posted."""
        try:
            await self.ledger.until(lambda: "".join(self.texts) == text, within_s)
        except TimeoutError:
            assert "".join(self.texts) == text, f"they say {self.texts!r}"

    async def until_shown(self, beginning: str, within_s: float = WAIT_S) -> None:
        """Wait until the bot's newest message begins like this."""
        try:
            await self.ledger.until(lambda: "".join(self.texts[-1:]).startswith(beginning), within_s)
        except TimeoutError:
            assert "".join(self.texts[-1:]).startswith(beginning), self.texts

    def never_went_back(self, message: int = -1) -> bool:
        """Say whether each look of a message went on from the look before; a line on what is done is no part of it."""
        looks = [without_status(frame.text) for frame in self.versions(message)]
        return all(after.startswith(before) for before, after in itertools.pairwise(looks))


def without_status(text: str) -> str:
    """Leave out the status line below a text."""
    return text.replace(f"_{english(Status.THINKING)}_", "").replace(english(Status.THINKING), "").rstrip()


@dataclass(slots=True)
class SlackTalk(Talk):
    """A DM in Slack."""

    team: str = ""
    """Its workspace; empty for the one that is there from the start."""

    name = "slack"
    post_call, edit_call, fact = "chat.postMessage", "chat.update", "channel"
    finds_lost_posts = True

    @property
    def ledger(self) -> Ledger:
        return self.stage.slack.ledger

    @property
    def faults(self) -> Faults:
        return self.stage.slack.faults

    @property
    def thread(self) -> ThreadKey:
        return ThreadKey("slack", self.team or self.stage.slack.workspace.team_id, self.place)

    async def ask(self, text: str) -> None:
        await self.stage.slack.say(self.place.replace("D", "U", 1), self.place, text)

    async def until_taken(self) -> None:
        await self.stage.slack.sockets.settled(WAIT_S)


class TelegramTalk(Talk):
    """A private chat in Telegram."""

    name = "telegram"
    post_call, edit_call, fact = "sendMessage", "editMessageText", "chat_id"

    @property
    def ledger(self) -> Ledger:
        return self.stage.telegram.ledger

    @property
    def faults(self) -> Faults:
        return self.stage.telegram.faults

    @property
    def thread(self) -> ThreadKey:
        return ThreadKey("telegram", str(self.stage.telegram.bot.id), self.place)

    async def ask(self, text: str) -> None:
        telegram = self.stage.telegram
        person = telegram.world.people[int(self.place)]
        await telegram.say(person, telegram.private_chat(person), text)

    async def until_taken(self) -> None:
        """Telegram gives updates in order, to one poller: nothing can overtake."""


def slack_talk(stage: Stage) -> SlackTalk:
    """Let a new person begin a DM in Slack."""
    number = f"{next(_NUMBERS):06d}"
    email = f"ada{number}@example.com"
    stage.slack.person(f"Ada {number}", f"U{number}", email)
    return SlackTalk(stage, stage.slack.add_channel(f"D{number}"), email)


def slack_talk_in(stage: Stage, space: SlackWorkspace) -> SlackTalk:
    """Let a new person begin a DM in an installed workspace."""
    number, team = f"{next(_NUMBERS):06d}", space.team_id
    email = f"ada{number}@example.com"
    stage.slack.person(f"Ada {number}", f"U{number}", email, space=space)
    return SlackTalk(stage, stage.slack.add_channel(f"D{number}", space=space), f"slack:{team}:{email}", team)


def telegram_talk(stage: Stage) -> TelegramTalk:
    """Let a new person begin a private chat in Telegram."""
    person = stage.telegram.person(f"Bob {next(_NUMBERS)}")
    place = str(stage.telegram.private_chat(person).id)
    return TelegramTalk(stage, place, f"telegram:{place}")


TALKS: dict[str, Callable[[Stage], Talk]] = {"slack": slack_talk, "telegram": telegram_talk}


def talk_on(stage: Stage, channel: str) -> Talk:
    """Let a new person begin a talk in that service."""
    return TALKS[channel](stage)
