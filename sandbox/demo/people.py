"""The people of the demo and the threads they write in, on both services."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sandbox.ledger import Ledger
from sandbox.slack.server import SlackStandIn
from sandbox.stage import Stage
from sandbox.talkifai.conversations import Record
from sandbox.telegram.server import TelegramStandIn
from sandbox.telegram.world import Chat, JsonDict, User

Service = Literal["Slack", "Telegram"]
BOT = "TalkifAI"


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as a person in the thread sees it."""

    message_id: str
    author: str
    is_bot: bool
    text: str
    entities: Sequence[JsonDict] = field(default=(), hash=False)
    """Telegram's formatting of the text. Slack's text is Markdown."""
    edits: int = 0
    buttons: tuple[str, ...] = ()
    """What can be pressed below it."""


class Thread(Protocol):
    """A place where people and the bot write."""

    service: Service
    title: str
    ledger: Ledger
    """Of the whole service: changes with every message."""

    async def say(self, person: str, text: str) -> None:
        """Let a person write to the bot here."""

    def seen(self) -> list[Seen]:
        """Return all messages that stand here now, oldest first."""

    def activity(self) -> str:
        """Return the activity indicator under an unanswered question, such as "is thinking…"; else nothing."""

    def holds(self, record: Record) -> bool:
        """Say whether a conversation was opened from here."""


def replies(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Return, for each question, the bot's messages after it and before the next one."""
    after: list[list[Seen]] = []
    for message in seen:
        if not message.is_bot:
            after.append([])
        elif after:
            after[-1].append(message)
    return after


class SlackThread:
    """A thread under a mention, or a DM."""

    service: Service = "Slack"

    def __init__(self, slack: SlackStandIn, title: str, channel: str) -> None:
        self.title = title
        self.ledger = slack.ledger
        self._slack = slack
        self._channel = channel
        self._is_dm = channel.startswith("D")
        self._root: str | None = None
        self._statuses_before = 0

    async def say(self, person: str, text: str) -> None:
        """Write: the first message in a channel mentions the bot, the others go under it."""
        self._statuses_before = len(self._slack.api.statuses)
        if self._is_dm or self._root is not None:
            await self._slack.say(_slack_id(person), self._channel, text, self._root)
        else:
            self._root = await self._slack.say(_slack_id(person), self._channel, f"{self._slack.mention} {text}")

    def seen(self) -> list[Seen]:
        """Return what stands here."""
        if self._root is None and not self._is_dm:
            return []
        thread = "" if self._is_dm else self._root
        space = self._slack.workspace
        return [
            Seen(
                shown.message_id,
                BOT if shown.author == "bot" else _slack_name(space.messages[self._channel, shown.message_id].user),
                shown.author == "bot",
                shown.text.replace(self._slack.mention, f"@{BOT}"),
                edits=shown.edits,
                buttons=_slack_buttons(space.messages[self._channel, shown.message_id].blocks),
            )
            for shown in self._slack.ledger.shown(self._channel, thread, author=None)
        ]

    def activity(self) -> str:
        """Return the status that the bot has set here since the last question."""
        ours = (self._channel, self._root or "")
        for channel, thread, status in reversed(self._slack.api.statuses[self._statuses_before :]):
            if (channel, thread) == ours:
                return status
        return ""

    def holds(self, record: Record) -> bool:
        """Compare channel and thread."""
        facts = record.metadata
        place = (facts.get("source"), facts.get("channel"), facts.get("thread", ""))
        return place == ("slack", self._channel, "" if self._is_dm else self._root)


class TelegramThread:
    """A private chat, or a chain of replies in a group."""

    service: Service = "Telegram"

    def __init__(self, telegram: TelegramStandIn, title: str, people: dict[str, User], chat: Chat) -> None:
        self.title = title
        self.ledger = telegram.ledger
        self._telegram = telegram
        self._people = people
        self._chat = chat
        self._actions_before = 0

    async def say(self, person: str, text: str) -> None:
        """Write: in a group the first message mentions the bot, the others answer its last one."""
        self._actions_before = len(self._telegram.seen.actions)
        last_reply = next((int(seen.message_id) for seen in reversed(self.seen()) if seen.is_bot), None)
        in_group = self._chat.is_group
        await self._telegram.say(
            self._people[person],
            self._chat,
            text,
            last_reply if in_group else None,
            mention=in_group and last_reply is None,
        )

    def seen(self) -> list[Seen]:
        """Return what stands here."""
        messages = self._telegram.world.messages
        found = []
        for shown in self._telegram.ledger.shown(str(self._chat.id), author=None):
            message = messages[int(shown.message_id)]
            is_bot = shown.author == "bot"
            name = BOT if is_bot else message.author.name
            text = shown.text.replace(f"@{self._telegram.bot.username}", f"@{BOT}") if not is_bot else shown.text
            rows = (message.keyboard or {"inline_keyboard": []})["inline_keyboard"]
            buttons = tuple(button["text"] for row in rows for button in row)
            entities = message.entities if is_bot else ()
            found.append(Seen(shown.message_id, name, is_bot, text, entities, shown.edits, buttons))
        return found

    def activity(self) -> str:
        """Return "typing…" where the bot has shown it since the last question."""
        actions = self._telegram.seen.actions[self._actions_before :]
        return "is typing…" if any(chat == self._chat.id for chat, _, _ in actions) else ""

    def holds(self, record: Record) -> bool:
        """Compare the chat."""
        return record.metadata.get("chat") == str(self._chat.id)


def cast(stage: Stage) -> dict[str, Thread]:
    """Bring everybody onto the stage; return the threads by name: three on Slack, two on Telegram."""
    slack, telegram = stage.slack, stage.telegram
    for name in ("Ada", "Linus", "Grace"):
        slack.person(name, _slack_id(name), f"{name.lower()}@example.com")
    slack.add_channel("C0SUPPORT", "support")
    slack.add_channel("C0SALES", "sales")
    slack.add_channel("D0GRACE")
    people = {name: telegram.person(name, name.lower()) for name in ("Bob", "Mia", "Tom")}
    hikers = telegram.group("Sunday hikers")
    return {
        "support": SlackThread(slack, "#support, thread", "C0SUPPORT"),
        "sales": SlackThread(slack, "#sales, thread", "C0SALES"),
        "grace": SlackThread(slack, "Grace, direct message", "D0GRACE"),
        "bob": TelegramThread(telegram, "Bob, private chat", people, telegram.private_chat(people["Bob"])),
        "hikers": TelegramThread(telegram, "Sunday hikers, group", people, hikers),
    }


def _slack_id(name: str) -> str:
    return f"U0{name.upper()}"


def _slack_name(user_id: str) -> str:
    return user_id.removeprefix("U0").capitalize()


def _slack_buttons(blocks: Sequence[JsonDict]) -> tuple[str, ...]:
    """Name what can be pressed; a menu is three dots, as Slack draws it."""
    found: list[str] = []
    for element in (element for block in blocks for element in block.get("elements", [])):
        if element["type"] == "button":
            found.append(element["text"]["text"])
        elif element["type"] == "feedback_buttons":
            found += [element["positive_button"]["text"]["text"], element["negative_button"]["text"]["text"]]
        else:
            found.append("⋯")
    return tuple(found)
