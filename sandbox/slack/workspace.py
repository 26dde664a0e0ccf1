"""What the stand-in workspace holds: people, places and messages."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PlaceKind = Literal["channel", "group", "mpim", "im"]


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """A person or bot who can write."""

    id: str
    name: str
    email: str = ""
    team: str = ""
    """Another workspace's id for a person from outside; empty for this one."""
    is_guest: bool = False
    has_confirmed_email: bool = True
    locale: str = ""
    """The language of the person's Slack, such as `de-DE`."""
    time_zone: str = ""

    def as_json(self, team: str, *, with_email: bool, with_locale: bool) -> dict[str, Any]:
        """Return the person as the Web API shows one in the workspace of that id."""
        profile = {"real_name": self.name, "display_name": self.name}
        if self.email and with_email:
            profile["email"] = self.email
        facts = {"id": self.id, "team_id": self.team or team, "name": self.name, "is_bot": False, "profile": profile}
        facts["is_email_confirmed"] = self.has_confirmed_email
        facts["tz"] = self.time_zone or "America/Los_Angeles"
        if with_locale:
            facts["locale"] = self.locale or "en-US"
        return facts | {"is_restricted": self.is_guest, "is_ultra_restricted": False}


@dataclass(slots=True)
class SlackPlace:
    """A channel, a group DM or a DM."""

    id: str
    name: str
    kind: PlaceKind
    bot_is_member: bool = True
    is_archived: bool = False
    refuses_posts: str = ""
    """Slack's code for an app that may read here and not write; empty where it may."""


@dataclass(slots=True)
class SlackMessage:
    """One message, as it stands now."""

    ts: str
    place: str
    user: str
    text: str
    thread_ts: str = ""
    """The root's `ts` for a message in a thread."""
    bot_id: str = ""
    app_id: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    client_msg_id: str = ""
    edited: bool = False
    deleted: bool = False
    reactions: set[str] = field(default_factory=set)
    """The bot's own."""
    files: list[dict[str, Any]] = field(default_factory=list)
    """What it shows."""
    workflow: str = ""
    """The name of the workflow that wrote it."""

    def as_json(self, *, with_metadata: bool = False) -> dict[str, Any]:
        """Return the message as the Web API and events show it."""
        shown: dict[str, Any] = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        if self.bot_id:
            shown |= {"bot_id": self.bot_id, "app_id": self.app_id, "bot_profile": {"id": self.bot_id}}
        if self.workflow:
            del shown["user"], shown["bot_profile"]
            shown |= {"subtype": "bot_message", "username": self.workflow, "workflow_id": "Wf0SANDBOX"}
        if self.files:
            shown |= {"subtype": "file_share", "files": self.files}
        if self.blocks:
            shown["blocks"] = self.blocks
        if self.thread_ts:
            shown["thread_ts"] = self.thread_ts
        if self.client_msg_id:
            shown["client_msg_id"] = self.client_msg_id
        if self.edited:
            shown["edited"] = {"user": self.user, "ts": self.ts}
        if with_metadata and self.metadata:
            shown["metadata"] = dict(self.metadata)
        return shown


class SlackWorkspace:
    """One team with one bot.

    Args:
        team_id: Its id.
        name: Its name, and the first part of its address.
        enterprise_id: The Enterprise Grid organisation that it is in.
        is_organisation: Whether the app is installed in all of that organisation.
    """

    app_id = "A0BRIDGE"

    def __init__(
        self,
        team_id: str = "T0SANDBOX",
        name: str = "Sandbox",
        enterprise_id: str = "",
        *,
        is_organisation: bool = False,
    ) -> None:
        self.team_id = team_id
        self.team_name = name
        self.url = f"https://{name.lower()}.slack.com/"
        self.enterprise_id = enterprise_id
        self.is_organisation = is_organisation
        self.is_installed = True
        bot = "BRIDGE" if team_id == "T0SANDBOX" else team_id
        self.bot_user_id, self.bot_id = f"U0{bot}", f"B0{bot}"
        self.people: dict[str, SlackPerson] = {}
        self.places: dict[str, SlackPlace] = {}
        self.messages: dict[tuple[str, str], SlackMessage] = {}
        self._last_us = 0

    def new_ts(self) -> str:
        """Return a time stamp that no other message has."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def place(self, place_id: str) -> SlackPlace:
        """Return a place; a DM (`D…`) is created when a person writes in it."""
        if place_id not in self.places and place_id.startswith("D"):
            self.places[place_id] = SlackPlace(place_id, "", "im")
        return self.places[place_id]

    def add(self, message: SlackMessage) -> SlackMessage:
        """Keep a message."""
        self.messages[message.place, message.ts] = message
        return message

    def standing(self, place_id: str, ts: str) -> SlackMessage | None:
        """Return a message that is there and not deleted."""
        message = self.messages.get((place_id, ts))
        return None if message is None or message.deleted else message

    def thread(self, place_id: str, root_ts: str) -> list[SlackMessage]:
        """Return a thread's messages that stand now, root first."""
        found = [
            message
            for (place, ts), message in self.messages.items()
            if place == place_id and not message.deleted and root_ts in (ts, message.thread_ts)
        ]
        return sorted(found, key=lambda message: message.ts)

    def top_level(self, place_id: str) -> list[SlackMessage]:
        """Return a place's messages outside threads that stand now, newest first."""
        found = [
            message
            for (place, _), message in self.messages.items()
            if place == place_id and not message.deleted and not message.thread_ts
        ]
        return sorted(found, key=lambda message: message.ts, reverse=True)

    def ledger_thread(self, message: SlackMessage) -> str:
        """Name the thread that the ledger files a message under: a person's channel message is its own root."""
        is_root = not message.thread_ts and not message.bot_id and self.place(message.place).kind != "im"
        return message.ts if is_root else message.thread_ts
