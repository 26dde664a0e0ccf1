"""Who administers a group."""

import logging

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError

log = logging.getLogger(__name__)

_ADMINISTRATORS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


async def is_administrator(bot: Bot, chat_id: str, person_id: str) -> bool:
    """Say whether the person is an administrator of the group. While Telegram does not say, no one is."""
    try:
        member = await bot.get_chat_member(int(chat_id), int(person_id))
    except TelegramError as exc:
        log.info("telegram: who administers a group cannot be had (%s)", type(exc).__name__)
        return False
    return member.status in _ADMINISTRATORS
