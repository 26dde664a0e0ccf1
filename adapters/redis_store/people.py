"""What is kept of one person, found and deleted; and what is older than it may be."""

import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from time import time
from typing import Any
from urllib.parse import unquote

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import unpack, unpack_anything
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.limits.retention import Forgotten, PersonKey
from bridge.domain.threads import ThreadKey

_AT_ONCE = 500
_STAYS = frozenset({"inbox", "bodies", "turn", "session", "records", "taken"})
"""Kinds of keys that go with the work or the conversation that they are about."""

_OF_A_PERSON = frozenset({"unanswered", "answered", "summary"})

_ANSWERED_LAST = frozenset({"claimed", "claimed_ends"})
"""Kinds of keys that hold what a worker was answered last."""


class RedisPeople:
    """The port `Retention` on Redis. It looks at all that is kept, so it is not for every day."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits

    async def sessions_of(self, person: PersonKey) -> list[tuple[ThreadKey, str]]:
        """Return the threads with a conversation that the person began, each with its conversation's id."""
        found = []
        async for name in self._names("session"):
            thread = ThreadKey.parse(name.removeprefix(f"{self._keys.prefix}:session:"))
            person_id, conversation = await self._commands.call("HMGET", name, "person_id", "conversation_id")
            if person_id is not None and person.is_at(thread) and unpack(person_id) == person.id:
                found.append((thread, unpack(conversation)))
        return found

    async def waiting_of(self, person: PersonKey) -> list[tuple[ThreadKey, str]]:
        """Return the questions of the person that wait, by thread and id."""
        found = []
        async for name in self._names("bodies"):
            thread = ThreadKey.parse(name.removeprefix(f"{self._keys.prefix}:bodies:"))
            for field, raw in (await self._commands.call("HGETALL", name)).items():
                if person.is_at(thread) and _asker(raw) == person.id:
                    found.append((thread, unpack(field)))
        return found

    async def forget(self, person: PersonKey) -> Forgotten:
        """Delete what is kept of the person, but for work and conversations that are not over yet. Safe to repeat."""
        lines, conversations, places = await self._delete_lines(self._keys.ledger, person)
        ratings, *_ = await self._delete_lines(self._keys.ratings, person)
        letters = await self._delete_dead_letters(person)
        keys = await self._delete_keys(person, {person.id, *places}, conversations)
        await self._delete_hints(person)
        await self._drop_what_workers_remember()
        ends = await self._commands.call("HVALS", self._keys.endings)
        left = len(await self.sessions_of(person)) + len(await self.waiting_of(person))
        left += sum(f'"{person.id}"' in unpack_anything(raw) for raw in ends)
        return Forgotten(lines, ratings, letters, keys, left)

    async def drop_old(self) -> None:
        """Delete lines of the ledger and of the ratings, and dead letters, that are older than they may be."""
        now, limits = time(), self._limits
        for stream, age_s in ((self._keys.ledger, limits.ledger_s), (self._keys.ratings, limits.ratings_s)):
            await self._commands.call("XTRIM", stream, "MINID", round((now - age_s) * 1000))
        for raw in reversed(await self._commands.call("LRANGE", self._keys.dead, 0, -1)):
            if float(_fields(raw).get("at_ms", 0)) / 1000 >= now - limits.dead_letter_s:
                return
            await self._commands.call("LREM", self._keys.dead, -1, raw)

    async def _delete_lines(self, stream: str, person: PersonKey) -> tuple[int, set[str], set[str]]:
        """Delete a stream's lines; return how many, their conversations, and the places where the person was alone."""
        ids, conversations, places = [], set(), set()
        for line_id, raw in await self._commands.call("XRANGE", stream, "-", "+"):
            line = {unpack(name): unpack(value) for name, value in raw.items()}
            if (line.get("channel"), line.get("person")) != (person.channel, person.id):
                continue
            if person.account not in {"", line.get("account")}:
                continue
            ids.append(line_id)
            conversations.add(line.get("conversation", ""))
            if line.get("place", "").startswith("D"):
                places.add(line["place"])
        for at in range(0, len(ids), _AT_ONCE):
            await self._commands.call("XDEL", stream, *ids[at : at + _AT_ONCE])
        return len(ids), conversations - {""}, places

    async def _delete_dead_letters(self, person: PersonKey) -> int:
        deleted = 0
        for raw in await self._commands.call("LRANGE", self._keys.dead, 0, -1):
            letter = _fields(raw)
            thread = ThreadKey.parse(str(letter.get("thread") or ":::"))
            if _asker(letter.get("question", "")) == person.id and person.is_at(thread):
                deleted += int(await self._commands.call("LREM", self._keys.dead, 1, raw))
        return deleted

    async def _delete_keys(self, person: PersonKey, names: Collection[str], conversations: Collection[str]) -> int:
        """Delete the keys that name the person, and the values that do."""
        deleted = 0
        async for key in self._names():
            kind, _, rest = key.removeprefix(f"{self._keys.prefix}:").partition(":")
            if kind == "records":
                await self._delete_records(key, names)
            if kind == "taken":
                await self._leave_unnamed(key, person)
            if kind in _STAYS:
                continue
            is_theirs = bool(set(_parts(rest)) & set(names)) and person.is_named_in(rest)
            if kind in _OF_A_PERSON:
                is_theirs = is_theirs or await self._is_of(kind, key, person)
            if kind == "answer":
                is_theirs = unpack_anything(await self._commands.call("GET", key) or b"") in conversations
            if kind in _ANSWERED_LAST:
                # They let a request that comes again have the same answer, for seconds.
                said = " ".join(map(unpack_anything, await self._commands.call("HVALS", key)))
                is_theirs = any(name in said for name in (*names, *conversations))
            if not is_theirs:
                deleted += await self._delete_words(kind, key, person)
            if is_theirs:
                deleted += int(await self._commands.call("DEL", key))
        return deleted

    async def _delete_words(self, kind: str, key: str, person: PersonKey) -> int:
        """Delete what the person said in a thread: questions with their answers, and what was said to other people."""
        if kind not in {"exchanges", "overheard"}:
            return 0
        thread = ThreadKey.parse(key.removeprefix(f"{self._keys.prefix}:{kind}:"))
        if not person.is_at(thread):
            return 0
        is_list = kind == "overheard"
        said = await self._commands.call("LRANGE" if is_list else "ZRANGE", key, 0, -1)
        theirs = [raw for raw in said if _asker(raw) == person.id]
        removals = [("LREM", key, 1, raw) if is_list else ("ZREM", key, raw) for raw in theirs]
        return sum(map(int, await self._commands.calls(removals)))

    async def _is_of(self, kind: str, key: str, person: PersonKey) -> bool:
        """Say whether a value is of the person, or may hold words of theirs."""
        raw = await self._commands.call("GET", key) or b"{}"
        if kind != "summary":
            return _asker(raw) == person.id
        fields, thread = _fields(raw), ThreadKey.parse(key.removeprefix(f"{self._keys.prefix}:summary:"))
        return person.is_at(thread) and (person.id in fields.get("people", ()) or fields.get("several_spoke") is True)

    async def _leave_unnamed(self, key: str, person: PersonKey) -> None:
        """Leave a thread that the person has as it is, without the person's name."""
        thread = ThreadKey.parse(key.removeprefix(f"{self._keys.prefix}:taken:"))
        if person.is_at(thread):
            for field, changes in (("person", ("person", "", "name", "")), ("opener", ("opener", ""))):
                named = await self._commands.call("HGET", key, field)
                if named is not None and unpack(named) == person.id:
                    await self._commands.call("HSET", key, *changes)

    async def _delete_records(self, key: str, names: Collection[str]) -> None:
        """Delete what a channel keeps by itself of the person's own places."""
        for name in await self._commands.call("HKEYS", key):
            if set(_parts(unpack(name))) & set(names):
                await self._commands.call("HDEL", key, name)

    async def _drop_what_workers_remember(self) -> None:
        """Tell the workers that nothing said until now may come back. In all threads: the person is not named."""
        await self._commands.script("drop_exchanges", [self._keys.drops, self._keys.drops], ["", milliseconds(time())])

    async def _delete_hints(self, person: PersonKey) -> None:
        for thread, asker in (await self._commands.call("HGETALL", self._keys.askers)).items():
            if _is_theirs(unpack(asker), person):
                await self._commands.call("HDEL", self._keys.askers, thread)
        for asker in await self._commands.call("ZRANGE", self._keys.served, 0, -1):
            if _is_theirs(unpack(asker), person):
                await self._commands.call("ZREM", self._keys.served, asker)

    async def _names(self, kind: str = "") -> AsyncIterator[str]:
        """Yield the names of keys: all, or those of one kind."""
        pattern, cursor = f"{self._keys.prefix}:{kind}:*" if kind else f"{self._keys.prefix}:*", "0"
        seen: set[str] = set()
        while True:
            cursor, found = await self._commands.call("SCAN", cursor, "MATCH", pattern, "COUNT", _AT_ONCE)
            for name in map(unpack_anything, found):
                if name not in seen:
                    seen.add(name)
                    yield name
            cursor = unpack(cursor) if isinstance(cursor, bytes) else str(cursor)
            if cursor == "0":
                return


def _is_theirs(asker: str, person: PersonKey) -> bool:
    """Say whether a hint, `<channel>:<account>:<id>`, is of the person; or a private chat's thread."""
    channel, account, *rest = [*asker.split(":"), "", ""]
    return channel == person.channel and person.account in {"", account} and person.id in rest


def _parts(name: str) -> Iterable[str]:
    """Split a name at its colons, also where it was quoted as a whole."""
    return [part for outer in name.split(":") for part in unquote(outer).split(":")]


def _fields(raw: bytes | str) -> Mapping[str, Any]:
    try:
        found = json.loads(unpack_anything(raw) if isinstance(raw, bytes) else raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _asker(raw: bytes | str) -> str:
    """Return who asked a question that is kept as JSON; empty where that is none."""
    person = _fields(raw).get("person")
    return str(person.get("id", "")) if isinstance(person, dict) else ""
