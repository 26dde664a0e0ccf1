"""The stand-in's book: every conversation and what became of it. Tests and the demo read here."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

EXPIRES_AFTER_S = 30 * 60
"""Without activity. Source: Text Chat API."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation's history."""

    role: Literal["user", "assistant"]
    content: str
    at: float
    token_count: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        timestamp = datetime.fromtimestamp(self.at, UTC).isoformat()
        return {
            "role": self.role,
            "content": self.content,
            "timestamp": timestamp,
            "token_count": self.token_count,
        }


@dataclass(slots=True)
class Record:
    """One conversation."""

    id: str
    agent_id: str
    agent_name: str
    user_identifier: str
    """Empty if the opener named no one."""
    metadata: Mapping[str, Any]
    opened_at: float
    """Seconds since the epoch, like all times here."""
    last_active_at: float
    ended_at: float | None = None
    """When `/end` closed it; None while it is open, and for one that expired by itself."""
    end_calls: int = 0
    """Requests to `/end` that came with the right token, the repeated ones included."""
    posted: list[str] = field(default_factory=list)
    """The questions that arrived, in order, without what was carried over."""
    carried: list[str] = field(default_factory=list)
    """What each carried over from earlier conversations."""
    messages: list[Message] = field(default_factory=list)
    """The history."""
    usage: dict[str, int] = field(default_factory=dict)
    """Token counts by name, summed over the answers."""
    is_answering: bool = False
    token_revoked: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def is_open(self, now: float) -> bool:
        """Say whether it costs money: not ended, not expired. An answer in the making counts as activity."""
        return self.ended_at is None and (self.is_answering or now - self.last_active_at < EXPIRES_AFTER_S)

    def count_tokens(self, usage: Mapping[str, object]) -> None:
        """Add what one answer used. A value that is no count is passed over."""
        for name, count in usage.items():
            if isinstance(count, int):
                self.usage[name] = self.usage.get(name, 0) + count


class Book:
    """All conversations since the stand-in was built; a restart of the server keeps them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = asyncio.Event()
        self.conversations: dict[str, Record] = {}
        """By id, in the order of opening."""
        self.end_requests: dict[str, int] = {}
        """By conversation id: every request to `/end`, whatever became of it."""

    @property
    def opened(self) -> int:
        """How many were opened."""
        return len(self.conversations)

    @property
    def ended(self) -> int:
        """How many were ended by `/end`."""
        return sum(record.ended_at is not None for record in self.conversations.values())

    @property
    def open_now(self) -> int:
        """How many are open: neither ended nor expired."""
        return sum(record.is_open(self._now()) for record in self.conversations.values())

    @property
    def records(self) -> list[Record]:
        """All conversations, oldest first."""
        return list(self.conversations.values())

    def note_change(self) -> None:
        """Wake the tasks that wait in `until`."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, true: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until `true()` holds; it is asked again after every change. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while not true():
                try:
                    # A condition may also depend on something besides the book: look again now and then.
                    async with asyncio.timeout(0.1):
                        await self._changed.wait()
                except TimeoutError:
                    continue
