"""Tokens that expire are renewed before they do, by one worker at a time."""

import asyncio
import logging
from dataclasses import replace
from time import monotonic
from uuid import uuid4

import aiohttp
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from adapters.slack.api.client import Clients
from adapters.slack.api.errors import code_of, is_refusal
from adapters.slack.workspaces.installation_store import Grant, InstallationStore
from bridge.domain.errors import BridgeError, StoreUnavailable
from bridge.runtime.cancellation import run_shielded

_LOG = logging.getLogger(__name__)
EARLY_S = 2 * 3600.0
"""Slack's tokens are good for twelve hours (docs: authentication/using-token-rotation)."""
_LEASE_S = 60.0
_CALL_S = 10.0


class Rotation:
    """Renews the tokens of one app."""

    def __init__(self, clients: Clients, grants: InstallationStore, client_id: str, client_secret: str) -> None:
        self._clients = clients
        self._limits = clients.limits
        self._grants = grants
        self._client_id = client_id
        self._client_secret = client_secret
        self._not_before: dict[str, float] = {}
        self._unsaved: dict[str, Grant] = {}
        """Renewed, and not in the store yet: the token before it can no longer be renewed."""
        self._refused: dict[str, str] = {}
        """The refresh token of each account that Slack refused."""

    def is_refused(self, grant: Grant) -> bool:
        """Say whether Slack will not renew the token."""
        return not grant.refresh_token or self._refused.get(grant.account) == grant.refresh_token

    def forget(self, account: str) -> None:
        """Forget an account that removed the app."""
        for kept in (self._not_before, self._unsaved, self._refused):
            kept.pop(account, None)

    async def renewed(self, grant: Grant) -> Grant:
        """Return the grant with a token that is good for hours, or as it is where that cannot be had now."""
        unsaved = self._unsaved.get(grant.account)
        if unsaved is not None:
            return await self._saved_at_last(unsaved)
        if not grant.refresh_token or not grant.expires_within(EARLY_S):
            return grant
        if monotonic() < self._not_before.get(grant.account, 0.0):
            return grant
        self._not_before[grant.account] = monotonic() + self._limits.renew_again_s
        holder = uuid4().hex
        to_the_end_s = _CALL_S + self._limits.save_tries * self._limits.save_pause_s
        try:
            if not await self._grants.take_lease(grant.account, holder, _LEASE_S):
                return grant
            try:
                # Cancelled between Slack's answer and the record of it, the only token that can be renewed is lost.
                return await run_shielded(self._renew(grant), at_most_s=to_the_end_s)
            finally:
                await self._grants.give_lease_up(grant.account, holder)
        except BridgeError as error:
            _LOG.warning("A token could not be renewed yet: %s", error)
            return grant

    async def _renew(self, grant: Grant) -> Grant:
        newest = await self._grants.find(grant.account)
        if newest is None or not newest.expires_within(EARLY_S):
            return newest or grant
        rotator = AsyncTokenRotator(
            client=self._clients.client(), client_id=self._client_id, client_secret=self._client_secret
        )
        try:
            async with asyncio.timeout(_CALL_S):
                bot = await rotator.perform_bot_token_rotation(
                    bot=_bot_of(newest), minutes_before_expiration=round(EARLY_S / 60) + 1
                )
        except SlackTokenRotationError as error:
            self._note(error.api_error, newest)
            return newest
        except (aiohttp.ClientError, TimeoutError) as error:
            _LOG.warning("A token could not be renewed yet: %s", type(error).__name__)
            return newest
        if bot is None:
            return newest
        renewed = replace(
            newest,
            token=bot.bot_token,
            refresh_token=bot.bot_refresh_token or "",
            expires_at=float(bot.bot_token_expires_at or 0),
        )
        self._unsaved[grant.account] = renewed
        return await self._save(renewed)

    def _note(self, error: SlackApiError, grant: Grant) -> None:
        """Tell a refusal, once, from what may be otherwise in a while."""
        if not is_refusal(error):
            _LOG.warning("A token could not be renewed yet: %s", code_of(error) or "no answer in Slack's form")
            return
        self._not_before[grant.account] = monotonic() + self._limits.renew_refused_again_s
        if not self.is_refused(grant):
            self._refused[grant.account] = grant.refresh_token
            remedy = "Check SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, or install the app there again"
            _LOG.error("Slack does not renew the token of %s: %s. %s.", grant.account, code_of(error), remedy)

    async def _save(self, renewed: Grant) -> Grant:
        """Keep it, also when the store is away for some seconds; return it, or what was installed meanwhile."""
        for _ in range(self._limits.save_tries):
            try:
                return await self._save_once(renewed)
            except StoreUnavailable:
                await asyncio.sleep(self._limits.save_pause_s)
        _LOG.error("The renewed token of %s cannot be kept: it is kept as soon as the store is back.", renewed.account)
        return renewed

    async def _saved_at_last(self, renewed: Grant) -> Grant:
        try:
            return await self._save_once(renewed)
        except StoreUnavailable:
            return renewed

    async def _save_once(self, renewed: Grant) -> Grant:
        """Keep it unless the app was installed anew, or removed, since. Raises `StoreUnavailable`."""
        found = await self._grants.find(renewed.account)
        if found is not None and found.granted_at == renewed.granted_at:
            await self._grants.save(renewed)
            found = renewed
        self._unsaved.pop(renewed.account, None)
        return found or renewed


def _bot_of(grant: Grant) -> Bot:
    workspace = grant.workspace
    return Bot(
        bot_token=grant.token,
        bot_id=workspace.bot_id,
        bot_user_id=workspace.bot_user_id,
        bot_refresh_token=grant.refresh_token,
        bot_token_expires_at=int(grant.expires_at),
        installed_at=0.0,
    )
