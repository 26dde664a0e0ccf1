"""Tries a bot's token without taking updates from a worker that polls."""

import asyncio
from math import ceil
from urllib.parse import urlsplit

from telegram import Bot, WebhookInfo
from telegram.error import Conflict, InvalidToken, TelegramError

from adapters.telegram import limits
from adapters.telegram.api.client import build_client, silence_url_logging
from adapters.telegram.api.errors import Call, token_refused, translated
from adapters.telegram.options import GroupTrigger
from bridge.domain.errors import BridgeError
from bridge.runtime.findings import Finding, failed, passed, warned

_SUBJECT = "Telegram"
_WITHIN_S = 20.0
_AGAIN_S = 0.5


async def check_bot(
    token: str, token_name: str, api_url: str, *, group_trigger: GroupTrigger, webhook_url: str, may_poll: bool
) -> list[Finding]:
    """Ask who the bot is, where its updates go, and whether groups show it what the settings need.

    With `may_poll` a poll that acknowledges nothing finds out whether another program polls. It would disturb a worker.
    """
    silence_url_logging()
    try:
        bot = build_client(token, api_url).bot
    except InvalidToken:
        return [failed(_SUBJECT, str(token_refused(token_name)))]
    try:
        with translated(Call.OTHER, token_name, token_name):
            async with asyncio.timeout(_WITHIN_S), bot:
                me, hook = bot.bot, await bot.get_webhook_info()
                is_contested = may_poll and not hook.url and not webhook_url and await _is_contested(bot)
    except TimeoutError:
        return [failed(_SUBJECT, f"Telegram does not answer ({token_name})", "TELEGRAM_API_URL: see that it is right")]
    except (BridgeError, TelegramError) as error:
        return [failed(_SUBJECT, str(error))]
    findings = [passed(_SUBJECT, f"{token_name} is that of @{me.username}")]
    findings += _hook_findings(hook, webhook_url)
    if is_contested:
        said = f"another program polls with {token_name}, and each takes updates away from the other"
        findings.append(failed(_SUBJECT, said, "Stop the other program, or give it a bot of its own"))
    if group_trigger == "all" and not me.can_read_all_group_messages:
        findings.append(
            warned(
                _SUBJECT,
                f"@{me.username} does not see all that is written in groups, which TELEGRAM_GROUP_TRIGGER=all needs",
                "Turn the privacy mode off (@BotFather, /setprivacy), then take the bot out of each group and add it"
                " again; or set TELEGRAM_GROUP_TRIGGER=mention",
            )
        )
    return findings


async def _is_contested(bot: Bot) -> bool:
    """Poll for a moment without an offset: nothing is acknowledged. Another poller comes back and ends this poll."""
    clock = asyncio.get_running_loop()
    until = clock.time() + limits.CONFLICT_SEEN_WITHIN_S
    try:
        while (left_s := until - clock.time()) > 0:
            if await bot.get_updates(limit=1, timeout=ceil(left_s)):
                # Where updates wait a poll returns at once. Another poller would have taken them.
                await asyncio.sleep(_AGAIN_S)
    except Conflict:
        return True
    return False


def _hook_findings(hook: WebhookInfo, webhook_url: str) -> list[Finding]:
    host = urlsplit(hook.url).hostname if hook.url else None
    if host and not webhook_url:
        remedy = (
            "Give the bridge a bot of its own, or stop the other program; set TELEGRAM_WEBHOOK_URL to use a webhook"
        )
        return [
            warned(_SUBJECT, f"a webhook is set at {host}: `run` removes it, and what it serves goes silent", remedy)
        ]
    if host and host != urlsplit(webhook_url).hostname:
        remedy = "TELEGRAM_WEBHOOK_URL: see that no other program uses this bot"
        return [warned(_SUBJECT, f"the webhook is set at {host} now: `web` moves it", remedy)]
    if hook.last_error_message and webhook_url:
        remedy = "TELEGRAM_WEBHOOK_URL: see that this address is reachable from outside"
        return [warned(_SUBJECT, f"the last call of the webhook failed: {hook.last_error_message}", remedy)]
    return []
