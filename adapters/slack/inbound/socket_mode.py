"""One Socket Mode connection: bolt's handler with its gaps closed, and kept alive."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic, time
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.client import START_UP_CALL_S, Clients
from adapters.slack.api.errors import Call, translated
from adapters.slack.api.log_filter import VENDOR_LOG
from adapters.slack.inbound.bolt_app import WRONG_SHAPE
from adapters.slack.inbound.event_handler import SlackIntake
from adapters.slack.limits import SOCKET_MESSAGE_BYTES, SlackLimits
from bridge.domain.errors import ChannelRateLimited, ChannelUnavailable, Permanent
from bridge.runtime.backoff import Backoff

_LOG = logging.getLogger(__name__)
_ACKNOWLEDGED = 200
_CLOSE_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0

OpenConnection = Callable[[], Awaitable[str]]
"""Asks Slack for the address of a new socket; raises the bridge's errors."""


async def open_connection(client: AsyncWebClient, app_token: str) -> str:
    """Ask for a socket's address. A refused app token shows here: in the SDK it would be retried for ever."""
    with translated(Call("apps.connections.open", token_name="SLACK_APP_TOKEN")):  # noqa: S106 - a setting's name
        async with asyncio.timeout(START_UP_CALL_S):
            answer = await client.apps_connections_open(app_token=app_token)
        url = answer.get("url")
    if not isinstance(url, str) or not url.startswith(("ws://", "wss://")):
        raise ChannelUnavailable("apps.connections.open answered without a socket's address")
    return url


class _Session:
    """The aiohttp session of one socket, with bounds that the SDK gives no way to set."""

    def __init__(self, session: aiohttp.ClientSession, connect_s: float) -> None:
        self._session = session
        self._connect_s = connect_s

    @property
    def closed(self) -> bool:
        return self._session.closed

    async def ws_connect(self, url: str, **options: Any) -> aiohttp.ClientWebSocketResponse[bool]:
        timeout = aiohttp.ClientWSTimeout(ws_close=_CLOSE_S)
        async with asyncio.timeout(self._connect_s):
            socket: aiohttp.ClientWebSocketResponse[bool] = await self._session.ws_connect(
                url, **options, max_msg_size=SOCKET_MESSAGE_BYTES, timeout=timeout
            )
        return socket

    async def close(self) -> None:
        await self._session.close()


class _Handler(AsyncSocketModeHandler):
    """bolt's handler, which also acknowledges what bolt cannot read."""

    def __init__(self, app: AsyncApp, intake: SlackIntake, app_token: str, clients: Clients) -> None:
        limits = clients.limits
        super().__init__(app, app_token, logger=VENDOR_LOG, ping_interval=limits.ping_every_s)
        self._intake = intake
        self.client.proxy = clients.proxy
        session = _Session(self.client.aiohttp_client_session, limits.connect_s)
        self.client.aiohttp_client_session = session  # type: ignore[assignment]  # has all that the SDK calls
        self.client.message_listeners.append(self._mend_shapeless)

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]  # as bolt's own handler narrows it
        """Give an envelope to bolt, and acknowledge it where bolt says so."""
        started = time()
        response = BoltResponse(status=_ACKNOWLEDGED, body="")
        with contextlib.suppress(*WRONG_SHAPE):
            response = await run_async_bolt_app(self.app, req)
        if not self._intake.was_reached():
            # bolt stumbled on the way there: it would again at each redelivery.
            self._intake.say_once("a payload with parts of the wrong type")
            response = BoltResponse(status=_ACKNOWLEDGED, body="")
        try:
            await send_async_response(client, req, response, started)
        except ConnectionError:
            # The event is kept; Slack delivers it again and it is recognised.
            _LOG.debug("A socket closed before an acknowledgement could be sent.")

    async def _mend_shapeless(
        self, _client: AsyncBaseSocketModeClient, message: dict[str, Any], _raw: str | None
    ) -> None:
        # The SDK refuses such an envelope before any listener sees it, so no listener could acknowledge it.
        if "envelope_id" in message and not isinstance(message.get("payload"), Mapping):
            message["payload"] = {}
            message.setdefault("type", "")
            self._intake.say_once("an envelope without a payload")

    async def shut(self) -> None:
        """Close the socket and wait, for a moment, until the SDK's tasks have ended."""
        client = self.client
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.close_async()  # type: ignore[no-untyped-call]  # bolt annotates no result
        except (TimeoutError, aiohttp.ClientError, OSError):
            await client.aiohttp_client_session.close()
        tasks = (client.message_processor, client.current_session_monitor, client.message_receiver)
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_CLOSE_S)


class SlackSocket:
    """Keeps one socket open. The SDK reconnects by itself; where it cannot, its handler is replaced by a new one."""

    def __init__(self, app: AsyncApp, intake: SlackIntake, app_token: str, clients: Clients) -> None:
        self._app = app
        self._intake = intake
        self._app_token = app_token
        self._clients = clients
        self._open: set[SocketModeClient] = set()

    @property
    def open_sockets(self) -> int:
        """How many sockets are open, or were until some seconds ago."""
        return len(self._open)

    async def is_connected(self) -> bool:
        """Say whether any socket is open."""
        return any([await client.is_connected() for client in self._open])

    async def keep_open(self, open_connection: OpenConnection, connected: Callable[[], None]) -> None:
        """Connect, call `connected`, stay connected until cancelled. Raises `Misconfigured`."""
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            try:
                address = await open_connection()
            except ChannelRateLimited as error:
                await asyncio.sleep(error.retry_after_s)
                continue
            except (ChannelUnavailable, Permanent) as error:
                pause_s = backoff.next_s()
                _LOG.warning("Slack gives no socket, next try in %g s: %s", pause_s, error)
                await asyncio.sleep(pause_s)
                continue
            if await self._serve(address, connected):
                backoff.reset()
            else:
                await asyncio.sleep(backoff.next_s())

    async def _serve(self, address: str, connected: Callable[[], None]) -> bool:
        """Hold one handler for as long as it works. Returns whether it ever connected."""
        handler = _Handler(self._app, self._intake, self._app_token, self._clients)
        try:
            # With an address the SDK connects at once. Without, it would ask for one and, refused, retry for ever.
            handler.client.wss_uri = address
            try:
                async with asyncio.timeout(self._clients.limits.connect_s):
                    await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt annotates no result
            except TimeoutError:
                _LOG.warning("A socket to Slack did not open in %g s.", self._clients.limits.connect_s)
                return False
            self._open.add(handler.client)
            connected()
            await _until_dead(handler.client, self._clients.limits)
            _LOG.warning("A socket to Slack was lost and is replaced.")
            return True
        finally:
            self._open.discard(handler.client)
            await handler.shut()


async def _until_dead(client: SocketModeClient, limits: SlackLimits) -> None:
    """Return when the SDK has not had its socket open for some time."""
    last_alive = monotonic()
    while monotonic() - last_alive < limits.replace_socket_after_s:
        await asyncio.sleep(limits.look_at_socket_s)
        if await client.is_connected():
            last_alive = monotonic()
