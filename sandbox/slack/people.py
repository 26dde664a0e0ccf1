"""Who is there and what they do: people write, press and type commands; workspaces take the app in and remove it."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sandbox.ledger import Ledger
from sandbox.slack import events, interactions, screen
from sandbox.slack.assumptions import Assumptions
from sandbox.slack.blocks import values_of
from sandbox.slack.delivery import SocketHub
from sandbox.slack.delivery_models import Delivery
from sandbox.slack.oauth import Distribution
from sandbox.slack.rules import Answer, Params
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import PlaceKind, SlackMessage, SlackPerson, SlackPlace, SlackWorkspace

ALL_SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "im:history", "channels:history", "groups:history", "mpim:history"}
    | {
        "channels:read",
        "commands",
        "files:read",
        "files:write",
        "groups:read",
        "reactions:write",
        "users:read",
        "users:read.email",
    }
)
AGENT_SCOPES = ALL_SCOPES | {"assistant:write"}
_KINDS: Mapping[str, PlaceKind] = {"D": "im", "G": "group"}


class SlackPeople:
    """The workspaces, and everybody in them but the bot."""

    def __init__(self) -> None:
        self.workspace = SlackWorkspace()
        self.ledger = Ledger()
        self.scopes: set[str] = set(ALL_SCOPES)
        self.assumptions = Assumptions()
        """What is not known of the live service: each may be set the other way."""
        self.sockets = SocketHub(self.workspace.app_id, self.assumptions)
        self.distribution = Distribution()
        self.pings: list[str] = []
        """Live tokens that the bot sent: each would have pinged or misled a person."""
        self.previews: list[str] = []
        """The `ts` of each post whose addresses Slack would have fetched."""
        self.echoes = True
        """Whether the bot's own posts and edits come back to it as events, as they do."""
        self.mention_comes_first = False
        """Which of the two events of a mention is sent first."""
        self.apis: dict[str, WebApi] = {}
        """Of each workspace, by its team."""
        self.api = self._api_of(self.workspace)

    @property
    def mention(self) -> str:
        """What a person types to address the bot, as it comes over the wire."""
        return f"<@{self.workspace.bot_user_id}>"

    @property
    def deliveries(self) -> list[Delivery]:
        """Every event that was to be delivered, oldest first."""
        return self.sockets.deliveries

    # ------------------------------------------------------------ workspaces

    def add_workspace(
        self, team_id: str, name: str, enterprise_id: str = "", *, is_organisation: bool = False
    ) -> SlackWorkspace:
        """Add another workspace, which may install the app: see `distribution`."""
        space = SlackWorkspace(team_id, name, enterprise_id, is_organisation=is_organisation)
        space.is_installed = False
        self._api_of(space)
        return space

    def uninstall(self, space: SlackWorkspace) -> list[Delivery]:
        """Let a workspace remove the app: its tokens stop working, and the app is told so twice."""
        space.is_installed = False
        told: list[events.Event] = [
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [space.bot_user_id]}},
            {"type": "app_uninstalled"},
        ]
        return [self.sockets.deliver(events.payload_of(space, event)) for event in told]

    def _api_of(self, space: SlackWorkspace) -> WebApi:
        api = WebApi(space, self.scopes, self._posted, self._edited, self._deleted, self.assumptions, self._address)
        self.apis[space.team_id] = api
        return api

    def _address(self) -> str:
        """Return where the stand-in is. Known once it listens."""
        return ""

    def _space_of(self, place: str) -> SlackWorkspace:
        return next((api.workspace for api in self.apis.values() if place in api.workspace.places), self.workspace)

    # ------------------------------------------------------------ people and places

    def person(
        self,
        name: str,
        user_id: str,
        email: str = "",
        *,
        team: str = "",
        is_guest: bool = False,
        space: SlackWorkspace | None = None,
    ) -> str:
        """Add a person; return the id. `team`: another workspace, for a person from outside."""
        (space or self.workspace).people[user_id] = SlackPerson(user_id, name, email, team, is_guest)
        return user_id

    def add_channel(
        self, channel: str, name: str = "", kind: PlaceKind | None = None, *, space: SlackWorkspace | None = None
    ) -> str:
        """Add a place; return the id. Without a kind: `D…` is a DM, `G…` a private channel, the rest public."""
        (space or self.workspace).places[channel] = SlackPlace(
            channel, name, kind or _KINDS.get(channel[:1], "channel")
        )
        return channel

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        thread_ts: str | None = None,
        *,
        event: Mapping[str, Any] | None = None,
    ) -> str:
        """Let a person write, in the form of the wire (`<@U0BRIDGE>`, `&lt;`); return the message's `ts`.

        `event` adds fields to the event, such as `{"subtype": "thread_broadcast"}`.
        """
        space = self._space_of(channel)
        place = space.place(channel)
        message = space.add(
            SlackMessage(space.new_ts(), channel, user, text, thread_ts or "", client_msg_id=str(uuid4()))
        )
        self._show(message, "posted", author="person")
        more = dict(event or {})
        person = space.people.get(user)
        if person is not None and person.team:
            more |= {"user_team": person.team, "source_team": person.team}
        if not place.bot_is_member:
            return message.ts
        occurred = [events.message_event(space, message, **more)]
        if f"<@{space.bot_user_id}>" in text and place.kind != "im":
            occurred.append(events.mention_event(space, message, **more))
        is_shared = person is not None and bool(person.team)
        for one in reversed(occurred) if self.mention_comes_first else occurred:
            self.sockets.deliver(events.payload_of(space, one) | {"is_ext_shared_channel": is_shared})
        await asyncio.sleep(0)
        return message.ts

    async def say_as_workflow(self, channel: str, text: str, name: str = "Daily question") -> str:
        """Let a Workflow Builder workflow write; return the message's `ts`."""
        space = self.workspace
        message = SlackMessage(
            space.new_ts(), channel, "", text, bot_id="B0WORKFLOW", app_id="A0WORKFLOW", workflow=name
        )
        space.add(message)
        self._show(message, "posted", author="person")
        self._send(events.message_event(space, message))
        if self.mention in text:
            mention = events.mention_event(space, message)
            for name_of_field in ("subtype", "workflow_id", "username"):
                del mention[name_of_field]
            self._send(mention)
        await asyncio.sleep(0)
        return message.ts

    async def say_as_bot(self, channel: str, text: str, thread_ts: str | None = None, bot_id: str = "B0OTHER") -> str:
        """Let another app's bot write; return the message's `ts`."""
        space = self.workspace
        message = space.add(
            SlackMessage(space.new_ts(), channel, "U0OTHER", text, thread_ts or "", bot_id=bot_id, app_id="A0OTHER")
        )
        occurred = [events.message_event(space, message, subtype="bot_message")]
        if self.mention in text:
            occurred.append(events.mention_event(space, message))
        for one in occurred:
            self.sockets.deliver(events.payload_of(space, one))
        await asyncio.sleep(0)
        return message.ts

    def open_app(self, user: str, channel: str, tab: str = "messages") -> Delivery:
        """Let a person open the app."""
        now = self.workspace.new_ts()
        return self._send({"type": "app_home_opened", "user": user, "channel": channel, "tab": tab, "event_ts": now})

    def click(self, user: str, action_id: str, value: str) -> Delivery:
        """Let a person press a button of their Home tab. Raises `LookupError` where there is no such button."""
        buttons = [block["accessory"] for block in self.api.homes[user]["blocks"] if "accessory" in block]
        if not any((button["action_id"], button["value"]) == (action_id, value) for button in buttons):
            raise LookupError(action_id)
        payload = interactions.click_of(self.workspace, user, action_id, value)
        return self.sockets.deliver(payload, "interactive")

    def press(self, user: str, channel: str, ts: str, label: str) -> Delivery:
        """Let a person press what is below a message of the bot. `label`: the first word of its value.

        Raises `LookupError` where the message has nothing of the kind now.
        """
        space = self._space_of(channel)
        message = space.messages[channel, ts]
        found = [action for (_, value), action in values_of(message.blocks).items() if value.split()[0] == label]
        if not found:
            raise LookupError(label)
        payload = interactions.press_of(
            space, user, message, found[0], with_thread=self.assumptions.presses_name_the_thread
        )
        return self.sockets.deliver(payload, "interactive")

    def press_native_stop(self, user: str, channel: str, thread_ts: str) -> Delivery:
        """Let a person press Slack's own Stop, in the view for agents."""
        facts = {"channel": channel, "thread_ts": thread_ts, "user": user, "streaming_message_ts": []}
        return self._send({"type": "agent_session_stopped", **facts, "event_ts": self.workspace.new_ts()}, channel)

    def slash(self, user: str, channel: str, text: str = "", command: str = "/talkifai") -> Delivery:
        """Let a person type a slash command. Slack sends it once; who gets no answer in time sees that."""
        if "commands" not in self.scopes:
            raise ValueError("an app without the scope has no slash commands")
        space = self._space_of(channel)
        return self.sockets.deliver(interactions.command_of(space, user, channel, command, text), "slash_commands")

    def edit_as_person(self, channel: str, ts: str, text: str) -> None:
        """Let a person edit a message."""
        message = self.workspace.messages[channel, ts]
        before = message.as_json()
        message.text, message.edited = text, True
        self._show(message, "edited", author="person")
        self._send(events.changed_event(self.workspace, message, before))

    def delete_as_person(self, channel: str, ts: str) -> None:
        """Let a person delete a message, the bot's too."""
        message = self.workspace.messages[channel, ts]
        message.deleted = True
        self._show(message, "deleted", author="bot" if message.bot_id else "person")
        self._send(events.deleted_event(self.workspace, message))

    def redeliver(self, delivery: Delivery, *, under_new_id: bool = False) -> Delivery:
        """Send an event once more, under the same event id or a new one."""
        if under_new_id:
            return self._send(delivery.payload["event"])
        return self.sockets.deliver(delivery.payload, delivery.envelope_type)

    # ------------------------------------------------------------ what happens to the bot's messages

    def _posted(self, message: SlackMessage, params: Params) -> None:
        self.pings += screen.live_tokens(params)
        if screen.may_preview(params):
            self.previews.append(message.ts)
        self._show(message, "posted")
        if self.echoes:
            self._send(events.message_event(self._space_of(message.place), message), message.place)

    def _edited(self, message: SlackMessage, before: Answer, params: Params) -> None:
        self.pings += screen.live_tokens(params)
        if self.apis[self._space_of(message.place).team_id].streams.is_live(message) and screen.may_preview(params):
            self.previews.append(message.ts)
        self._show(message, "edited")
        if self.echoes:
            self._send(events.changed_event(self._space_of(message.place), message, before), message.place)

    def _deleted(self, message: SlackMessage) -> None:
        self._show(message, "deleted")
        if self.echoes:
            self._send(events.deleted_event(self._space_of(message.place), message), message.place)

    def _send(self, event: events.Event, place: str = "") -> Delivery:
        return self.sockets.deliver(events.payload_of(self._space_of(place), event))

    def _show(self, message: SlackMessage, change: Any, author: Any = "bot") -> None:
        shown = [f"[{file['name']}]" for file in message.files]
        text = "\n".join(filter(None, [screen.visible(message.text, message.blocks), *shown]))
        thread = self._space_of(message.place).ledger_thread(message)
        self.ledger.record(message.place, thread, message.ts, text, change=change, author=author)
