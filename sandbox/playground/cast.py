"""Who and what there is in the playground: people, channels, chats, topics."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sandbox.stage import Stage
from sandbox.telegram.world import Chat, User

BOT = "TalkifAI"
SLACK_PEOPLE: Mapping[str, str] = {"U0ADA": "Ada", "U0LINUS": "Linus", "U0GRACE": "Grace"}
SLACK_CHANNELS: Mapping[str, str] = {"C0SUPPORT": "support", "C0SALES": "sales", "C0LOBBY": "lobby"}
_TELEGRAM_PEOPLE = ("Bob", "Mia", "Tom")


def dm_of(user_id: str) -> str:
    """Return the direct message conversation of a Slack person with the bot."""
    return f"D0{user_id.removeprefix('U0')}"


@dataclass(slots=True)
class Cast:
    """Everybody on Telegram, by what the page calls them. Slack's ids are fixed."""

    people: dict[str, User] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    """By the chat's id."""
    private: dict[str, Chat] = field(default_factory=dict)
    """Each person's chat with the bot, by the person's name."""
    group: Chat | None = None
    forum: Chat | None = None


def bring_in(stage: Stage) -> Cast:
    """Bring everybody onto the stage."""
    _onto_slack(stage)
    return _onto_telegram(stage)


def _onto_slack(stage: Stage) -> None:
    for user_id, name in SLACK_PEOPLE.items():
        stage.slack.person(name, user_id, f"{name.lower()}@example.com")
        stage.slack.workspace.people[user_id] = replace(stage.slack.workspace.people[user_id], time_zone="Etc/UTC")
        stage.slack.add_channel(dm_of(user_id))
    for channel, name in SLACK_CHANNELS.items():
        stage.slack.add_channel(channel, name)


def _onto_telegram(stage: Stage) -> Cast:
    telegram, cast = stage.telegram, Cast()
    telegram.bot.name, telegram.bot.username = BOT, "talkifai_bot"
    for name in _TELEGRAM_PEOPLE:
        person = telegram.person(name, name.lower())
        cast.people[name] = person
        cast.private[name] = telegram.private_chat(person)
    cast.group = telegram.group("Sunday hikers")
    cast.forum = telegram.group("Garden club", forum=True)
    for topic in ("Seeds", "Compost"):
        telegram.topic(cast.forum, topic)
    cast.chats = {str(chat.id): chat for chat in (*cast.private.values(), cast.group, cast.forum)}
    return cast
