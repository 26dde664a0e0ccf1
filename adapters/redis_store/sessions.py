"""Which conversation each thread is bound to, and the queue of those that are to be ended."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.queue.lost_state import LostState
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.schema.codec import (
    Unreadable,
    ending_from_json,
    ledger_fields,
    opening_from_json,
    opening_to_json,
    pack,
    session_from_fields,
    session_to_fields,
    unpack,
)
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.domain.sessions import Conversation, Ending, EndReason, Opening, Session, Tick
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease

log = logging.getLogger(__name__)

_JUMP_FROM_MS = 120_000
"""A smaller difference may be a slow call, or a clock that is corrected little by little."""
_LOST_AT_ONCE = 100
_LOOK_EVERY_S = 5.0
_LOOK_WAITS_S = 1.0
"""How long a look may wait for another step to travel with, if nothing is known to be due by then."""


class RedisSessions:
    """The `SessionStore` port on Redis."""

    def __init__(
        self,
        commands: Commands,
        keys: Keys,
        limits: StoreLimits,
        worker: WorkerState,
        lost_state: LostState,
        sealing: Sealing,
    ) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._sealing = sealing
        self._worker = worker
        self._lost_state = lost_state
        self._clock = _ServerClock()
        self._claiming = asyncio.Lock()

    async def current(self, thread: ThreadKey) -> Session | None:
        """Return the session that the thread is bound to. Raises `StoreUnavailable` too where no key opens it."""
        fields = await self._commands.read("HGETALL", [self._keys.session(thread)])
        if not fields:
            return None
        try:
            session = self._sealing.open_session(session_from_fields(thread, fields))
        except Unreadable as error:
            raise StoreUnavailable(str(error)) from error
        self._worker.knows(session)
        return session

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
            [self._keys.openings, self._keys.opening_due, self._keys.clock],
            [opening.id, opening_to_json(opening), milliseconds(self._limits.opening_s)],
        )

    async def forget_opening(self, opening_id: str) -> None:
        """Note that an opening left nothing open: nothing was opened, or its end is certain."""
        await self._commands.calls(
            [("ZREM", self._keys.opening_due, opening_id), ("HDEL", self._keys.openings, opening_id)]
        )

    async def take_lost_openings(self) -> Sequence[Opening]:
        """Return openings that never came to an end, each to one worker, with its line in the ledger written."""
        if not self._clock.has_lost_openings:
            return []
        keys = self._keys
        lost = await self._commands.script(
            "lost_openings",
            [keys.openings, keys.opening_due, keys.ledger, keys.counters, keys.clock],
            [_LOST_AT_ONCE, self._limits.ledger_lines, EndReason.LOST.value],
            once=self._keys.request,
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
        self._worker.may_be_due = True
        bound = await self._commands.durable_script(
            "bind",
            [
                *(keys.leases, keys.session(thread), keys.idle, keys.endings, keys.ends),
                keys.opened_by(thread.channel, thread.account, session.person_id),
                *(keys.openings, keys.opening_due, keys.clock),
            ],
            [
                *(str(thread), lease.fence, pack(session.conversation.id), milliseconds(idle_timeout_s)),
                *(milliseconds(self._limits.session_s), opening_id),
                *session_to_fields(self._sealing.close_session(session)),
            ],
        )
        if not bound:
            raise LeaseLost(str(thread))
        self._worker.knows(session)

    async def begin_end(self, thread: ThreadKey, conversation_id: str, reason: EndReason) -> bool:
        """Unbind the thread and queue the conversation's end, in one step. False when it was not bound to it."""
        keys = self._keys
        self._worker.may_be_due = True
        return bool(
            await self._commands.script(
                "begin_end",
                [keys.session(thread), keys.idle, keys.endings, keys.ends, keys.clock],
                [str(thread), pack(conversation_id), reason.value],
                once=self._keys.request,
            )
        )

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        """Queue the end of a conversation that never was bound, or whose binding may have been lost."""
        await self._lost_state.queue_end(session, reason)

    async def unbind_idle(self, limit: int) -> int:
        """Begin the end of up to `limit` sessions whose idle deadline has passed; return how many.

        A thread that is leased or has questions waiting is left alone, its deadline moved a little ahead; not so one
        whose answer is recorded and put off, because the channel does not take it, nor for more than five minutes one
        that no worker takes.
        """
        keys = self._keys
        names = await self._commands.script("idle_threads", [keys.idle, keys.clock], [limit], is_urgent=True)
        threads = [ThreadKey.parse(unpack(name)) for name in names]
        begun = await self._commands.scripts(
            "unbind_idle",
            [
                (
                    [
                        *(keys.idle, keys.session(thread), keys.due, keys.leases, keys.inbox(thread)),
                        *(keys.endings, keys.ends, keys.turn(thread), keys.clock),
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
        """Claim up to `limit` due ends for that long: no other reaper gets them meanwhile."""
        keys, worker = self._keys, self._worker
        async with self._claiming:
            taken = await self._commands.script(
                "claim_ends",
                [keys.ends, keys.endings, keys.end_attempts, keys.clock, keys.claimed_ends(worker.name)],
                [limit, milliseconds(lease_s), worker.end_claims.next()],
                is_urgent=True,
            )
            worker.end_claims.answered()
        return [ending for _, raw, attempts in taken if (ending := self._ending(raw, int(attempts)))]

    def _ending(self, raw: bytes, attempts: int) -> Ending | None:
        """Read an ending. One whose token no key opens is taken again later: the key may be back by then."""
        ending = ending_from_json(raw, attempts)
        try:
            return replace(ending, session=self._sealing.open_session(ending.session))
        except Unreadable as error:
            log.error(  # noqa: TRY400 - it has no traceback worth reading
                "an operator has to act: a conversation cannot be ended now",
                extra={"conversation": ending.session.conversation.id, "cause": str(error)},
            )
            return None

    async def postpone_end(self, ending: Ending, after_s: float) -> None:
        """Make the end due again after that time."""
        conversation_id, keys = pack(ending.session.conversation.id), [self._keys.ends, self._keys.clock]
        self._worker.may_be_due = True
        await self._commands.script("postpone_end", keys, [conversation_id, milliseconds(after_s)])

    async def confirm_end(self, ending: Ending) -> bool:
        """Forget the session and its token, and write its line into the ledger. True at most once for each end."""
        keys, conversation_id = self._keys, ending.session.conversation.id
        is_first = await self._commands.script(
            "confirm_end",
            [keys.ends, keys.endings, keys.end_attempts, keys.ledger, keys.counters],
            [pack(conversation_id), ending.reason.value, self._limits.ledger_lines, *ledger_fields(ending)],
        )
        self._worker.ended(conversation_id)
        return bool(is_first)

    async def tick(self, elapsed_s: float) -> Tick:
        """Look whether anything is due, every 5 s if nothing is; restore what Redis has forgotten."""
        clock, worker, keys = self._clock, self._worker, self._keys
        clock.unseen_s += elapsed_s
        if clock.unseen_s < clock.next_look_s and not worker.may_be_due:
            return Tick(is_due=False)
        is_urgent = clock.next_look_s < _LOOK_EVERY_S
        worker.may_be_due = False
        try:
            now, noted, jump, due_in_ms, lost_in_ms, epoch, others, drops = await self._commands.script(
                "tick",
                [keys.clock, keys.idle, keys.ends, keys.quota, keys.epoch, keys.workers, keys.opening_due, keys.drops],
                [
                    *(clock.seen_at_ms, clock.noted_ms, round(clock.unseen_s * 1000), _JUMP_FROM_MS),
                    *(worker.name, milliseconds(self._limits.presence_s), worker.looks.next(), worker.drops_seen),
                ],
                can_wait_s=0.0 if is_urgent else _LOOK_WAITS_S,
            )
            worker.looks.answered()
            self._note_drops(drops)
            await self._note_epoch(unpack(epoch))
        except BaseException:
            worker.may_be_due = True
            raise
        clock.seen_at_ms, clock.noted_ms, clock.unseen_s = int(now), int(noted), 0.0
        clock.next_look_s = min([_LOOK_EVERY_S, *(wait / 1000 for wait in (due_in_ms, lost_in_ms) if wait >= 0)])
        clock.has_lost_openings = lost_in_ms == 0
        worker.is_alone = not others
        return Tick(is_due=due_in_ms == 0, jump_s=int(jump) / 1000)

    def _note_drops(self, drops: Sequence[tuple[bytes, Sequence[bytes]]]) -> None:
        """Take note of what other workers, or an operator, dropped."""
        for entry_id, flat in drops:
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            self._worker.exchanges_dropped(unpack(fields[b"thread"]), int(fields[b"at_ms"]) / 1000)
            self._worker.drops_seen = unpack(entry_id)

    async def _note_epoch(self, epoch: str) -> None:
        if self._worker.epoch not in {"", epoch}:
            self._worker.drops_seen = ""
            await self._lost_state.mend()
        self._worker.epoch = epoch

    async def counts(self) -> tuple[int, int]:
        """Return how many sessions are open, and how many are being ended."""
        keys = self._keys
        opened = await self._commands.call("ZCARD", keys.idle)
        ending = await self._commands.call("ZCARD", keys.ends)
        return int(opened), int(ending)


@dataclass(slots=True)
class _ServerClock:
    """What the last look at the server's clock showed."""

    seen_at_ms: int = 0
    """What it said; 0 before the first look."""
    noted_ms: int = 0
    """The jumps that were noted by then."""
    unseen_s: float = 0.0
    """What has truly passed since."""
    next_look_s: float = 0.0
    """When to look again, from then."""
    has_lost_openings: bool = True
    """Whether an opening was not finished in its time."""
