"""Slack as the bridge's ports see it."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from adapters.slack import CHANNEL
from adapters.slack.api.client import Clients, until_open
from adapters.slack.format import markdown_block as markup
from adapters.slack.inbound.http_mode import Web
from adapters.slack.inbound.listener import Listener
from adapters.slack.interactions.suggestions import Suggestions
from adapters.slack.limits import USUAL, SlackLimits
from adapters.slack.options import SlackOptions
from adapters.slack.outbound.files import SlackFiles
from adapters.slack.outbound.message_lookup import find_page
from adapters.slack.outbound.messages import edit_page, pace_of, post_ephemeral, post_page, stream_pace_of
from adapters.slack.outbound.streams import may_stream
from adapters.slack.people.directory import EmailRules, plain_identifier
from adapters.slack.workspaces.calls import WorkspaceCalls
from adapters.slack.workspaces.context import WorkspaceFactory, Workspaces
from adapters.slack.workspaces.single import OneWorkspace
from bridge.domain.errors import ChannelTokenRefused, PlaceGone
from bridge.domain.incoming import Origin, Question, Queued
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.threads import Address, Locale, ThreadKey
from bridge.domain.turns import PromptContext, Settlement
from bridge.ports.channel import Accept
from bridge.ports.channel_capabilities import PromptsAt
from bridge.ports.stores.chat_moves import Accounts
from bridge.ports.stores.key_value import KeyValueStore
from bridge.ports.stores.sessions import SessionStore
from bridge.ports.stores.take_overs import TakeOvers
from bridge.runtime.background_queue import BackgroundQueue
from bridge.runtime.cancellation import unwrap_group

if TYPE_CHECKING:
    from adapters.slack.workspaces.distribution import Distribution

_MOST_WAITING, _RUNNERS = 300, 3  # of best-effort calls: reactions, the App Home tab, prompts


class SlackChannel:
    """Slack over Socket Mode or HTTP: implements `Channel`, `Receiver` and all capabilities but `OwnAgent`.

    Args:
        bot_token: `xoxb-…`, for the Web API of one workspace; empty where `installs` is given.
        installs: How any number of workspaces install the app.
        app_token: `xapp-…` with the scope `connections:write`, for the sockets; empty in HTTP mode.
        web: The web server that Slack, and people who install the app, call.
        places: Ends all that is open in a workspace.
        api_url, proxy: As `Clients`.
        options: What the bot may do, and who may ask.
        allow_mentions: The tokens of those whom the agent may mention, such as `<@U1>`.
        sessions, take_overs: Know which conversations a person has open, and which threads people have. Without the
            second no person takes one over.
        marks: Remembers what was done once.
        email_domains: Those whose addresses count wherever they come from.
    """

    name = CHANNEL
    account = None  # every worker has all workspaces

    def __init__(
        self,
        *,
        options: SlackOptions,
        bot_token: str = "",
        app_token: str = "",
        installs: "Distribution | None" = None,
        web: Web | None = None,
        places: Accounts | None = None,
        api_url: str = "https://slack.com/api/",
        proxy: str | None = None,
        allow_mentions: AbstractSet[str] = frozenset(),
        sessions: SessionStore | None = None,
        marks: KeyValueStore | None = None,
        email_domains: AbstractSet[str] = frozenset(),
        take_overs: TakeOvers | None = None,
        limits: SlackLimits = USUAL,
    ) -> None:
        self._streaming = Streaming(options.streaming)
        self._allowed = allow_mentions
        self._options = options
        self._background = BackgroundQueue(_MOST_WAITING, runners=_RUNNERS)
        self._clients = Clients(api_url, proxy, limits)
        emails = EmailRules.of(options, email_domains, is_of_many=installs is not None)
        self._suggestions = Suggestions(options.prompts)
        furnishing = WorkspaceFactory(
            options, self._allowed, sessions, marks, self._background, emails, limits, take_overs, self._suggestions
        )
        self._workspaces: Workspaces = (
            OneWorkspace(self._clients, bot_token, furnishing, places)
            if installs is None
            else installs.workspaces(self._clients, furnishing)
        )
        self._calls = WorkspaceCalls(self._workspaces)
        self._listener = Listener(
            self._clients, self._workspaces, options, app_token=app_token, web=web, installs=installs, marks=marks
        )
        self._is_confirmed = False  # whether Slack took the tokens when it was asked last

    @property
    def streaming(self) -> Streaming:
        """How replies are shown while they grow."""
        return self._streaming

    @property
    def receives_alone(self) -> str:
        """Empty: Slack gives each event to one of any number of workers."""
        return ""

    @property
    def only_opener_controls(self) -> bool:
        """Whether only the person who began a conversation may end it."""
        return self._options.control == "asker"

    @property
    def controls(self) -> frozenset[Button]:
        """Everything; ratings where the settings want them."""
        return frozenset(Button) - (set() if self._options.feedback else {Button.GOOD, Button.BAD})

    async def open(self) -> None:
        """Check the tokens. Does nothing when open, unless one was refused since.

        Raises `ChannelTokenRefused` naming the setting, `SettingWrong`, `ChannelUnavailable`, `ChannelRateLimited`.
        """
        if self._is_confirmed:
            return
        if not self._calls.is_open:
            self._clients.open()
        try:
            await self._workspaces.open()
            await self._listener.check()
        except BaseException:
            if not self._calls.is_open:
                await self._clients.aclose()
            raise
        self._calls.is_open = self._is_confirmed = True

    async def aclose(self) -> None:
        """Close all connections. Calls made after it raise `ChannelUnavailable`."""
        self._calls.is_open = self._is_confirmed = False
        await self._clients.aclose()

    def fits(self, text: str) -> bool:
        """Say whether this Markdown fits one message."""
        return markup.fits(text)

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Say whether a message that shows the one needs no edit to show the other."""
        if one.final != other.final and self._mode(one.streaming) is Streaming.NATIVE:
            return False  # streams have to stop
        is_same_below = (one.aside, one.controls) == (other.aside, other.controls)
        return is_same_below and markup.markdown_of(one) == markup.markdown_of(other)

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        """Say how calls in this place are to be spaced."""
        return stream_pace_of(address) if self._streams_in(address, streaming) else pace_of(address)

    async def post(self, address: Address, view: PageView) -> str:
        """Show a page as a new message, which may be a stream; return its `ts`."""
        async with self._calls.calling(address.account) as here:
            ts = await here.streams.start(address, view) if self._streams_in(address, view.streaming) else None
            ts = ts or await post_page(here.client, address, view, self._allowed)
            here.activity.forget(address)
            return ts

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message look like `view`."""
        async with self._calls.calling(address.account) as here:
            if not await here.streams.go_on(address, message_id, view):
                await edit_page(here.client, address, message_id, view, self._allowed)

    async def find_post(self, address: Address, view: PageView) -> str | None:
        """Look for the message that already shows this page of this turn."""
        streams = self._mode(view.streaming) is Streaming.NATIVE
        async with self._calls.calling(address.account) as here:
            return await find_page(here.client, here.workspace, address, view, streams=streams)

    @property
    def files(self) -> SlackFiles:
        """Shares and reads files in any workspace."""
        return SlackFiles(self._calls.calling)

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show the status under the thread, where a page shows nothing else. As `Drafts.draft`."""
        is_status = self._mode(view.streaming) is Streaming.STATUS or self._streams_in(address, view.streaming)
        if view.text or not is_status:
            return False
        async with self._calls.calling(address.account) as here:
            return await here.activity.say(address, view)

    async def show_activity(self, address: Address, language: str = "") -> None:
        """Show "is thinking…" under a thread, where the app may."""
        here = await self._calls.perhaps(address.account)
        if here is not None:
            await here.show_activity(address, language)

    def suggest(self, prompts_at: PromptsAt) -> None:
        """Suggest what the operator's routes name, in the App Home tab and the view for agents."""
        self._suggestions.prompts_at = prompts_at

    async def user_identifier(self, queued: Queued) -> str:
        """Return the asker's e-mail address, or else `slack:<team>:<user>`."""
        here = await self._calls.perhaps(queued.thread.account)
        return plain_identifier(queued) if here is None else await here.people.identifier(queued)

    async def name_of(self, thread: ThreadKey, person_id: str) -> str:
        """Return the name that the person goes by; empty where Slack does not tell."""
        here = await self._calls.perhaps(thread.account)
        return "" if here is None else await here.people.shown_name(person_id)

    async def locale_of(self, origin: Origin) -> Locale:
        """Return the person's language and time zone, as far as Slack says."""
        here = None if origin.person.is_program else await self._calls.perhaps(origin.thread.account)
        return origin.person.locale if here is None else await here.people.locale(origin.person.id)

    async def admits(self, queued: Queued) -> bool:
        """Admit members, and others as the settings say; no one if the app was removed since."""
        try:
            here = await self._calls.of(queued.thread.account)
        except PlaceGone:
            return False
        return await here.admission.admits(queued)

    async def email_of(self, queued: Queued) -> str:
        """Return the asker's confirmed e-mail address; empty where there is none."""
        return await (await self._calls.of(queued.thread.account)).admission.email_of(queued)

    async def tell_alone(self, origin: Origin, notice: str) -> None:
        """Show a notice that only this person sees."""
        here = await self._calls.perhaps(origin.thread.account)
        if here is not None:
            await post_ephemeral(here.client, origin.address, origin.person.id, notice)

    async def settled(self, queued: Queued, settlement: Settlement) -> None:
        """Take the sign from the question, where it got one, and say in the agent view that the turn is over."""
        here = await self._calls.perhaps(queued.thread.account)
        if here is not None:
            await here.settled(queued, settlement)

    async def ended(self, thread: ThreadKey) -> None:
        """Say in the agent view that the thread's conversation is over."""
        if (here := await self._calls.perhaps(thread.account)) is not None and here.agent_view is not None:
            await here.agent_view.ended(thread)

    async def suspended(self, thread: ThreadKey) -> None:
        """Say in the agent view that a person has the thread."""
        if (here := await self._calls.perhaps(thread.account)) is not None and here.agent_view is not None:
            await here.agent_view.suspended(thread)

    async def wording(self, question: Question, circumstances: PromptContext) -> str:
        """Return the question with names for ids, who speaks, and what was said before, as the settings have it."""
        here = await self._calls.perhaps(question.thread.account)
        return question.text if here is None else await here.wording.of(question, circumstances)

    @property
    def trouble(self) -> str:
        """As `ReceivingState`."""
        return self._listener.trouble

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Take events and hand over questions until cancelled. See `Receiver`."""
        await until_open(self.open)
        try:
            with unwrap_group():
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._background.run())
                    await self._listener.run(accept, connected)
        except ChannelTokenRefused:
            self._is_confirmed = False  # replies go on: the other token may still be good
            raise

    def _mode(self, streaming: Streaming | None) -> Streaming:
        return streaming or self._streaming

    def _streams_in(self, address: Address, streaming: Streaming | None) -> bool:
        if self._mode(streaming) is not Streaming.NATIVE:
            return False
        here = self._workspaces.at_hand(address.account)
        return may_stream(address) if here is None else here.streams.are_offered(address)
