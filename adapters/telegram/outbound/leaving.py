"""Leaves a group that the operator does not allow."""

import logging

from telegram import Bot
from telegram.error import TelegramError

from adapters.telegram import limits
from bridge.domain.notices import Notice
from bridge.texts.catalog import texts_in
from bridge.texts.sentences import not_allowed

log = logging.getLogger(__name__)


async def leave_chat(bot: Bot, chat_id: str, language: str) -> None:
    """Say why, in the language of who brought the bot, then leave. Best effort: raises nothing but cancellation."""
    timeout_s = limits.TYPING_TIMEOUT_S
    said = not_allowed(texts_in(language), Notice.NOT_ALLOWED_HERE, chat_id)
    try:
        await bot.send_message(
            int(chat_id), said, disable_notification=True, read_timeout=timeout_s, pool_timeout=timeout_s
        )
    except TelegramError as exc:
        log.info("telegram: the notice to a group that is not allowed failed (%s)", type(exc).__name__)
    try:
        await bot.leave_chat(int(chat_id), read_timeout=timeout_s, pool_timeout=timeout_s)
    except TelegramError as exc:
        log.warning("telegram: a group that is not allowed could not be left (%s)", type(exc).__name__)
    else:
        log.info("telegram: a group that is not allowed was left", extra={"chat": chat_id})
