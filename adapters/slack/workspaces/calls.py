"""Gives the workspace that a call is made in, while the channel is open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.slack.api.errors import TokenGone
from adapters.slack.workspaces.context import WorkspaceContext, Workspaces
from bridge.domain.errors import BridgeError, ChannelUnavailable


class WorkspaceCalls:
    """Finds workspaces by their accounts. `is_open` is set by the channel."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self.is_open = False

    async def of(self, account: str) -> WorkspaceContext:
        """Return the workspace of an account. Raises `ChannelUnavailable`, `PlaceGone`."""
        if not self.is_open:
            raise ChannelUnavailable("the Slack channel is not open")
        return await self._workspaces.of(account)

    async def perhaps(self, account: str) -> WorkspaceContext | None:
        """Return the workspace of an account, for what is done there best effort."""
        with suppress(BridgeError):
            return await self.of(account)
        return None

    @asynccontextmanager
    async def calling(self, account: str) -> AsyncIterator[WorkspaceContext]:
        """Give the workspace for one call. Raises as `of`, and `PlaceGone` where Slack says that it is gone."""
        here = await self.of(account)
        token = here.client.token or ""  # another task may have changed it by the time that Slack answers
        try:
            yield here
        except TokenGone:
            await self._workspaces.refused(here, token)
            raise
