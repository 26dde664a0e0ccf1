"""One workspace, whose bot token is a setting."""

import asyncio
import logging

from adapters.slack import CHANNEL
from adapters.slack.api.client import Clients, identify
from adapters.slack.workspaces.context import WorkspaceContext, WorkspaceFactory
from bridge.domain.errors import ChannelUnavailable, Permanent, Retryable
from bridge.ports.stores.chat_moves import Accounts

_LOG = logging.getLogger(__name__)


class OneWorkspace:
    """Implements `adapters.slack.workspaces.context.Workspaces`. Every call is made with the one token."""

    def __init__(
        self, clients: Clients, bot_token: str, furnishing: WorkspaceFactory, places: Accounts | None = None
    ) -> None:
        self._clients = clients
        self._bot_token = bot_token
        self._furnishing = furnishing
        self._places = places
        self._installed: WorkspaceContext | None = None

    async def open(self) -> None:
        """Ask Slack whose the token is. Raises `ChannelTokenRefused`, `ChannelUnavailable`."""
        client = self._clients.client(self._bot_token)
        self._installed = self._furnishing.of(client, await identify(client))

    async def of(self, account: str) -> WorkspaceContext:
        """Return the workspace. Raises `ChannelUnavailable` before `open`."""
        installed = self.at_hand(account)
        if installed is None:
            raise ChannelUnavailable("the Slack channel is not open")
        return installed

    def at_hand(self, account: str) -> WorkspaceContext | None:
        """Return the workspace once it is known."""
        del account
        return self._installed

    async def receiving(self, account: str) -> WorkspaceContext | None:
        """Return the workspace, unless the event says that it is for another one in which the app is installed."""
        installed = self._installed
        return installed if installed is not None and account in {"", installed.workspace.account} else None

    async def remove(self, account: str, told_at: float) -> None:
        """End the sessions. Slack refuses the token from now on, which ends the worker. Raises `StoreUnavailable`."""
        del told_at
        installed = await self.receiving(account)
        if installed is not None and self._places is not None:
            await self._places.leave_account(CHANNEL, installed.workspace.account)

    async def refused(self, installed: WorkspaceContext, token: str) -> None:
        """Nothing: an operator has to act."""

    async def watch(self) -> None:
        """Look now and then whether the bot token still holds. Raises `ChannelTokenRefused`."""
        while True:
            await asyncio.sleep(self._clients.limits.check_token_every_s)
            try:
                await identify(self._clients.client(self._bot_token))
            except (Retryable, Permanent) as error:
                _LOG.warning("Slack did not confirm the bot token: %s", error)
