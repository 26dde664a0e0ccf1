"""Which conversation each thread is bound to, and the queue of those that are to be ended."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import (
    ending_from_json,
    ledger_fields,
    opening_from_json,
    opening_to_json,
    pack,
    session_from_fields,
    session_to_fields,
    unpack,
)
from adapters.redis_store.schema.keys import Keys, StoreLimits, milliseconds
from bridge.domain.errors import LeaseLost
from bridge.domain.sessions import Conversation, Ending, EndReason, Opening, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease

_JUMP_FROM_MS = 120_000
"""Less may be a call that took long to get through, or a clock that is being set right little by little."""
_LOST_AT_ONCE = 100


class RedisSessions:
    """The `SessionStore` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._seen_at_ms = 0
        self._clock_offset_ms = 0

    async def current(self, thread: ThreadKey) -> Session | None:
        """Return the session that the thread is bound to."""
        fields = await self._commands.call("HGETALL", self._keys.session(thread))
        return session_from_fields(thread, _flat(fields)) if fields else None

    async def opened_by(self, channel: str, account: str, person_id: str) -> Sequence[Session]:
        """Return the open sessions that this person began, without their tokens, oldest first.

        Threads whose session is over are forgotten on the way. A session lives shorter than the index of it.
        """
        index = self._keys.opened_by(channel, account, person_id)
        found = []
        for name in await self._commands.call("SMEMBERS", index):
            thread = ThreadKey.parse(unpack(name))
            session = await self.current(thread)
            if session is not None and session.person_id == person_id:
                found.append(replace(session, conversation=Conversation(session.conversation.id, "")))
            else:
                await self._commands.call("SREM", index, name)
        return sorted(found, key=lambda session: session.opened_at)

    async def note_opening(self, opening: Opening) -> None:
        """Note that a conversation is about to be opened. One that is noted for a minute counts as lost."""
        await self._commands.script(
            "note_opening",
            [self._keys.openings, self._keys.opening_due],
            [opening.id, opening_to_json(opening), milliseconds(self._limits.opening_s)],
        )

    async def forget_opening(self, opening_id: str) -> None:
        """Note that nothing is left open of it: nothing was opened, or its end is certain."""
        await self._commands.calls(
            [("ZREM", self._keys.opening_due, opening_id), ("HDEL", self._keys.openings, opening_id)]
        )

    async def take_lost_openings(self) -> Sequence[Opening]:
        """Return openings that never came to an end, each to one worker, with its line in the ledger written."""
        keys = self._keys
        lost = await self._commands.script(
            "lost_openings",
            [keys.openings, keys.opening_due, keys.ledger, keys.counters],
            [_LOST_AT_ONCE, self._limits.ledger_length, EndReason.LOST.value],
        )
        return [opening_from_json(raw) for raw in lost]

    async def possible_orphans(self) -> int:
        """Return how many openings were lost since counting began."""
        return int(await self._commands.call("HGET", self._keys.counters, f"session.{EndReason.LOST}") or 0)

    async def bind(self, lease: Lease, session: Session, idle_timeout_s: float, opening_id: str = "") -> None:
        """Bind the thread to a conversation just opened. Raises `LeaseLost`: the caller then ends it on the spot.

        A session that the thread was bound to before begins to end, with reason `REPLACED`.
        """
        keys, thread = self._keys, session.thread
        bound = await self._commands.script(
            "bind",
            [
                *(keys.leases, keys.session(thread), keys.idle, keys.endings, keys.ends),
                keys.opened_by(thread.channel, thread.account, session.person_id),
                *(keys.openings, keys.opening_due),
            ],
            [
                *(str(thread), lease.fence, pack(session.conversation.id), milliseconds(idle_timeout_s)),
                *(milliseconds(self._limits.session_s), opening_id),
                *session_to_fields(session),
            ],
        )
        if not bound:
            raise LeaseLost(str(thread))

    async def begin_end(self, thread: ThreadKey, conversation_id: str, reason: EndReason) -> bool:
        """Unbind the thread and queue the conversation's end, in one step. False when it was not bound to it."""
        keys = self._keys
        return bool(
            await self._commands.script(
                "begin_end",
                [keys.session(thread), keys.idle, keys.endings, keys.ends],
                [str(thread), pack(conversation_id), reason.value],
            )
        )

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        """Queue the end of a conversation that never was bound, or whose binding may have been lost."""
        keys, thread = self._keys, session.thread
        await self._commands.script(
            "queue_end",
            [keys.session(thread), keys.idle, keys.endings, keys.ends],
            [str(thread), pack(session.conversation.id), reason.value, *session_to_fields(session)],
        )

    async def unbind_idle(self, limit: int) -> int:
        """Begin the end of up to `limit` sessions whose idle deadline has passed; return how many.

        A thread that is leased or has questions waiting is left alone, its deadline moved a little ahead; not so one
        whose answer is recorded and put off, because the channel does not take it, nor for more than five minutes one
        that no worker takes.
        """
        keys = self._keys
        names = await self._commands.script("idle_threads", [keys.idle], [limit])
        threads = [ThreadKey.parse(unpack(name)) for name in names]
        begun = await self._commands.scripts(
            "unbind_idle",
            [
                (
                    [
                        *(keys.idle, keys.session(thread), keys.due, keys.leases, keys.inbox(thread)),
                        *(keys.endings, keys.ends, keys.turn(thread)),
                    ],
                    [
                        *(str(thread), milliseconds(self._limits.busy_delay_s)),
                        round(self._limits.unserved_s / self._limits.busy_delay_s),
                    ],
                )
                for thread in threads
            ],
        )
        return sum(int(one) for one in begun)

    async def claim_ends(self, limit: int, lease_s: float) -> Sequence[Ending]:
        """Take up to `limit` ends that are due, for that long: no other reaper gets them meanwhile."""
        keys = self._keys
        taken = await self._commands.script(
            "claim_ends", [keys.ends, keys.endings, keys.end_attempts], [limit, milliseconds(lease_s)]
        )
        return [ending_from_json(raw, int(attempts)) for _, raw, attempts in taken]

    async def postpone_end(self, ending: Ending, after_s: float) -> None:
        """Make the end due again after that time."""
        conversation_id = pack(ending.session.conversation.id)
        await self._commands.script("postpone_end", [self._keys.ends], [conversation_id, milliseconds(after_s)])

    async def confirm_end(self, ending: Ending) -> None:
        """Forget the session and its token, and write its line into the ledger. Safe to repeat: one line."""
        keys, conversation_id = self._keys, ending.session.conversation.id
        await self._commands.script(
            "confirm_end",
            [keys.ends, keys.endings, keys.end_attempts, keys.ledger, keys.counters],
            [pack(conversation_id), ending.reason.value, self._limits.ledger_length, *ledger_fields(ending)],
        )

    async def absorb_clock_jump(self, elapsed_s: float) -> float:
        """Move all deadlines along when Redis's clock has jumped; return by how many seconds, 0 for not at all."""
        keys = self._keys
        now, offset, jump = await self._commands.script(
            "clock_jump",
            [keys.clock, keys.due, keys.idle, keys.ends, keys.opening_due, keys.quota],
            [self._seen_at_ms, self._clock_offset_ms, round(elapsed_s * 1000), _JUMP_FROM_MS],
        )
        self._seen_at_ms, self._clock_offset_ms = int(now), int(offset)
        return int(jump) / 1000

    async def counts(self) -> tuple[int, int]:
        """Return how many sessions are open, and how many are being ended."""
        keys = self._keys
        opened = await self._commands.call("ZCARD", keys.idle)
        ending = await self._commands.call("ZCARD", keys.ends)
        return int(opened), int(ending)


def _flat(fields: Mapping[bytes, bytes]) -> list[bytes]:
    return [part for pair in fields.items() for part in pair]
