"""The methods about the bot itself: who it is, how it takes updates, its menu of commands."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.wire import Params, bad_request, flag, nested, number
from sandbox.telegram.world import JsonDict, User

_MOST_COMMANDS = 100
_LONGEST_DESCRIPTION = 256
_COMMAND = re.compile("[a-z0-9_]{1,32}")
_COMMAND_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}


class BotSettings:
    """Answers out of the bots' queues of updates; menus go to `commands`, by bot, scope and language."""

    def __init__(self, queues: Mapping[int, UpdateQueue], commands: dict[tuple[int, str, str], Any]) -> None:
        self._queues = queues
        self._commands = commands
        self.methods: dict[str, Callable[[User, Params], Awaitable[Any]]] = {
            "getme": self.get_me,
            "getupdates": self.get_updates,
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.get_webhook_info,
            "setmycommands": self.set_my_commands,
        }

    async def get_me(self, bot: User, _: Params) -> JsonDict:
        """Tell the bot who it is."""
        return {
            **bot.as_json(),
            "can_join_groups": True,
            "can_read_all_group_messages": self._queues[bot.id].sees_all_in_groups,
            "supports_inline_queries": False,
            "has_topics_enabled": False,
        }

    async def get_updates(self, bot: User, params: Params) -> list[JsonDict]:
        """Long poll."""
        queue = self._queues[bot.id]
        allowed = nested(params, "allowed_updates")
        if allowed is not None:
            queue.allowed = allowed
        hold_s = float(number(params, "timeout", 0) or 0)
        return await queue.poll(number(params, "offset", 0) or 0, number(params, "limit", 100) or 100, hold_s)

    async def set_webhook(self, bot: User, params: Params) -> bool:
        """Switch to webhook mode: polling then answers 409, and what waits is posted."""
        queue = self._queues[bot.id]
        url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
        if url and not (url.startswith("https://") or urlsplit(url).hostname == "127.0.0.1"):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not re.fullmatch("[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        allowed = nested(params, "allowed_updates")
        if allowed is not None:
            queue.allowed = allowed
        if flag(params, "drop_pending_updates"):
            queue.forget_all()
        queue.point(url, secret)
        return True

    async def get_webhook_info(self, bot: User, _: Params) -> JsonDict:
        """Tell what is set."""
        queue = self._queues[bot.id]
        info = {"url": queue.webhook, "has_custom_certificate": False, "pending_update_count": len(queue.pending())}
        return {**info, "last_error_date": 1, "last_error_message": queue.last_error} if queue.last_error else info

    async def delete_webhook(self, bot: User, params: Params) -> bool:
        """Leave webhook mode."""
        queue = self._queues[bot.id]
        queue.point("", "")
        queue.webhook_was_deleted += 1
        if flag(params, "drop_pending_updates"):
            queue.forget_all()
        return True

    async def set_my_commands(self, bot: User, params: Params) -> bool:
        """Keep the menu."""
        commands = nested(params, "commands") or []
        if len(commands) > _MOST_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        scope = (nested(params, "scope") or {"type": "default"})["type"]
        language = str(params.get("language_code") or "")
        if scope not in _COMMAND_SCOPES or (language and not re.fullmatch("[a-z]{2}", language)):
            raise bad_request("BOT_COMMAND_SCOPE_INVALID")
        for command in commands:
            if (
                not _COMMAND.fullmatch(command["command"])
                or not 1 <= len(command["description"]) <= _LONGEST_DESCRIPTION
            ):
                raise bad_request("BOT_COMMAND_INVALID")
        self._commands[bot.id, scope, language] = commands
        return True
