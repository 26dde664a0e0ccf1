"""The stand-in for Slack: its Web API over real HTTP, Socket Mode over real WebSockets, and people who write."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from uuid import uuid4

from aiohttp import web

from sandbox.faults import Fault, Faults, wait_after, wait_before
from sandbox.ledger import Ledger
from sandbox.slack import events, screen
from sandbox.slack.delivery import SocketHub
from sandbox.slack.delivery_models import Delivery
from sandbox.slack.event_requests import RequestUrl
from sandbox.slack.limits import RateLimits
from sandbox.slack.rules import Answer, Params, Refused
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import PlaceKind, SlackMessage, SlackPerson, SlackPlace, SlackWorkspace

ALL_SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "im:history", "channels:history", "groups:history", "mpim:history"}
    | {"channels:read", "commands", "groups:read", "reactions:write", "users:read", "users:read.email"}
)
AGENT_SCOPES = ALL_SCOPES | {"assistant:write"}
_KINDS: Mapping[str, PlaceKind] = {"D": "im", "G": "group"}


@dataclass(frozen=True, slots=True)
class SlackCall:
    """One call of the Web API, as it arrived."""

    at: float
    """Seconds, by the monotonic clock."""
    method: str
    params: Params
    answer: str
    """`ok`, Slack's error code, or what a fault did: `http 502`, `lost`, `refused`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class SlackStandIn:
    """A Slack workspace on 127.0.0.1. `async with SlackStandIn() as slack: ...`.

    Args:
        port: 0 takes a free one.
        bot_token: The bot token that is accepted.
        app_token: The app-level token that is accepted.
        signing_secret: Signs what is posted in HTTP mode.
        time_scale: Multiplies the times of redelivery (3 s, then 0, 60 and 300 s).
    """

    def __init__(
        self,
        *,
        port: int = 0,
        bot_token: str = "xoxb-sandbox",  # noqa: S107 - opens nothing but this stand-in
        app_token: str = "xapp-sandbox",  # noqa: S107 - as above
        signing_secret: str = "sandbox-signing-secret",  # noqa: S107 - as above
        time_scale: float = 1.0,
    ) -> None:
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.workspace = SlackWorkspace()
        self.ledger = Ledger()
        self.faults = Faults()
        self.limits = RateLimits()
        self.scopes: set[str] = set(ALL_SCOPES)
        self.sockets = SocketHub(self.workspace.app_id)
        self.sockets.time_scale = time_scale
        self.api = WebApi(self.workspace, self.scopes, self._posted, self._edited, self._deleted)
        self.calls: list[SlackCall] = []
        self.pings: list[str] = []
        """Live tokens that the bot sent: each would have pinged or misled somebody."""
        self.previews: list[str] = []
        """The `ts` of each post whose addresses Slack would have fetched."""
        self.echoes = True
        """Whether the bot's own posts and edits come back to it as events, as they do."""
        self.mention_comes_first = False
        """Which of the two events of a mention is sent first."""
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        """What `SLACK_API_URL` is to be."""
        return f"http://127.0.0.1:{self._port}/api/"

    @property
    def mention(self) -> str:
        """What a person types to address the bot, as it comes over the wire."""
        return f"<@{self.workspace.bot_user_id}>"

    @property
    def deliveries(self) -> list[Delivery]:
        """Every event that was to be delivered, oldest first."""
        return self.sockets.deliveries

    def deliver_to(self, url: str) -> None:
        """Deliver events, presses and commands over HTTP from now on, to this address, and none over sockets."""
        self.sockets.request_url = RequestUrl(url, self.signing_secret)

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/api/{method}", self._answer)
        app.router.add_get("/socket", self.sockets.serve)
        app.router.add_post("/sandbox/say", self._say_over_http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every socket and stop listening."""
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # ------------------------------------------------------------ people and places

    def person(self, name: str, user_id: str, email: str = "", *, team: str = "", is_guest: bool = False) -> str:
        """Add somebody; return the id. `team`: another workspace, for somebody from outside."""
        self.workspace.people[user_id] = SlackPerson(user_id, name, email, team, is_guest)
        return user_id

    def add_channel(self, channel: str, name: str = "", kind: PlaceKind | None = None) -> str:
        """Add a place; return the id. Without a kind: `D…` is a DM, `G…` a private channel, the rest public."""
        self.workspace.places[channel] = SlackPlace(channel, name, kind or _KINDS.get(channel[:1], "channel"))
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
        space = self.workspace
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
        if self.mention in text and place.kind != "im":
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
        action = {"type": "button", "action_id": action_id, "value": value, "action_ts": self.workspace.new_ts()}
        payload = {
            "type": "block_actions",
            "team": {"id": self.workspace.team_id},
            "user": {"id": user, "team_id": self.workspace.team_id},
            "api_app_id": self.workspace.app_id,
            "container": {"type": "view", "view_id": "V0HOME"},
            "trigger_id": uuid4().hex,
            "actions": [action],
        }
        return self.sockets.deliver(payload, "interactive")

    def slash(self, user: str, channel: str, text: str = "", command: str = "/talkifai") -> Delivery:
        """Let a person type a slash command. Slack sends it once; who gets no answer in time sees that."""
        if "commands" not in self.scopes:
            raise ValueError("an app without the scope has no slash commands")
        space = self.workspace
        payload = {
            "token": "not-to-be-used",
            "team_id": space.team_id,
            "team_domain": "sandbox",
            "channel_id": channel,
            "channel_name": space.place(channel).name,
            "user_id": user,
            "user_name": space.people[user].name,
            "command": command,
            "text": text,
            "api_app_id": space.app_id,
            "is_enterprise_install": "false",
            "response_url": f"http://127.0.0.1:{self._port}/response",
            "trigger_id": f"{uuid4().int % 10**12}.{uuid4().int % 10**9}.{uuid4().hex}",
        }
        return self.sockets.deliver(payload, "slash_commands")

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

    # ------------------------------------------------------------ the Web API

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params, token = await _read(request)
        channel = str(params.get("channel") or params.get("channel_id") or "")
        fault = self.faults.take(method, channel=channel)
        outcome, response = await self._outcome(request, method, params, token, fault)
        headers = {"Content-Type": request.headers.get("Content-Type", "")}
        self.calls.append(SlackCall(time.monotonic(), method, params, outcome, headers))
        return response

    async def _outcome(
        self, request: web.Request, method: str, params: Params, token: str, fault: Fault | None
    ) -> tuple[str, web.StreamResponse]:
        channel = str(params.get("channel") or params.get("channel_id") or "")
        if fault is not None:
            await wait_before(fault)
            if fault.refuse:
                return "refused", _cut(request)
            if fault.status is not None:
                return f"http {fault.status}", _http_fault(fault)
            if fault.error:
                return fault.error, web.json_response({"ok": False, "error": fault.error})
        wait_s = self.limits.wait_s(method, channel)
        if wait_s:
            return "ratelimited", _limited(wait_s)
        try:
            answer = self._run(method, params, token)
        except Refused as refusal:
            answer = {"ok": False, "error": refusal.code, **refusal.facts}
        await wait_after(fault)
        if fault is not None and fault.lose_answer:
            return "lost", _cut(request)
        return str(answer.get("error", "ok")), web.json_response(answer)

    def _run(self, method: str, params: Params, token: str) -> Answer:
        expected = self.app_token if method == "apps.connections.open" else self.bot_token
        if not token:
            raise Refused("not_authed")
        if token != expected:
            raise Refused("not_allowed_token_type" if token in {self.app_token, self.bot_token} else "invalid_auth")
        if method == "apps.connections.open":
            ticket = self.sockets.new_ticket()
            return {"ok": True, "url": f"ws://127.0.0.1:{self._port}/socket?ticket={ticket}&app_id=x"}
        return self.api.call(method, params)

    # ------------------------------------------------------------ what happens to the bot's messages

    def _posted(self, message: SlackMessage, params: Params) -> None:
        self.pings += screen.live_tokens(params)
        if screen.may_preview(params):
            self.previews.append(message.ts)
        self._show(message, "posted")
        if self.echoes:
            self._send(events.message_event(self.workspace, message))

    def _edited(self, message: SlackMessage, before: Answer, params: Params) -> None:
        self.pings += screen.live_tokens(params)
        if self.api.streams.is_live(message) and screen.may_preview(params):
            self.previews.append(message.ts)
        self._show(message, "edited")
        if self.echoes:
            self._send(events.changed_event(self.workspace, message, before))

    def _deleted(self, message: SlackMessage) -> None:
        self._show(message, "deleted")
        if self.echoes:
            self._send(events.deleted_event(self.workspace, message))

    def _send(self, event: events.Event) -> Delivery:
        return self.sockets.deliver(events.payload_of(self.workspace, event))

    def _show(self, message: SlackMessage, change: Any, author: Any = "bot") -> None:
        text = screen.visible(message.text, message.blocks)
        thread = self.workspace.ledger_thread(message)
        self.ledger.record(message.place, thread, message.ts, text, change=change, author=author)

    async def _say_over_http(self, request: web.Request) -> web.Response:
        """Let another process play a person: JSON with `user`, `channel`, `text`, and `thread_ts` if any."""
        wish = await request.json()
        ts = await self.say(wish["user"], wish["channel"], wish["text"], wish.get("thread_ts"))
        return web.json_response({"ok": True, "ts": ts})


async def _read(request: web.Request) -> tuple[dict[str, Any], str]:
    """Return the parameters and the token, from wherever Slack takes them: JSON, form, query, header."""
    params: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            body = {}
        params |= body if isinstance(body, dict) else {}
    elif request.method == "POST":
        params |= {name: _from_form(value) for name, value in (await request.post()).items()}
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme == "Bearer" else str(params.get("token", ""))
    params.pop("token", None)
    return params, token


def _from_form(value: Any) -> Any:
    """Read what a form carries as JSON: blocks and metadata."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _limited(wait_s: int) -> web.Response:
    body = {"ok": False, "error": "ratelimited"}
    return web.json_response(body, status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait_s)})


def _http_fault(fault: Fault) -> web.Response:
    if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _limited(fault.retry_after_s if fault.retry_after_s is not None else 1)
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    page = "<html><body>Server error</body></html>"
    return web.Response(status=fault.status or 500, text=page, content_type="text/html", headers=headers)
