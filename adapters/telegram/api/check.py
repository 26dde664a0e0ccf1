"""Tries a bot's token without taking updates from a worker that polls."""

import asyncio
from urllib.parse import urlsplit

from telegram import WebhookInfo
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.api.client import build_client, silence_url_logging
from adapters.telegram.api.errors import Call, token_refused, translated
from adapters.telegram.options import GroupTrigger
from bridge.domain.errors import BridgeError
from bridge.runtime.findings import Finding, failed, passed, warned

_SUBJECT = "Telegram"
_WITHIN_S = 10.0


async def check_bot(
    token: str, token_name: str, api_url: str, *, group_trigger: GroupTrigger, webhook_url: str
) -> list[Finding]:
    """Ask who the bot is, where its updates go, and whether groups show it what the settings need."""
    silence_url_logging()
    try:
        bot = build_client(token, api_url).bot
    except InvalidToken:
        return [failed(_SUBJECT, str(token_refused(token_name)))]
    try:
        with translated(Call.OTHER, token_name, token_name):
            async with asyncio.timeout(_WITHIN_S), bot:
                me, hook = bot.bot, await bot.get_webhook_info()
    except TimeoutError:
        return [failed(_SUBJECT, f"Telegram does not answer ({token_name})", "TELEGRAM_API_URL: see that it is right")]
    except (BridgeError, TelegramError) as error:
        return [failed(_SUBJECT, str(error))]
    findings = [passed(_SUBJECT, f"{token_name} is that of @{me.username}")]
    findings += _hook_findings(hook, webhook_url)
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
