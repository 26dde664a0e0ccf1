"""The menu of commands that Telegram shows, for each kind of chat and in some languages."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Sequence

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

_GROUP = ("stop", "retry", "new", "end", "status", "human", "agent", "help")
_PRIVATE = ("start", *_GROUP)
_ADMINS_ALONE = {"new", "end"}
"""What only administrators may do, where the setting says so: it ends what others are in the middle of."""


class CommandMenu:
    """Lists the commands in the menus of one bot. Best effort: they work without it.

    Args:
        group_control: Who in a group may end a conversation.
        switched_off: The commands that there are not.
    """

    def __init__(self, group_control: GroupControl, switched_off: Collection[str] = ()) -> None:
        self._group_control = group_control
        self._switched_off = switched_off
        self._is_outdated = asyncio.Event()

    def renew(self) -> None:
        """Let `keep` list them anew: the texts have changed."""
        self._is_outdated.set()

    async def keep(self, bot: Bot) -> None:
        """List them again after each change of the texts, until cancelled."""
        while True:
            await self._is_outdated.wait()
            self._is_outdated.clear()
            await self.offer(bot)

    async def offer(self, bot: Bot) -> None:
        """List them, for each kind of chat and in each language."""
        try:
            for scope, names in self._menus():
                # Without a language stands the menu for all others.
                for language in ("", *LANGUAGES):
                    texts = texts_in(language)
                    commands = [BotCommand(name, texts(COMMAND_DESCRIPTIONS[name])) for name in names]
                    await bot.set_my_commands(commands, scope=scope, language_code=language or None)
        except TelegramError as exc:
            log.info("telegram: the menu of commands could not be set (%s)", type(exc).__name__)

    def _menus(self) -> Iterator[tuple[BotCommandScope, Sequence[str]]]:
        hidden = _ADMINS_ALONE if self._group_control == "admins" else set()
        yield BotCommandScopeAllPrivateChats(), self._offered(_PRIVATE)
        yield BotCommandScopeAllGroupChats(), [name for name in self._offered(_GROUP) if name not in hidden]
        yield BotCommandScopeAllChatAdministrators(), self._offered(_GROUP)

    def _offered(self, names: Sequence[str]) -> Sequence[str]:
        return [name for name in names if name not in self._switched_off]
