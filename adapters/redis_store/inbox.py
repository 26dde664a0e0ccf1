"""Where questions wait, one list for each thread."""

from dataclasses import replace

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import pack, question_from_json, question_to_json, unpack
from adapters.redis_store.schema.keys import Keys, StoreLimits, milliseconds
from bridge.domain.incoming import IntakeResult, Question
from bridge.domain.threads import ThreadKey


class RedisInbox:
    """The `Inbox` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits

    async def append(self, question: Question) -> IntakeResult:
        """Remove duplicates and append, in one step.

        A message seen before under any of its dedupe keys is seen under all of them from then on. One that is
        turned away because the inbox is full counts as seen; one that is not addressed to the bridge does not.
        """
        keys, limits, thread = self._keys, self._limits, question.thread
        aliases = dict.fromkeys((question.id, *question.dedupe_keys))
        became = await self._commands.script(
            "append",
            [
                keys.inbox(thread),
                keys.bodies(thread),
                keys.known(thread),
                keys.due,
                keys.bell,
                keys.counters,
                keys.told_queued(thread),
                *(keys.turn(thread), keys.leases, keys.burst(thread, question.person.id)),
                *(keys.seen(alias) for alias in aliases),
            ],
            [
                str(thread),
                pack(question.id),
                question_to_json(question),
                int(question.addressed),
                limits.inbox_length,
                milliseconds(limits.dedupe_s),
                milliseconds(limits.known_thread_s),
                limits.bell_length,
                limits.queued_from,
                *(round(question.joins_within_s * 1000), len(question.text), limits.joined_characters),
                int(bool(question.about)),
            ],
        )
        return IntakeResult(unpack(became))

    async def stop(self, question: Question) -> IntakeResult:
        """Mark the turn at the head of the question's thread as stopped, in one step with removing duplicates."""
        keys, thread = self._keys, question.thread
        aliases = dict.fromkeys((question.id, *question.dedupe_keys))
        became = await self._commands.script(
            "stop",
            [
                *(keys.inbox(thread), keys.turn(thread), keys.known(thread), keys.counters),
                *(keys.bodies(thread), keys.session(thread)),
                *(keys.seen(alias) for alias in aliases),
            ],
            [
                *(int(question.addressed), milliseconds(self._limits.dedupe_s)),
                *(question.about, pack(question.person.id), int(question.owner_only)),
            ],
        )
        return IntakeResult(unpack(became))

    async def rate(self, question: Question) -> IntakeResult:
        """Write down whether an answer helped, in one step with removing duplicates."""
        keys, limits, thread = self._keys, self._limits, question.thread
        line = {
            "turn": question.about,
            "channel": thread.channel,
            "account": thread.account,
            "place": thread.place,
            "thread": thread.thread,
            "person": question.person.id,
        }
        became = await self._commands.script(
            "rate",
            [
                *(keys.answers + question.about, keys.ratings, keys.counters),
                *(keys.seen(question.id), keys.turn(thread)),
            ],
            [
                *(pack(question.text), limits.ratings_length, milliseconds(limits.dedupe_s), question.about),
                *(pack(part) for pair in line.items() for part in pair),
            ],
        )
        return IntakeResult(unpack(became))

    async def note_wordless(self, question: Question) -> IntakeResult:
        """Say whether to tell that only text is read: once in an hour for each place."""
        life_ms = milliseconds(self._limits.told_wordless_s)
        key = self._keys.told_wordless(question.thread)
        is_first = await self._commands.call("SET", key, "1", "NX", "PX", life_ms)
        return IntakeResult.WORDLESS if is_first else IntakeResult.DUPLICATE

    async def amend(self, question_id: str, thread: ThreadKey, text: str | None) -> bool:
        """Change the text of a question that still waits, or drop it (None). False when it does not wait."""
        keys = self._keys
        body = b""
        if text is not None:
            kept = await self._commands.call("HGET", keys.bodies(thread), pack(question_id))
            if kept is None:
                return False
            body = question_to_json(replace(question_from_json(kept), text=text))
        amended = await self._commands.script(
            "amend",
            [keys.inbox(thread), keys.bodies(thread), keys.turn(thread), keys.due, keys.leases],
            [str(thread), pack(question_id), body],
        )
        return bool(amended)
