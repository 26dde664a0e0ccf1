"""The door between bolt and the core: an event is acknowledged only once `accept` has returned."""

import asyncio
import logging

from slack_bolt.response import BoltResponse

from adapters.slack.agent_view import AgentView
from adapters.slack.commands import SlashCommands
from adapters.slack.home import Home
from adapters.slack.policy import Policy
from adapters.slack.receipts import Receipts
from adapters.slack.receive import MalformedEventError, Payload, opened_messages, read_question
from adapters.slack.workspace import Workspace
from bridge.errors import StoreUnavailable
from bridge.models import Appended
from bridge.ports import Accept

_LOG = logging.getLogger(__name__)
_ACKNOWLEDGED = 200
_DELIVER_AGAIN = 503


class SlackIntake:
    """Takes payloads until it is shut, and knows which are still on their way."""

    def __init__(
        self,
        accept: Accept,
        workspace: Workspace,
        policy: Policy,
        commands: SlashCommands,
        home: Home,
        receipts: Receipts | None = None,
        agent_view: AgentView | None = None,
    ) -> None:
        self._home = home
        self._agent_view = agent_view
        self._accept = accept
        self._commands = commands
        self._receipts = receipts
        self._workspace = workspace
        self._policy = policy
        self._is_open = True
        self._running: set[asyncio.Task[object]] = set()
        self._said: set[str] = set()

    async def take(self, payload: Payload) -> BoltResponse:
        """Answer 200 where Slack may forget the event, and 503 where it is to deliver it again."""
        self._hold_current_task()
        if not self._is_open:
            return BoltResponse(status=_DELIVER_AGAIN, body="")
        try:
            return await self._keep(payload)
        except MalformedEventError as error:
            self.say_once(str(error))
            return BoltResponse(status=_ACKNOWLEDGED, body="")
        except StoreUnavailable:
            _LOG.warning("A question could not be kept: it is left to Slack to deliver it again.")
            return BoltResponse(status=_DELIVER_AGAIN, body="")

    async def _keep(self, payload: Payload) -> BoltResponse:
        if "command" in payload:
            answer = await self._commands.obey(payload)
            body = {"response_type": "ephemeral", "text": answer} if answer else ""
            return BoltResponse(status=_ACKNOWLEDGED, body=body)
        if payload.get("type") == "block_actions":
            await self._home.obey(payload, self._accept)
            return BoltResponse(status=_ACKNOWLEDGED, body="")
        self._home.opened(payload)
        if self._agent_view is not None and (place := opened_messages(payload)):
            self._agent_view.opened(place)
        question = read_question(payload, self._workspace, self._policy)
        if question is not None:
            became = await self._accept(question)
            if self._receipts is not None and became in {Appended.ACCEPTED, Appended.QUEUED}:
                self._receipts.promise(question)
        return BoltResponse(status=_ACKNOWLEDGED, body="")

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
