"""Webhook mode: Telegram calls us. An update is acknowledged, by 200, only after it is durably kept."""

import asyncio
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from telegram import Bot
from telegram.error import RetryAfter, TelegramError

from adapters.telegram import limits
from adapters.telegram.api.errors import is_token_refusal, retry_after_s, token_refused
from adapters.telegram.inbound.polling import Take, poll_backoff
from bridge.domain.errors import StoreUnavailable
from bridge.ports.http import WebAnswer, WebRequest, WebRoutes

log = logging.getLogger(__name__)

_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name


def path_of(bot_id: int) -> str:
    """Return the path at which the updates of a bot arrive."""
    return f"/telegram/{bot_id}"


@dataclass(frozen=True, slots=True)
class Hook:
    """How Telegram reaches us."""

    url: str
    """The public address, without the path of the bot."""
    routes: WebRoutes
    secret: str = field(repr=False)
    """What Telegram shows us to prove who it is."""


class Webhook:
    """The webhook of one bot: sets it, keeps it set, and takes what comes."""

    def __init__(self, bot: Bot, hook: Hook, take: Take, token_name: str) -> None:
        self._bot = bot
        self._token_name = token_name
        self._url = hook.url.rstrip("/") + path_of(bot.id)
        self._secret = hook.secret
        self._take = take
        self._is_set = False

    def knows_secret(self, headers: Mapping[str, str]) -> bool:
        """Say whether a request is Telegram's."""
        given = headers.get(_SECRET_HEADER, "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode())

    async def answer(self, request: WebRequest) -> WebAnswer:
        """Take one update of a request that knows the secret."""
        try:
            update = json.loads(request.body)
        except (ValueError, RecursionError):
            return WebAnswer(400)
        if not isinstance(update, dict):
            return WebAnswer(400)
        try:
            await self._take(update)
        except StoreUnavailable:
            log.warning("telegram: the store is away; updates wait at Telegram")
            return WebAnswer(503)
        return WebAnswer(200)

    async def keep_set(self) -> None:
        """Set the webhook, and again whenever a look each minute shows that it is not ours. Raises `Misconfigured`."""
        backoff = poll_backoff()
        while True:
            try:
                await self._set_or_check()
                backoff.reset()
                wait_s = limits.WEBHOOK_CHECK_EVERY_S
            except TelegramError as exc:
                if is_token_refusal(exc):
                    raise token_refused(self._token_name) from None
                wait_s = retry_after_s(exc) if isinstance(exc, RetryAfter) else backoff.next_s()
                log.warning("telegram: the webhook cannot be set (%s)", type(exc).__name__)
            await asyncio.sleep(wait_s)

    async def _set_or_check(self) -> None:
        if self._is_set:
            info = await self._bot.get_webhook_info()
            if info.url == self._url:
                if info.pending_update_count and info.last_error_message:
                    log.warning("telegram: updates wait there: %s", info.last_error_message[:200])
                return
            log.error("telegram: another program has changed the webhook, or polls with the same token: set again")
        # The address may be that of an earlier start with another secret: set once in any case.
        await self._bot.set_webhook(
            self._url,
            allowed_updates=limits.ALLOWED_UPDATES,
            secret_token=self._secret,
            drop_pending_updates=False,
        )
        self._is_set = True
