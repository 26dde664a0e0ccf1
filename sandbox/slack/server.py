"""The stand-in for Slack: its Web API over real HTTP, Socket Mode over real WebSockets, and people who write."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self

from aiohttp import web

from sandbox.faults import Fault, Faults, wait_after, wait_before
from sandbox.listening import Listening
from sandbox.slack.event_requests import RequestUrl
from sandbox.slack.files import Download, sign_in_page
from sandbox.slack.limits import RateLimits
from sandbox.slack.people import SlackPeople
from sandbox.slack.rules import Answer, Params, Refused


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


class SlackStandIn(SlackPeople):
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
        super().__init__()
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.faults = Faults()
        self.limits = RateLimits()
        self.sockets.time_scale = time_scale
        self.calls: list[SlackCall] = []
        self.downloads: list[Download] = []
        self._port = port
        self._server: Listening | None = None

    @property
    def api_url(self) -> str:
        """What `SLACK_API_URL` is to be."""
        return f"http://127.0.0.1:{self._port}/api/"

    def _address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def deliver_to(self, url: str) -> None:
        """Deliver events, presses and commands over HTTP from now on, to this address, and none over sockets."""
        self.sockets.request_url = RequestUrl(url, self.signing_secret)

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/api/{method}", self._answer)
        app.router.add_get("/socket", self.sockets.serve)
        app.router.add_get("/oauth/v2/authorize", self.distribution.authorize)
        app.router.add_post("/upload/v1/{file_id}", self._take_upload)
        app.router.add_get("/files-pri/{team}-{file_id}/{name:.*}", self._give_file)
        app.router.add_post("/sandbox/say", self._say_over_http)
        self._server = Listening(app, port=self._port)
        await self._server.start()
        self._port = self._server.port

    async def stop(self) -> None:
        """Close every socket and stop listening."""
        await self.sockets.close()
        if self._server is not None:
            await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

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
        granted = {} if token == self.app_token else {"X-OAuth-Scopes": ",".join(sorted(self.scopes))}
        return str(answer.get("error", "ok")), web.json_response(answer, headers=granted)

    def _run(self, method: str, params: Params, token: str) -> Answer:
        if method == "oauth.v2.access":
            return self.distribution.access(params)
        expected = self.app_token if method == "apps.connections.open" else self.bot_token
        if not token:
            raise Refused("not_authed")
        if token in self.distribution.tokens:
            return self.apis[self.distribution.space_of(token).team_id].call(method, params)
        if token != expected:
            raise Refused("not_allowed_token_type" if token in {self.app_token, self.bot_token} else "invalid_auth")
        if method == "apps.connections.open":
            ticket = self.sockets.new_ticket()
            return {"ok": True, "url": f"ws://127.0.0.1:{self._port}/socket?ticket={ticket}&app_id=x"}
        return self.api.call(method, params)

    # ------------------------------------------------------------ files

    async def _take_upload(self, request: web.Request) -> web.StreamResponse:
        """Take raw bytes. Slack answers 200 and "OK", or an error without a body in its usual form."""
        fault = self.faults.take("upload")
        if fault is not None:
            await wait_before(fault)
            if fault.refuse:
                return _cut(request)
            if fault.status is not None:
                return _http_fault(fault)
        content = await request.read()
        is_taken = any(api.files.take(request.match_info["file_id"], content) for api in self.apis.values())
        await wait_after(fault)
        if fault is not None and fault.lose_answer:
            return _cut(request)
        return web.Response(text=f"OK - {len(content)}") if is_taken else web.Response(status=400)

    async def _give_file(self, request: web.Request) -> web.StreamResponse:
        """Give a file to the app that may read it; a page to sign in to everybody else."""
        file_id, said = request.match_info["file_id"], request.headers.get("Authorization", "")
        self.downloads.append(Download(file_id, said))
        fault = self.faults.take("download")
        if fault is not None:
            await wait_before(fault)
            if fault.refuse:
                return _cut(request)
            if fault.status is not None:
                headers = {"Location": fault.error} if fault.error else {}
                return web.Response(status=fault.status, headers=headers)
        found = next((api.files for api in self.apis.values() if file_id in api.files.files), None)
        tokens = {self.bot_token, *self.distribution.tokens}
        if found is None or said.removeprefix("Bearer ") not in tokens or not found.may_read():
            return sign_in_page()
        body = found.files[file_id].content or b""
        return web.Response(body=body, content_type="application/octet-stream")

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
    if scheme == "Basic":
        params["client_id"], _, params["client_secret"] = base64.b64decode(bearer).decode().partition(":")
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
