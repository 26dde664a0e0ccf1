"""Workspaces that install the app by themselves: the stand-in as Slack, the real store, and the workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
from cryptography.fernet import Fernet

from adapters.redis_store import RedisStores
from adapters.slack.channel import SlackChannel
from adapters.slack.inbound.http_mode import EVENTS_PATH, Web
from adapters.slack.limits import SlackLimits
from adapters.slack.scopes import BOT_SCOPES
from adapters.slack.workspaces.distribution import Distribution
from adapters.slack.workspaces.installation_store import InstallationStore
from adapters.slack.workspaces.oauth import INSTALL_PATH, REDIRECT_PATH, OAuthApp
from adapters.web.server import WebServer
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import ThreadKey
from config.slack import SlackSettings
from sandbox.slack import SlackStandIn
from sandbox.slack.oauth import CLIENT_ID, CLIENT_SECRET
from sandbox.slack.workspace import SlackWorkspace
from tests.contract.slack.inbox_fixture import Inbox
from tests.contract.store_steps import DONE, begun

KEY, OLDER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@dataclass
class Worker:
    """A channel that receives, its web server, and what it hands over."""

    channel: SlackChannel
    url: str
    inbox: Inbox = field(default_factory=Inbox)


@dataclass
class Street:
    """The stand-in with two more workspaces, and the workers."""

    slack: SlackStandIn
    stores: RedisStores
    north: SlackWorkspace
    south: SlackWorkspace
    stack: AsyncExitStack
    options: SlackSettings = field(default_factory=SlackSettings)
    refused: frozenset[str] = frozenset()
    """Workspaces that may not install the app."""
    limits: SlackLimits = field(default_factory=SlackLimits)

    def grants(self, *keys: str) -> InstallationStore:
        """Return what is granted, as a worker with these keys reads it."""
        return InstallationStore(self.stores.records, self.stores.leader, keys or (KEY,))

    def channel(
        self,
        web: Web | None,
        keys: tuple[str, ...] = (KEY,),
        app_token: str = "",
        email_domains: frozenset[str] = frozenset(),
    ) -> SlackChannel:
        app = OAuthApp(CLIENT_ID, CLIENT_SECRET, BOT_SCOPES, lambda account: account not in self.refused)
        stores = self.stores
        installs = Distribution(app, keys, stores.records, stores.leader, stores.accounts)
        return SlackChannel(
            installs=installs,
            web=web,
            app_token=app_token,
            api_url=self.slack.api_url,
            sessions=stores.sessions,
            options=self.options,
            limits=self.limits,
            email_domains=email_domains,
        )

    async def worker(self, *keys: str, email_domains: frozenset[str] = frozenset()) -> Worker:
        """Start a worker that takes events over HTTP, and the app's settings lead to it."""
        server = await self.stack.enter_async_context(WebServer(port=0, host="127.0.0.1", channels=["slack"]))
        channel = self.channel(Web(server, self.slack.signing_secret), keys or (KEY,), email_domains=email_domains)
        worker = Worker(channel, f"http://127.0.0.1:{server.port}")
        await channel.open()
        await self.stack.enter_async_context(_receiving(worker))
        self.slack.deliver_to(worker.url + EVENTS_PATH)
        self.slack.distribution.redirect_url = worker.url + REDIRECT_PATH
        return worker

    async def socket_worker(self, app_token: str = "") -> Worker:
        """Start a worker that takes events over sockets, and installations over HTTP."""
        server = await self.stack.enter_async_context(WebServer(port=0, host="127.0.0.1", channels=["slack"]))
        channel = self.channel(Web(server), app_token=app_token or self.slack.app_token)
        worker = Worker(channel, f"http://127.0.0.1:{server.port}")
        await channel.open()
        await self.stack.enter_async_context(_receiving(worker))
        self.slack.distribution.redirect_url = worker.url + REDIRECT_PATH
        return worker

    async def install(self, worker: Worker, space: SlackWorkspace | None) -> httpx.Response:
        """Let a person of a workspace go through the pages; None cancels."""
        self.slack.distribution.consents_for = space
        async with httpx.AsyncClient() as browser:
            begun_at = await browser.get(worker.url + INSTALL_PATH)
            cookie = begun_at.headers["set-cookie"].partition(";")[0]
            asked = await browser.get(begun_at.headers["location"])
            return await browser.get(asked.headers["location"], headers={"Cookie": cookie})

    async def open_session(self, thread: ThreadKey) -> None:
        lease = await begun(self.stores, f"q-{thread.place}", thread=thread)
        session = Session(thread, Conversation(f"c-{thread.place}", "jwt"), "Ada", "U1", "u", 5.0)
        await self.stores.sessions.bind(lease, session, 600)
        await self.stores.queue.settle(lease, DONE)


@asynccontextmanager
async def _receiving(worker: Worker) -> AsyncIterator[None]:
    connected = asyncio.Event()
    receiving = asyncio.ensure_future(worker.channel.receive(worker.inbox.accept, lambda _: connected.set()))
    await asyncio.wait_for(connected.wait(), 10)
    yield
    receiving.cancel()
    await asyncio.wait([receiving])
    await worker.channel.aclose()


@asynccontextmanager
async def street_of(stores: RedisStores, limits: SlackLimits) -> AsyncIterator[Street]:
    """Open the street."""
    async with SlackStandIn(time_scale=0.1) as slack, AsyncExitStack() as stack:
        slack.echoes = False
        north, south = slack.add_workspace("T0NORTH", "North"), slack.add_workspace("T0SOUTH", "South")
        for space, person, place in ((north, "U0NINA", "C0NORTH"), (south, "U0SAM", "C0SOUTH")):
            slack.person(person.title(), person, space=space)
            slack.add_channel(place, "general", space=space)
        yield Street(slack, stores, north, south, stack, limits=limits)
