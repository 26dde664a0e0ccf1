"""Slack as the bridge's ports see it."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import markup
from adapters.slack.activity import Activity
from adapters.slack.admission import Admission
from adapters.slack.agent_view import AgentView
from adapters.slack.commands import SlashCommands
from adapters.slack.earlier import EarlierMessages
from adapters.slack.errors import Call, translated
from adapters.slack.find import find_page
from adapters.slack.home import Home
from adapters.slack.intake import SlackIntake
from adapters.slack.people import People, plain_identifier
from adapters.slack.policy import Policy
from adapters.slack.receipts import Receipts
from adapters.slack.send import edit_page, pace_of, post_page, stream_pace_of
from adapters.slack.socket_mode import SlackSocket, make_app
from adapters.slack.streams import Streams
from adapters.slack.vendor_log import VENDOR_LOG
from adapters.slack.wording import Wording
from adapters.slack.workspace import Workspace
from bridge.calls import Pace
from bridge.errors import ChannelUnavailable, Permanent, Retryable, SettingWrong
from bridge.models import (
    Address,
    Circumstances,
    Control,
    PageView,
    Question,
    QuestionKind,
    Session,
    Settlement,
    Streaming,
    ThreadKey,
)
from bridge.ports import Accept, SessionStore
from config.mentions import Mentions

_LOG = logging.getLogger(__name__)
_SOCKETS = 2
"""One can fail, or be renewed by Slack every few hours, while the other goes on."""
_START_UP_CALL_S = 4.5
_CALL_S = 20.0
_OPEN_AGAIN_S = 5.0
_DRAIN_S = 1.0
_CHECK_TOKEN_EVERY_S = 60.0
# Slack closes idle connections; a post on one that is closing would be a post of unknown outcome.
_KEEP_ALIVE_S = 15.0
_NOBODY = Mentions()
_USUAL = Policy()


@dataclass(frozen=True, slots=True)
class _Opened:
    """What lives from `open` to `aclose`."""

    session: aiohttp.ClientSession
    client: AsyncWebClient
    workspace: Workspace
    people: People
    admission: Admission
    wording: Wording
    activity: Activity
    streams: Streams
    home: Home
    receipts: Receipts | None
    agent_view: AgentView | None


class SlackChannel:
    """One Slack workspace over Socket Mode: implements `bridge.ports.Channel` and `bridge.ports.Receiver`.

    Args:
        bot_token: `xoxb-…`, for the Web API.
        app_token: `xapp-…` with the scope `connections:write`, for the sockets.
        api_url: Where the Web API is.
        proxy: An HTTP proxy for everything. The proxy variables of the environment are not read, as slack-sdk
            heeds no NO_PROXY.
        streaming: How replies are shown while they grow.
        mentions: Whom the agent may mention.
        policy: What the bot may do, and who may ask.
        sessions: Knows which conversations a person has open.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        api_url: str = "https://slack.com/api/",
        proxy: str | None = None,
        streaming: Streaming = Streaming.EDIT,
        mentions: Mentions = _NOBODY,
        policy: Policy = _USUAL,
        sessions: SessionStore | None = None,
    ) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._api_url = api_url
        self._proxy = proxy
        self._streaming = streaming
        self._allowed = mentions.slack
        self._policy = policy
        self._sessions = sessions
        self._opened: _Opened | None = None

    @property
    def name(self) -> str:
        """`slack`."""
        return "slack"

    @property
    def streaming(self) -> Streaming:
        """How replies are shown while they grow."""
        return self._streaming

    @property
    def receives_alone(self) -> str:
        """Empty: any number of workers may hold sockets, and Slack gives each event to one of them."""
        return ""

    @property
    def only_opener_controls(self) -> bool:
        """Whether nobody but the person who began a conversation may end it."""
        return self._policy.only_opener_controls

    @property
    def workspace(self) -> Workspace:
        """Whose token it is. Known once opened."""
        return self._live.workspace

    async def open(self) -> None:
        """Check both tokens. Does nothing when open.

        Raises `ChannelTokenRefused` naming the setting, `SettingWrong`, `ChannelUnavailable`, `ChannelRateLimited`.
        """
        if self._opened is not None:
            return
        _refuse_oauth_environment()
        if not self._api_url.startswith(("https://", "http://")):
            raise SettingWrong("SLACK_API_URL", "it is no http address", "Unset it, or use https://slack.com/api/.")
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=_CALL_S, sock_connect=5.0),
        )
        try:
            client = self._client(session)
            workspace = await _identify(client)
            await self._open_connection(client)
        except BaseException:
            await session.close()
            raise
        self._opened = self._furnished(session, client, workspace)

    async def aclose(self) -> None:
        """Close all connections. Calls made after it raise `ChannelUnavailable`."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.session.close()

    @property
    def controls(self) -> frozenset[Control]:
        """None yet."""
        return frozenset()

    def serves(self, thread: ThreadKey) -> bool:
        """There is one account."""
        del thread
        return True

    def agent_id(self, thread: ThreadKey) -> str:
        """The one of the settings answers everywhere."""
        del thread
        return ""

    def fits(self, text: str) -> bool:
        """Say whether this Markdown fits one message."""
        return markup.fits(text)

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Say whether a message that shows the one needs no edit to show the other."""
        # A stream has to be stopped, whatever it shows.
        ends_alike = one.final == other.final or self._streaming is not Streaming.NATIVE
        return ends_alike and markup.markdown_of(one) == markup.markdown_of(other)

    def pace(self, address: Address) -> Pace:
        """Say how calls in this place are to be spaced."""
        return stream_pace_of(address) if self._streams_in(address) else pace_of(address)

    async def post(self, address: Address, view: PageView) -> str:
        """Show a page as a new message, which may be a stream; return its `ts`."""
        live = self._live
        ts = await live.streams.start(address, view) if self._streams_in(address) else None
        ts = ts or await post_page(live.client, address, view, self._allowed)
        live.activity.forget(address)
        return ts

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message look like `view`."""
        if not await self._live.streams.go_on(address, message_id, view):
            await edit_page(self._live.client, address, message_id, view, self._allowed)

    async def find_post(self, address: Address, view: PageView) -> str | None:
        """Look for the message that already shows this page of this turn."""
        live, streams = self._live, self._streaming is Streaming.NATIVE
        return await find_page(live.client, live.workspace, address, view, streams=streams)

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show the status under the thread, where a page shows nothing else. As `bridge.ports.Channel.draft`."""
        shows_status = self._streaming is Streaming.STATUS or self._streams_in(address)
        return shows_status and not view.text and await self._live.activity.say(address, view.status)

    async def show_activity(self, address: Address) -> None:
        """Show "is thinking…" under a thread, where the app may."""
        if self._opened is not None:
            if self._opened.agent_view is not None:
                await self._opened.agent_view.begun(address)
            await self._opened.activity.show(address)

    async def user_identifier(self, question: Question) -> str:
        """Return the asker's e-mail address, or else `slack:<team>:<user>`."""
        if self._opened is None:
            return plain_identifier(question)
        return await self._opened.people.identifier(question)

    async def admits(self, question: Question) -> bool:
        """Admit members, and others as the policy has it. See `bridge.ports.Channel`."""
        return await self._live.admission.admits(question)

    async def settled(self, question: Question, settlement: Settlement) -> None:
        """Take the sign from the question, where it got one, and say in the agent view that the turn is over."""
        live = self._opened
        if live is not None:
            live.home.settled(question)
        if live is not None and live.receipts is not None:
            await live.receipts.take_away(question)
        if live is not None and live.agent_view is not None:
            is_open = settlement.end_reason is None and question.kind is not QuestionKind.END
            await live.agent_view.settled(question, is_open=is_open)

    async def ended(self, thread: ThreadKey) -> None:
        """Say in the agent view that the thread's conversation is over."""
        if self._opened is not None and self._opened.agent_view is not None:
            await self._opened.agent_view.ended(thread)

    async def wording(self, question: Question, circumstances: Circumstances) -> str:
        """Return the question with names for ids, who speaks, and what was said before, as the policy has it."""
        return question.text if self._opened is None else await self._opened.wording.of(question, circumstances)

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Hold two sockets open and hand over questions until cancelled. See `bridge.ports.Receiver`."""
        await self._open_patiently()
        live = self._live
        commands = SlashCommands(accept, self._sessions_of, live.workspace, self._policy)
        intake = SlackIntake(accept, live.workspace, self._policy, commands, live.home, live.receipts, live.agent_view)
        socket = SlackSocket(make_app(live.client, intake), intake, self._app_token, self._proxy)
        announce = _Announcement(connected, live.workspace)
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(_SOCKETS):
                    tasks.create_task(socket.keep_open(lambda: self._open_connection(live.client), announce))
                tasks.create_task(live.home.publish())
                if live.receipts is not None:
                    tasks.create_task(live.receipts.keep_promises())
                if live.agent_view is not None:
                    tasks.create_task(live.agent_view.show_prompts())
                try:
                    await _watch_token(live.client)
                finally:
                    await intake.shut(_DRAIN_S)
        except BaseExceptionGroup as group:
            raise _first_of(group) from None

    def _furnished(self, session: aiohttp.ClientSession, client: AsyncWebClient, workspace: Workspace) -> _Opened:
        policy = self._policy
        people = People(client, workspace, reads_emails=policy.reads_emails)
        activity = Activity(client)
        return _Opened(
            session,
            client,
            workspace,
            people=people,
            admission=Admission(client, people, policy),
            wording=Wording(people, EarlierMessages(client, workspace), policy),
            activity=activity,
            streams=Streams(client, activity, self._allowed),
            home=Home(client, workspace, self._sessions_of, policy.prompts),
            receipts=Receipts(client) if policy.shows_receipts else None,
            agent_view=AgentView(client, policy.prompts) if policy.shows_agent_view else None,
        )

    async def _sessions_of(self, user: str) -> Sequence[Session]:
        if self._sessions is None:
            return ()
        return await self._sessions.opened_by(self.name, self.workspace.team_id, user)

    def _streams_in(self, address: Address) -> bool:
        is_native = self._streaming is Streaming.NATIVE and self._opened is not None
        return is_native and self._live.streams.are_offered(address)

    async def _open_patiently(self) -> None:
        """Open, however long Slack is away. Raises `Misconfigured`."""
        while self._opened is None:
            try:
                await self.open()
            except Retryable as error:
                _LOG.warning("Slack cannot be reached: %s; trying again in %g s", error, _OPEN_AGAIN_S)
                await asyncio.sleep(_OPEN_AGAIN_S)

    @property
    def _live(self) -> _Opened:
        if self._opened is None:
            raise ChannelUnavailable("the Slack channel is not open")
        return self._opened

    def _client(self, session: aiohttp.ClientSession) -> AsyncWebClient:
        # No retry handlers: theirs repeat a post whose answer was lost.
        client = AsyncWebClient(
            token=self._bot_token, base_url=self._api_url, session=session, retry_handlers=[], logger=VENDOR_LOG
        )
        client.proxy = self._proxy
        return client

    async def _open_connection(self, client: AsyncWebClient) -> str:
        """Ask for a socket's address. A refused app token shows here: in the SDK it would be retried for ever."""
        with translated(Call("apps.connections.open", token_name="SLACK_APP_TOKEN")):  # noqa: S106 - a setting's name
            async with asyncio.timeout(_START_UP_CALL_S):
                answer = await client.apps_connections_open(app_token=self._app_token)
            url = answer.get("url")
        if not isinstance(url, str) or not url.startswith(("ws://", "wss://")):
            raise ChannelUnavailable("apps.connections.open answered without a socket's address")
        return url


class _Announcement:
    """Says once that Slack is connected."""

    def __init__(self, connected: Callable[[str], None], workspace: Workspace) -> None:
        self._connected = connected
        self._workspace = workspace
        self._was_made = False

    def __call__(self) -> None:
        if not self._was_made:
            self._was_made = True
            name = self._workspace.name or self._workspace.team_id
            self._connected(f"Slack: connected to {name} in Socket Mode")


async def _identify(client: AsyncWebClient) -> Workspace:
    with translated(Call("auth.test")):
        async with asyncio.timeout(_START_UP_CALL_S):
            answer = await client.auth_test()
        data = answer.data if isinstance(answer.data, Mapping) else {}
    facts = {name: value for name, value in data.items() if isinstance(value, str)}
    if not facts.get("team_id") or not facts.get("user_id"):
        raise ChannelUnavailable("auth.test answered without team_id and user_id")
    return Workspace(
        team_id=facts["team_id"],
        bot_user_id=facts["user_id"],
        bot_id=facts.get("bot_id", ""),
        url=facts.get("url", ""),
        name=facts.get("team", ""),
        enterprise_id=facts.get("enterprise_id", ""),
    )


async def _watch_token(client: AsyncWebClient) -> None:
    """Look now and then whether the bot token still holds. Raises `ChannelTokenRefused`."""
    while True:
        await asyncio.sleep(_CHECK_TOKEN_EVERY_S)
        try:
            await _identify(client)
        except (Retryable, Permanent) as error:
            _LOG.warning("Slack did not confirm the bot token: %s", error)


def _refuse_oauth_environment() -> None:
    """With both set, bolt becomes an OAuth app: it drops the bot token, acknowledges all events and loses them."""
    if os.environ.get("SLACK_CLIENT_ID") is not None and os.environ.get("SLACK_CLIENT_SECRET") is not None:
        raise SettingWrong(
            "SLACK_CLIENT_ID",
            "it is set together with SLACK_CLIENT_SECRET, and slack-bolt would then lose every event",
            "Unset both: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are all that is needed.",
        )


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
