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

log = logging.getLogger(__name__)

_PRIVATE = ("start", "stop", "retry", "new", "end", "status", "help")
_GROUP = ("stop", "retry", "new", "end", "status", "help")
_ADMINS_ALONE = {"new", "end"}
"""What only administrators may do, where the setting says so: it ends what others are in the middle of."""

_WORDS = {
    "": {
        "start": "Say hello",
        "stop": "Stop the answer",
        "retry": "Ask the last question again",
        "new": "Start a new conversation",
        "end": "End this conversation",
        "status": "Is a conversation open?",
        "help": "How this works",
    },
    "de": {
        "start": "Begrüßung",
        "stop": "Antwort anhalten",
        "retry": "Letzte Frage noch einmal stellen",
        "new": "Neues Gespräch beginnen",
        "end": "Dieses Gespräch beenden",
        "status": "Läuft ein Gespräch?",
        "help": "So funktioniert es",
    },
    "es": {
        "start": "Saludar",
        "stop": "Detener la respuesta",
        "retry": "Repetir la última pregunta",
        "new": "Empezar otra conversación",
        "end": "Terminar esta conversación",
        "status": "¿Hay una conversación abierta?",
        "help": "Cómo funciona",
    },
    "fr": {
        "start": "Dire bonjour",
        "stop": "Arrêter la réponse",
        "retry": "Reposer la dernière question",
        "new": "Commencer une autre conversation",
        "end": "Terminer cette conversation",
        "status": "Une conversation est-elle ouverte ?",
        "help": "Comment ça marche",
    },
}
"""Descriptions by language; "" is for everybody else (Bot API, `setMyCommands`)."""


async def offer_commands(bot: Bot, *, group_control: GroupControl) -> None:
    """List the commands in Telegram's menus. Best effort: they work without it."""
    try:
        for scope, names in _menus(group_control=group_control):
            for language, words in _WORDS.items():
                commands = [BotCommand(name, words[name]) for name in names]
                await bot.set_my_commands(commands, scope=scope, language_code=language or None)
    except TelegramError as exc:
        log.info("telegram: the menu of commands could not be set (%s)", type(exc).__name__)


def _menus(*, group_control: GroupControl) -> Iterator[tuple[BotCommandScope, Sequence[str]]]:
    members = [name for name in _GROUP if not (group_control == "admins" and name in _ADMINS_ALONE)]
    yield BotCommandScopeAllPrivateChats(), _PRIVATE
    yield BotCommandScopeAllGroupChats(), members
    yield BotCommandScopeAllChatAdministrators(), _GROUP
