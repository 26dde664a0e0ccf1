"""Between bolt and the core: an event is acknowledged only once `accept` has returned."""

import asyncio
import logging
from time import time

from slack_bolt.response import BoltResponse

from adapters.slack.format.buttons import read_press
from adapters.slack.inbound.event_parser import (
    MalformedEventError,
    Payload,
    opened_messages,
    read_message,
    read_native_stop,
    tells_of_removal,
)
from adapters.slack.inbound.late_events import LateEvents
from adapters.slack.inbound.recent_threads import RecentThreads
from adapters.slack.interactions.ephemeral import tell_alone
from adapters.slack.interactions.slash_commands import SlashCommands
from adapters.slack.limits import SlackLimits
from adapters.slack.options import SlackOptions
from adapters.slack.workspaces.context import WorkspaceContext, Workspaces
from bridge.domain.errors import BridgeError, StoreUnavailable
from bridge.domain.incoming import Command, IntakeResult, Question
from bridge.domain.notices import Notice
from bridge.ports.channel import Accept
from bridge.texts.catalog import texts_in

_LOG = logging.getLogger(__name__)
_ACKNOWLEDGED = 200
_DELIVER_AGAIN = 503
_MOST_STRANGERS = 1_000


class SlackIntake:
    """Takes payloads until it is shut, and knows which are still on their way."""

    def __init__(
        self,
        accept: Accept,
        workspaces: Workspaces,
        options: SlackOptions,
        recent: RecentThreads | None,
        limits: SlackLimits,
    ) -> None:
        self._accept = accept
        self._workspaces = workspaces
        self._options = options
        self._recent = recent
        self.late = LateEvents(self._keep_late, self._tell_not_taken, limits)
        self._is_open = True
        self._running: set[asyncio.Task[object]] = set()
        self._said: set[str] = set()

    async def take(self, payload: Payload, account: str, *, is_last: bool = False) -> BoltResponse:
        """Answer 200 where Slack may forget the event, and 503 where it is to deliver it again.

        `account`: whose installation it is for; empty where it does not say. `is_last`: Slack delivers it no more.
        """
        self._hold_current_task()
        if not self._is_open:
            return BoltResponse(status=_DELIVER_AGAIN, body="")
        try:
            return await self._keep(payload, account)
        except MalformedEventError as error:
            self.say_once(str(error))
            return BoltResponse(status=_ACKNOWLEDGED, body="")
        except StoreUnavailable:
            if is_last:
                _LOG.warning("A question could not be kept, and Slack delivers it no more: it waits here.")
                await self.late.hold(payload, account)
            else:
                _LOG.warning("A question could not be kept: it is left to Slack to deliver it again.")
            return BoltResponse(status=_DELIVER_AGAIN, body="")

    async def _keep(self, payload: Payload, account: str) -> BoltResponse:
        if tells_of_removal(payload):
            told_at = payload.get("event_time")
            await self._workspaces.remove(account, float(told_at) if isinstance(told_at, int) else time())
            return BoltResponse(status=_ACKNOWLEDGED, body="")
        pressed = read_press(payload)
        # Who presses in a shared channel may be of another workspace: the button knows better.
        installed = await self._workspaces.receiving(account if pressed is None else pressed.account)
        if installed is None:
            if len(self._said) < _MOST_STRANGERS:
                self.say_once(f"the app is not installed in {account}, as far as this bridge knows")
            return BoltResponse(status=_ACKNOWLEDGED, body="")
        if "command" in payload:
            answer = await self._commands_in(installed).obey(payload)
            body = {"response_type": "ephemeral", "text": answer} if answer else ""
            return BoltResponse(status=_ACKNOWLEDGED, body=body)
        if pressed is not None:
            await installed.presses.obey(payload, pressed, self._accept)
        elif payload.get("type") == "block_actions":
            await installed.home.obey(payload, self._accept)
        else:
            await self.keep_event(payload, installed)
        return BoltResponse(status=_ACKNOWLEDGED, body="")

    async def _keep_late(self, payload: Payload, account: str) -> None:
        try:
            await self._keep(payload, account)
        except MalformedEventError as error:
            self.say_once(str(error))

    async def _tell_not_taken(self, payload: Payload, account: str) -> None:
        """Tell the sender of a message to the bot that it did not arrive. Best effort."""
        try:
            installed = await self._workspaces.of(account)
            message = read_message(payload, installed.workspace, self._options)
            if isinstance(message, Question | Command) and message.origin.addressed:
                said = texts_in((await installed.people.locale(message.person.id)).language)(Notice.NOT_TAKEN)
                await tell_alone(installed.client, message.origin, said)
        except (BridgeError, MalformedEventError) as error:
            _LOG.warning("A message was lost, and its sender could not be notified: %s", error)

    async def keep_event(self, payload: Payload, installed: WorkspaceContext) -> None:
        """Keep what an event says. Raises `StoreUnavailable`, `MalformedEventError`."""
        installed.home.opened(payload)
        place, person = opened_messages(payload)
        if installed.agent_view is not None and place:
            installed.agent_view.opened(place, person)
        incoming = read_native_stop(payload, installed.workspace, self._options) or read_message(
            payload, installed.workspace, self._options
        )
        if incoming is None:
            return
        became = await self._accept(incoming)
        is_kept = became in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
        if self._recent is not None and is_kept:
            await self._recent.note(incoming.thread)
        if installed.receipts is not None and is_kept and isinstance(incoming, Question | Command):
            installed.receipts.promise(incoming)

    def _commands_in(self, installed: WorkspaceContext) -> SlashCommands:
        return SlashCommands(
            *(self._accept, installed.sessions_of, installed.taken_by, installed.people),
            *(installed.workspace, self._options),
        )

    def was_reached(self) -> bool:
        """Say whether the event that the current task handles came as far as `take`."""
        return asyncio.current_task() in self._running

    async def shut(self, drain_s: float) -> None:
        """Take nothing more; give what is on its way that long to be kept and acknowledged."""
        self._is_open = False
        if self._running:
            await asyncio.wait(self._running, timeout=drain_s)

    def say_once(self, reason: str) -> None:
        """Log that an event was ignored, once for each reason. Reasons are ours, so their number is bounded."""
        if reason not in self._said:
            self._said.add(reason)
            _LOG.warning("Ignored an event from Slack: %s. Further ones like it are not logged.", reason)

    def _hold_current_task(self) -> None:
        # The SDK keeps no reference to the tasks it runs events in, so one could be collected halfway.
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
