"""Telegram as the page draws it: texts with their entities, drafts, typing, buttons and what they answered."""

import time
from collections.abc import Iterator
from typing import Any

from sandbox.playground.playground import Playground
from sandbox.playground.show.changes import Changes
from sandbox.telegram.world import Chat, Message

_MESSAGES, _TOASTS = 250, 10
_TYPING_S = 5.0
"""How long clients show that the bot is typing (Bot API, `sendChatAction`)."""


class TelegramView:
    """Draws up items for the board."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._telegram = playground.stage.telegram
        self._changes = Changes(self._telegram.ledger)
        self._typing: dict[tuple[str, str], float] = {}
        self._calls_read = 0

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield everything under its key."""
        self._changes.read()
        self._read_typing()
        cast = self._playground.cast
        yield "telegram.people", {name: person.id for name, person in cast.people.items()}
        yield "telegram.chats", [self._chat(chat) for chat in cast.chats.values()]
        shown = [one for one in self._telegram.world.messages.values() if "forum_topic_created" not in one.facts]
        for message in shown[-_MESSAGES:]:
            yield f"telegram.message/{message.id}", self._message(message)
        for (chat_id, topic, draft_id), text, entities in self._telegram.api.drafts.standing():
            changed = round(self._changes.of(f"draft:{draft_id}").at, 1)
            where = {"chat": str(chat_id), "topic": str(topic or "")}
            draft = {**where, "text": text, "entities": list(entities), "changed": changed, "bot": True}
            yield f"telegram.draft/{chat_id}/{topic or ''}/{draft_id}", draft
        for (chat, thread), until in self._typing.items():
            if until > time.monotonic():
                yield f"telegram.typing/{chat}/{thread}", {"chat": chat, "topic": thread}
        answers = list(self._telegram.seen.press_answers.items())[-_TOASTS:]
        for query, words in answers:
            yield f"telegram.toast/{query}", words[-1]

    def _chat(self, chat: Chat) -> dict[str, Any]:
        kind = "private" if chat.person is not None else "forum" if chat.is_forum else "group"
        owner = chat.person.name if chat.person is not None else ""
        topics = [{"id": str(number), "name": name} for number, name in chat.topics.items()]
        return {"id": str(chat.id), "kind": kind, "title": chat.title, "of": owner, "topics": topics}

    def _message(self, message: Message) -> dict[str, Any]:
        change = self._changes.of(str(message.id))
        notes = self._playground.notes
        key = f"t{message.id}"
        is_file = message.author.is_bot and "document" in message.facts
        return {
            "id": message.id,
            "chat": str(message.chat.id),
            "topic": str(message.topic or ""),
            "author": message.author.name,
            "bot": message.author.is_bot,
            "text": "" if is_file else message.text,
            "entities": message.entities,
            "replyTo": message.reply_to if message.reply_to != message.topic else None,
            "keyboard": (message.keyboard or {}).get("inline_keyboard", []),
            "edited": len(message.versions) > 1 and not message.author.is_bot,
            "edits": change.edits,
            "at": message.sent_at,
            "changed": round(change.at, 1),
            "reactions": [[emoji, "TalkifAI"] for emoji in self._bots_reaction(message)]
            + [[emoji, name] for name, emoji in notes.reactions.get(key, {}).items()],
            "file": notes.files.get(key, "") or message.facts.get("document", {}).get("file_name", ""),
        }

    def _bots_reaction(self, message: Message) -> list[str]:
        for chat_id, message_id, reaction in reversed(self._telegram.seen.reactions):
            if (chat_id, message_id) == (message.chat.id, message.id):
                return [one["emoji"] for one in reaction]
        return []

    def _read_typing(self) -> None:
        calls = self._telegram.calls
        for call in calls[self._calls_read :]:
            where = (str(call.params.get("chat_id", "")), str(call.params.get("message_thread_id") or ""))
            if call.method == "sendChatAction":
                self._typing[where] = call.at + _TYPING_S
            elif call.method == "sendMessage":
                self._typing.pop(where, None)
        self._calls_read = len(calls)
