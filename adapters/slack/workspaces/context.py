"""The app in one workspace: what is known there, and what is done there. And where the workspaces come from."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import CHANNEL
from adapters.slack.api.identity import BotIdentity
from adapters.slack.interactions.ack_reaction import Receipts
from adapters.slack.interactions.agent_view import AgentView
from adapters.slack.interactions.app_home import Home
from adapters.slack.interactions.button_handler import Presses
from adapters.slack.interactions.slash_commands import SessionsOf, TakenBy
from adapters.slack.interactions.suggestions import Suggestions
from adapters.slack.limits import USUAL, SlackLimits
from adapters.slack.options import SlackOptions
from adapters.slack.outbound.streams import Streams
from adapters.slack.outbound.thread_status import Activity
from adapters.slack.people.admission import Admission
from adapters.slack.people.directory import EmailRules, People
from adapters.slack.people.prompt import Prompt
from adapters.slack.people.thread_history import EarlierMessages
from bridge.domain.incoming import TAKE_OVER, Command, CommandName, Queued
from bridge.domain.sessions import Session
from bridge.domain.take_overs import TakeOver
from bridge.domain.threads import Address
from bridge.domain.turns import Settlement
from bridge.ports.stores.key_value import KeyValueStore
from bridge.ports.stores.sessions import SessionStore
from bridge.ports.stores.take_overs import TakeOvers
from bridge.runtime.background_queue import BackgroundQueue


@dataclass(frozen=True, slots=True)
class WorkspaceContext:
    """What lives as long as one token of one workspace, or of one organisation."""

    client: AsyncWebClient
    workspace: BotIdentity
    people: People
    admission: Admission
    wording: Prompt
    activity: Activity
    streams: Streams
    home: Home
    presses: Presses
    receipts: Receipts | None
    agent_view: AgentView | None
    sessions_of: SessionsOf
    taken_by: TakenBy | None
    """None: no person takes a thread over."""

    async def show_activity(self, address: Address, language: str) -> None:
        """Show that the agent is at work, under the thread and in the agent view, which has fewer calls."""
        await self.activity.show(address, language)
        if self.agent_view is not None:
            await self.agent_view.begun(address)

    async def settled(self, queued: Queued, settlement: Settlement) -> None:
        """Take the sign from the question, and say in the Home tab and the agent view that the turn is over."""
        self.home.settled(queued)
        if self.receipts is not None:
            await self.receipts.take_away(queued)
        if self.agent_view is not None:
            ends = isinstance(queued, Command) and queued.name in {CommandName.END, *TAKE_OVER}
            await self.agent_view.settled(queued, is_open=settlement.end_reason is None and not ends)


@dataclass(frozen=True, slots=True)
class WorkspaceFactory:
    """What all workspaces have in common."""

    options: SlackOptions
    allowed: AbstractSet[str]
    """The mentions of the agent that take effect."""
    sessions: SessionStore | None
    marks: KeyValueStore | None
    background: BackgroundQueue
    emails: EmailRules
    limits: SlackLimits = USUAL
    take_overs: TakeOvers | None = None
    suggestions: Suggestions | None = None
    """None: those of the settings."""

    def of(self, client: AsyncWebClient, workspace: BotIdentity) -> WorkspaceContext:
        """Put together what one workspace needs."""
        options, background = self.options, self.background
        sessions, take_overs = self.sessions, self.take_overs
        suggestions = self.suggestions or Suggestions(options.prompts)
        people = People(client, workspace, emails=self.emails, look_up_s=self.limits.look_up_s)
        activity = Activity(client)

        async def sessions_of(user: str) -> Sequence[Session]:
            return () if sessions is None else await sessions.opened_by(CHANNEL, workspace.account, user)

        async def taken_by(user: str) -> Sequence[TakeOver]:
            taken = () if take_overs is None else await take_overs.all_threads()
            here = (CHANNEL, workspace.account, user)
            return [one for one in taken if (one.thread.channel, one.thread.account, one.person.id) == here]

        return WorkspaceContext(
            client,
            workspace,
            people=people,
            admission=Admission(people, options),
            wording=Prompt(people, EarlierMessages(client, workspace), options, self.limits.prompt_s),
            activity=activity,
            streams=Streams(client, activity, self.allowed, age_most_s=self.limits.stream_age_most_s),
            presses=Presses(client, workspace, people, options, sessions, self.marks, background),
            home=Home(client, workspace, sessions_of, people, suggestions, background),
            receipts=Receipts(client, background) if options.receipt else None,
            agent_view=AgentView(client, workspace.account, suggestions, background) if options.agent_view else None,
            sessions_of=sessions_of,
            taken_by=None if take_overs is None else taken_by,
        )


class Workspaces(Protocol):
    """Where the app is installed. Accounts are those of `BotIdentity.account`."""

    async def open(self) -> None:
        """Check what can be checked at the start. Raises `Misconfigured`, `ChannelUnavailable`."""
        ...

    async def of(self, account: str) -> WorkspaceContext:
        """Return the workspace for a call. Raises `PlaceGone` where the app is not installed, `ChannelUnavailable`."""
        ...

    def at_hand(self, account: str) -> WorkspaceContext | None:
        """Return the workspace where it is known without asking anybody."""
        ...

    async def receiving(self, account: str) -> WorkspaceContext | None:
        """Return the workspace in which an event happened; None where the app is not installed.

        Raises `StoreUnavailable`: the event is to be delivered again.
        """
        ...

    async def remove(self, account: str, told_at: float) -> None:
        """Forget a workspace that the app was removed from before that time, and end its sessions.

        Raises `StoreUnavailable`. Safe to repeat.
        """
        ...

    async def refused(self, installed: WorkspaceContext, token: str) -> None:
        """Take note that Slack says of the token that a call was made with that it is gone.

        Raises `PlaceGone` where the workspace is gone with it, `ChannelUnavailable` where it may have another one.
        """
        ...

    async def watch(self) -> None:
        """Look now and then whether all is well, until cancelled. Raises `ChannelTokenRefused`."""
        ...
