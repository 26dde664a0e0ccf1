"""Tokens that expire are renewed before they do, by one worker at a time."""

import asyncio
import logging
from dataclasses import replace
from time import monotonic
from uuid import uuid4

import aiohttp
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from adapters.slack.clients import Clients
from adapters.slack.grants import Grant, Grants
from bridge.errors import BridgeError, StoreUnavailable
from bridge.tasks import to_the_end

_LOG = logging.getLogger(__name__)
EARLY_S = 2 * 3600.0
"""Slack's tokens are good for twelve hours (docs: authentication/using-token-rotation)."""
_LEASE_S = 60.0
_AGAIN_S = 10.0
"""How long after a try the next one is made."""
_CALL_S = 10.0
_SAVE_TRIES = 20
_PAUSE_S = 1.0
_TO_THE_END_S = _CALL_S + _SAVE_TRIES * _PAUSE_S


class Rotation:
    """Renews the tokens of one app."""

    def __init__(self, clients: Clients, grants: Grants, client_id: str, client_secret: str) -> None:
        self._clients = clients
        self._grants = grants
        self._client_id = client_id
        self._client_secret = client_secret
        self._not_before: dict[str, float] = {}

    async def renewed(self, grant: Grant) -> Grant:
        """Return the grant with a token that is good for hours, or as it is where that cannot be had now."""
        if not grant.refresh_token or not grant.expires_within(EARLY_S):
            return grant
        if monotonic() < self._not_before.get(grant.account, 0.0):
            return grant
        self._not_before[grant.account] = monotonic() + _AGAIN_S
        holder = uuid4().hex
        try:
            if not await self._grants.take_lease(grant.account, holder, _LEASE_S):
                return grant
            try:
                # Cancelled between Slack's answer and the record of it, the only token that can be renewed is lost.
                return await to_the_end(self._renew(grant), at_most_s=_TO_THE_END_S)
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
        except SlackTokenRotationError:
            _LOG.error("Slack does not renew the token of %s: the app has to be installed there again.", grant.account)
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
        await self._save(renewed)
        return renewed

    async def _save(self, grant: Grant) -> None:
        """Keep it, also when the store is away for some seconds: the token before it may be worth nothing now."""
        for _ in range(_SAVE_TRIES):
            try:
                return await self._grants.save(grant)
            except StoreUnavailable:
                await asyncio.sleep(_PAUSE_S)
        return await self._grants.save(grant)


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
