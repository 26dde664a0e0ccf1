"""The menu of commands that Telegram shows, for each kind of chat and in some languages."""

import logging
from collections.abc import Iterator, Sequence

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import TelegramError

from adapters.telegram.options import GroupControl
from bridge.domain.notices import COMMAND_DESCRIPTIONS
from bridge.texts.catalog import LANGUAGES, texts_in

log = logging.getLogger(__name__)

_PRIVATE = ("start", "stop", "retry", "new", "end", "status", "help")
_GROUP = ("stop", "retry", "new", "end", "status", "help")
_ADMINS_ALONE = {"new", "end"}
"""What only administrators may do, where the setting says so: it ends what others are in the middle of."""


async def offer_commands(bot: Bot, *, group_control: GroupControl) -> None:
    """List the commands in Telegram's menus. Best effort: they work without it."""
    try:
        for scope, names in _menus(group_control=group_control):
            # Without a language stands the menu for all others.
            for language in ("", *LANGUAGES):
                texts = texts_in(language)
                commands = [BotCommand(name, texts(COMMAND_DESCRIPTIONS[name])) for name in names]
                await bot.set_my_commands(commands, scope=scope, language_code=language or None)
    except TelegramError as exc:
        log.info("telegram: the menu of commands could not be set (%s)", type(exc).__name__)


def _menus(*, group_control: GroupControl) -> Iterator[tuple[BotCommandScope, Sequence[str]]]:
    members = [name for name in _GROUP if not (group_control == "admins" and name in _ADMINS_ALONE)]
    yield BotCommandScopeAllPrivateChats(), _PRIVATE
    yield BotCommandScopeAllGroupChats(), members
    yield BotCommandScopeAllChatAdministrators(), _GROUP
