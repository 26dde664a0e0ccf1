"""Any number of workspaces, which installed the app themselves."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time

from adapters.slack import CHANNEL
from adapters.slack.api.client import Clients
from adapters.slack.workspaces.context import WorkspaceContext, WorkspaceFactory
from adapters.slack.workspaces.installation_store import Grant, GrantUnreadable, InstallationStore
from adapters.slack.workspaces.token_rotation import Rotation
from bridge.domain.errors import BridgeError, ChannelUnavailable, PlaceGone, StoreUnavailable
from bridge.ports.stores.chat_moves import Accounts
from bridge.runtime.bounded_dict import BoundedDict

_LOG = logging.getLogger(__name__)
_WITHIN_S = 0.5
"""How long a call for a known workspace waits for the store."""
_AWAY_S = 5.0
"""How long calls go by what is known before the store is asked again."""
_LOOK_EVERY_S = 60.0
_KEPT = 2_000


@dataclass(slots=True)
class _Known:
    installed: WorkspaceContext
    grant: Grant
    read_at: float


class ManyWorkspaces:
    """Implements `adapters.slack.workspaces.context.Workspaces` on what was granted."""

    def __init__(
        self,
        clients: Clients,
        furnishing: WorkspaceFactory,
        grants: InstallationStore,
        rotation: Rotation,
        places: Accounts,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._clients = clients
        self._furnishing = furnishing
        self._grants = grants
        self._rotation = rotation
        self._places = places
        self._now = now
        self._store_away_until = float("-inf")
        self._known: BoundedDict[str, _Known] = BoundedDict(_KEPT)

    async def open(self) -> None:
        """See that the keys open what is kept. Raises `SettingWrong`, `ChannelUnavailable`."""
        try:
            await self._grants.reseal()
        except StoreUnavailable as error:
            raise ChannelUnavailable(f"what workspaces granted cannot be read: {error}") from None

    async def of(self, account: str) -> WorkspaceContext:
        """Return the workspace for a call, with a token that lasts. Raises `PlaceGone`, `ChannelUnavailable`."""
        known = self._known.get(account)
        if known is None or self._now() >= self._store_away_until:
            known = await self._look_up(account, known)
        if known is None:
            raise PlaceGone(f"the app is not installed in {account}")
        if known.grant.expires_within(0.0):
            if self._rotation.is_refused(known.grant):
                raise PlaceGone(f"the token of {account} has expired, and Slack does not renew it")
            raise ChannelUnavailable("the token of a workspace has expired and is to be renewed")
        return known.installed

    async def _look_up(self, account: str, known: _Known | None) -> _Known | None:
        """Ask the store, and go on with what is known where it does not answer soon. Raises `ChannelUnavailable`."""
        try:
            async with asyncio.timeout(None if known is None else _WITHIN_S):
                found = await self._read(account)
        except (StoreUnavailable, TimeoutError) as error:
            if known is None:
                raise ChannelUnavailable(f"the store does not say what a workspace granted: {error}") from None
            # Its next call does not wait either: a post's id must not wait for the store.
            self._store_away_until = self._now() + _AWAY_S
            return known
        if found is not None:
            self._adopt(found, await self._rotation.renewed(found.grant))
        return found

    def at_hand(self, account: str) -> WorkspaceContext | None:
        """Return the workspace where this worker has dealt with it lately."""
        known = self._known.get(account)
        return None if known is None else known.installed

    async def receiving(self, account: str) -> WorkspaceContext | None:
        """Return the workspace in which an event happened. Raises `StoreUnavailable`."""
        known = await self._read(account)
        return None if known is None else known.installed

    async def remove(self, account: str, told_at: float) -> None:
        """Drop what waits there, begin to end the sessions, delete the token. Raises `StoreUnavailable`.

        Delete the token last, so that an interrupted removal is retried at Slack's next delivery or the next call.
        """
        if await self._is_installed_since(account, told_at):
            return
        ended = await self._places.leave_account(CHANNEL, account)
        if await self._is_installed_since(account, told_at):
            return
        self._known.pop(account, None)
        self._rotation.forget(account)
        await self._grants.remove(account)
        _LOG.info("The app was removed from %s: %d sessions end.", account, ended)

    async def _is_installed_since(self, account: str, told_at: float) -> bool:
        try:
            grant = await self._grants.find(account)
        except GrantUnreadable:
            return False  # whatever it says, no worker here can use it
        return grant is not None and grant.granted_at > told_at

    async def refused(self, installed: WorkspaceContext, token: str) -> None:
        """Remove the workspace, unless its token was changed meanwhile. Raises `PlaceGone`, `ChannelUnavailable`."""
        account = installed.workspace.account
        asked_at = time()
        try:
            grant = await self._grants.find(account)
            if grant is not None and grant.token != token:
                self._known.pop(account, None)
                raise ChannelUnavailable("a workspace has another token now")
            await self.remove(account, asked_at)
        except StoreUnavailable as error:
            raise ChannelUnavailable(f"a workspace could not be forgotten: {error}") from None
        raise PlaceGone(f"the app was removed from {account}")

    async def watch(self) -> None:
        """Renew tokens that are about to expire, of the workspaces that this worker deals with, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for account in list(self._known):
                with suppress(BridgeError):
                    await self.of(account)

    async def _read(self, account: str) -> _Known | None:
        known = self._known.get(account)
        if known is not None and self._now() - known.read_at < self._clients.limits.grant_fresh_s:
            self._known[account] = known  # what is dealt with often stays
            return known
        grant = await self._grants.find(account)
        if grant is None:
            self._known.pop(account, None)
            return None
        if known is None or _is_another(known.grant, grant):
            client = self._clients.client(grant.token)
            known = _Known(self._furnishing.of(client, grant.workspace), grant, 0.0)
        known.read_at = self._now()
        self._adopt(known, grant)
        self._known[account] = known
        return known

    def _adopt(self, known: _Known, grant: Grant) -> None:
        """Go on with another token of the same workspace: what is known there stays."""
        known.grant = grant
        known.installed.client.token = grant.token


def _is_another(one: Grant, other: Grant) -> bool:
    """Say whether the app was installed anew: it may have other scopes since, so what was refused is tried again."""
    return one.workspace != other.workspace or one.granted_at != other.granted_at
