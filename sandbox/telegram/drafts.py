"""Drafts that a bot shows in a private chat: no one is notified, and they disappear by themselves."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.ledger import Ledger
from sandbox.telegram.world import JsonDict

Key = tuple[int, int | None, int]
"""Chat, topic, draft."""

LIFE_S = 30.0
"""Bot API, `sendMessageDraft`."""


@dataclass(slots=True)
class _Draft:
    text: str
    entities: Sequence[JsonDict]
    timer: asyncio.TimerHandle


class Drafts:
    """What stands there now, written into the ledger as people see it."""

    def __init__(self, ledger: Ledger) -> None:
        self.life_s = LIFE_S
        self.expired = 0
        """How many disappeared because the bot did not show them again."""
        self._ledger = ledger
        self._standing: dict[Key, _Draft] = {}

    def standing(self) -> Iterator[tuple[Key, str, Sequence[JsonDict]]]:
        """Yield every draft that stands there now, with its text and the entities of it."""
        for key, draft in self._standing.items():
            yield key, draft.text, draft.entities

    def show(self, key: Key, text: str, entities: Sequence[JsonDict] = ()) -> None:
        """Show a draft, or show it anew with another text or for another while."""
        before = self._standing.get(key)
        if before is not None:
            before.timer.cancel()
        self._standing[key] = _Draft(
            text, entities, asyncio.get_running_loop().call_later(self.life_s, self._expire, key)
        )
        if before is None or before.text != text:
            self._record(key, text, "posted" if before is None else "edited")

    def end(self, chat_id: int, topic: int | None) -> None:
        """Take the drafts of a chat away, as the bot's message there does."""
        for key in [key for key in self._standing if key[:2] == (chat_id, topic)]:
            self._remove(key)

    def _expire(self, key: Key) -> None:
        self.expired += 1
        self._remove(key)

    def _remove(self, key: Key) -> None:
        self._standing.pop(key).timer.cancel()
        self._record(key, "", "deleted")

    def _record(self, key: Key, text: str, change: Literal["posted", "edited", "deleted"]) -> None:
        chat_id, topic, draft_id = key
        self._ledger.record(str(chat_id), str(topic or ""), f"draft:{draft_id}", text, change=change)
