"""Takes what Slack sends, over sockets or HTTP, and hands questions over."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import monotonic
from typing import TYPE_CHECKING

from adapters.slack.api.client import Clients
from adapters.slack.inbound.bolt_app import make_app
from adapters.slack.inbound.catch_up import CatchUp
from adapters.slack.inbound.event_handler import SlackIntake
from adapters.slack.inbound.http_mode import EVENTS_PATH, LARGEST_BODY, EventRequests, Web
from adapters.slack.inbound.recent_threads import RecentThreads
from adapters.slack.inbound.socket_mode import SlackSocket, open_connection
from adapters.slack.options import SlackOptions
from adapters.slack.workspaces.context import Workspaces
from bridge.domain.errors import ChannelRateLimited
from bridge.ports.channel import Accept
from bridge.ports.stores.key_value import KeyValueStore

if TYPE_CHECKING:
    from adapters.slack.workspaces.distribution import Distribution

_SOCKETS = 2
"""One can fail, or be renewed by Slack every few hours, while the other goes on."""
_DRAIN_S = 1.0


class Listener:
    """The receiving half of the channel.

    Args:
        clients: Make the calls.
        workspaces: Where the app is installed.
        options: What the bot may do, and who may ask.
        app_token: For the sockets; empty in HTTP mode.
        web: How Slack, and people who install the app, reach us.
        installs: How any number of workspaces install the app.
        marks: Remembers when events came last, and where people talked.
    """

    def __init__(
        self,
        clients: Clients,
        workspaces: Workspaces,
        options: SlackOptions,
        *,
        app_token: str,
        web: Web | None,
        installs: "Distribution | None",
        marks: KeyValueStore | None,
    ) -> None:
        self._clients = clients
        self._workspaces = workspaces
        self._options = options
        self._app_token = app_token
        self._web = web
        self._installs = installs
        self._marks = marks
        self._socket: SlackSocket | None = None
        self._unused: tuple[str, float] | None = None
        """A socket's address that was given when the token was tried, and when. Slack gives about one a minute."""

    @property
    def trouble(self) -> str:
        """Why no events come; empty where they do, or where Slack calls us."""
        return "Slack: no socket is open" if self._socket is not None and not self._socket.open_sockets else ""

    async def check(self) -> None:
        """Ask Slack for a socket, where sockets are to be held. Raises `ChannelTokenRefused`, `ChannelUnavailable`.

        A 429 is no error: replies that are under way go on, and receiving waits for the socket.
        """
        if not self._is_called:
            with suppress(ChannelRateLimited):
                self._unused = (await self._open_connection(), monotonic())

    async def run(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Take events, and installations, until cancelled. As `Receiver.receive`."""
        recent = None if self._marks is None else RecentThreads(self._marks)
        intake = SlackIntake(accept, self._workspaces, self._options, recent, self._clients.limits)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(intake.late.run())
            if self._marks is not None and recent is not None:
                keeps = (self._workspaces, intake.keep_event, self._hears)
                tasks.create_task(CatchUp(*keeps, self._marks, recent, self._clients.limits).run())
            tasks.create_task(self._listen(intake, _Announcement(connected, self._whose())))
            try:
                await self._workspaces.watch()
            finally:
                await intake.shut(_DRAIN_S)

    async def _listen(self, intake: SlackIntake, announce: "_Announcement") -> None:
        with ExitStack() as served:
            if self._web is not None and self._installs is not None:
                self._installs.serve_pages(self._clients, self._web.routes, served)
            if self._web is not None and self._is_called:
                secret = self._web.signing_secret
                requests = EventRequests(
                    make_app(self._clients.client(), intake, secret),
                    intake,
                    secret,
                    self._clients.limits.answer_within_s,
                )
                served.enter_context(
                    self._web.routes.serve(
                        EVENTS_PATH, requests.answer, screen=requests.may_be_signed, largest_body=LARGEST_BODY
                    )
                )
                announce(f"by HTTP at {EVENTS_PATH}")
                await asyncio.Event().wait()
            else:
                await self._hold_sockets(intake, announce)

    @property
    def _is_called(self) -> bool:
        """Whether Slack calls us, and we hold no sockets."""
        return self._web is not None and bool(self._web.signing_secret)

    async def _hears(self) -> bool:
        return self._is_called or (self._socket is not None and await self._socket.is_connected())

    async def _hold_sockets(self, intake: SlackIntake, announce: "_Announcement") -> None:
        client = self._clients.client()
        socket = self._socket = SlackSocket(make_app(client, intake), intake, self._app_token, self._clients)
        is_open = asyncio.Event()

        def connected() -> None:
            is_open.set()
            announce("in Socket Mode")

        async def keep_another() -> None:
            # Where Slack gives one address a minute, the first socket gets it, and the others wait.
            await is_open.wait()
            await socket.keep_open(self._open_connection, connected)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(socket.keep_open(self._open_connection, connected))
            for _ in range(_SOCKETS - 1):
                tasks.create_task(keep_another())

    async def _open_connection(self) -> str:
        unused, self._unused = self._unused, None
        if unused is not None and monotonic() - unused[1] < self._clients.limits.address_lasts_s:
            return unused[0]
        return await open_connection(self._clients.client(), self._app_token)

    def _whose(self) -> str:
        if self._installs is not None:
            return "its installer"
        installed = self._workspaces.at_hand("")
        return "" if installed is None else installed.workspace.name or installed.workspace.team_id


class _Announcement:
    """Says once that Slack is connected."""

    def __init__(self, connected: Callable[[str], None], whose: str) -> None:
        self._connected = connected
        self._whose = whose
        self._was_made = False

    def __call__(self, how: str) -> None:
        if not self._was_made:
            self._was_made = True
            self._connected(f"Slack: connected to {self._whose} {how}")
