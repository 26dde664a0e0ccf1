"""The meter: what the person who pays sees. Read from TalkifAI's own book, not from what the bridge says of itself.

Two things only the bridge knows, and they are asked of its Redis: when a session falls idle, and why one was ended.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from bridge.domain.errors import BridgeError
from bridge.domain.threads import ThreadKey
from sandbox.playground.playground import REAL, Playground
from sandbox.talkifai.conversations import Record

A_MESSAGE_USD = 0.001
"""About what one message costs."""
_SESSIONS, _POSTED_CHARS, _POSTED = 40, 1500, 8
_LOOK_EVERY_S = 0.4
_LEDGER = 200


class Meter:
    """Draws up items for the board; `follow` keeps what Redis knows."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._deadlines: dict[str, float] = {}
        self._ended: dict[str, dict[str, Any]] = {}
        self._open: dict[str, dict[str, Any]] = {}
        """With the visitor's own agent: what the bridge has open, by conversation."""

    async def follow(self) -> None:
        """Ask Redis again and again, until cancelled. While it is away the last answer stands."""
        while True:
            if self._playground.redis.is_up:
                with suppress(RedisError, BridgeError, OSError):
                    async with asyncio.timeout(2.0):
                        await self._look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield everything under its key."""
        book = self._playground.stage.talkifai.book
        records = book.records
        is_real = self._playground.modes.agent == REAL
        rows = self._foreign() if is_real else [self._row(record) for record in records[-_SESSIONS:]]
        for row in rows:
            yield f"session/{row['id']}", row
        messages = sum(len(record.messages) for record in records)
        yield (
            "meter",
            {
                "open": len(self._open) if is_real else book.open_now,
                "opened": len(rows) if is_real else book.opened,
                "ended": len(self._ended) if is_real else book.ended,
                "cost": round(messages * A_MESSAGE_USD, 4),
                "tokens": sum(sum(record.usage.values()) for record in records),
                "messages": messages,
            },
        )

    def _row(self, record: Record) -> dict[str, Any]:
        thread = thread_of(record)
        ended = self._ended.get(record.id, {})
        is_open = record.is_open(time.time())
        return {
            "id": record.id,
            "thread": str(thread) if thread else "",
            **_where(thread),
            "who": record.user_identifier,
            "openedAt": round(record.opened_at, 2),
            "endedAt": None if is_open else round(record.ended_at or time.time(), 2),
            "idleAt": round(self._deadlines.get(str(thread), 0.0), 2) if is_open else 0.0,
            "answering": record.is_answering,
            "reason": "" if is_open else ended.get("reason", "" if record.ended_at else "expired"),
            "questions": len(record.posted),
            "posted": [text[:_POSTED_CHARS] for text in record.posted[-_POSTED:]],
            "tokens": sum(record.usage.values()),
            "cost": round(len(record.messages) * A_MESSAGE_USD, 4),
            "worker": self._worker(str(thread)) if is_open else "",
            "endCalls": record.end_calls,
        }

    def _worker(self, thread: str) -> str:
        slot = self._playground.workers.holder(thread)
        return slot.name if slot is not None else ""

    async def _look(self) -> None:
        redis = self._playground.redis
        self._deadlines = await redis.deadlines()
        self._ended = {line["conversation"]: dict(line) for line in await redis.stores.ledger(_LEDGER)}
        if self._playground.modes.agent == REAL:
            self._open = {}
            for name in self._deadlines:
                session = await redis.stores.sessions.current(ThreadKey.parse(name))
                if session is not None:
                    facts = {"opened": session.opened_at, "turns": session.turns, "usage": dict(session.usage)}
                    self._open[session.conversation.id] = {"thread": name, "who": session.user_identifier, **facts}

    def _foreign(self) -> list[dict[str, Any]]:
        """With the visitor's own agent there is no book to read: the bridge's records have to do."""
        rows = []
        for conversation, line in [*reversed(self._ended.items()), *self._open.items()]:
            is_open = conversation in self._open
            thread = ThreadKey.parse(line["thread"]) if is_open else _key_in(line)
            rows.append(
                {
                    "id": conversation,
                    "thread": str(thread),
                    **_where(thread),
                    "who": line.get("who") or line.get("person", ""),
                    "openedAt": line["opened"],
                    "endedAt": None if is_open else line["ended"],
                    "idleAt": self._deadlines.get(str(thread), 0.0) if is_open else 0.0,
                    "answering": False,
                    "reason": line.get("reason", ""),
                    "questions": line["turns"],
                    "posted": [],
                    "tokens": sum(line["usage"].values()),
                    "cost": round(2 * line["turns"] * A_MESSAGE_USD, 4),
                    "worker": self._worker(str(thread)) if is_open else "",
                    "endCalls": 0,
                }
            )
        return rows[-_SESSIONS:]


def thread_of(record: Record) -> ThreadKey | None:
    """Return the thread that a conversation was opened from, as its metadata tell."""
    facts = record.metadata
    if facts.get("source") == "slack":
        return ThreadKey("slack", str(facts.get("team")), str(facts.get("channel")), str(facts.get("thread") or ""))
    if facts.get("source") == "telegram":
        return ThreadKey("telegram", str(facts.get("bot", "100")), str(facts.get("chat")), str(facts.get("thread", "")))
    return None


def _where(thread: ThreadKey | None) -> dict[str, str]:
    if thread is None:
        return {"service": "", "place": "", "topic": ""}
    return {"service": thread.channel, "place": thread.place, "topic": thread.thread}


def _key_in(line: dict[str, Any]) -> ThreadKey:
    return ThreadKey(line["channel"], line["account"], line["place"], line["thread"])
