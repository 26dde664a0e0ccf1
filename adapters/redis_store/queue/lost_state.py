"""Mends a Redis that has forgotten: writes down again what this worker works on, and ends what it knows to be open."""

import logging
from contextlib import suppress

from adapters.redis_store.client.batching import Call
from adapters.redis_store.client.commands import Commands
from adapters.redis_store.queue.worker_state import TurnAtWork, WorkerState
from adapters.redis_store.schema.codec import pack, session_to_fields
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.errors import StoreUnavailable
from bridge.domain.sessions import EndReason, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease

log = logging.getLogger(__name__)

_IDLE_AFTER_S = 600.0
"""Deadline of a session that is bound again: its turn sets the right one when it is settled."""


class LostState:
    """Mends what a FLUSHALL, a restart without persistence or a failover has lost, from one worker's memory."""

    def __init__(
        self, commands: Commands, keys: Keys, limits: StoreLimits, worker: WorkerState, sealing: Sealing
    ) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._sealing = sealing
        self._worker = worker

    async def restore(self, lease: Lease) -> bool:
        """Take a thread back that no worker has any more, with the turn at work there.

        False where there is nothing to take back: another worker has the thread, or the turn was settled.
        """
        turn = self._worker.turn_of(lease)
        restored = turn is not None and await self._restore(turn)
        if restored:
            log.warning("Redis had lost a turn that is at work; it goes on", extra={"thread_key": str(lease.thread)})
        return restored

    async def mend(self) -> None:
        """Write down again what is at work here, and end every other conversation that this worker knows of.

        Conversations of live turns stay bound, so that they end with their idle time.
        """
        turns, sessions = self._worker.turns, self._worker.sessions
        log.error("Redis has lost what it kept", extra={"live_turns": len(turns), "known_sessions": len(sessions)})
        at_work = {turn.lease.thread for turn in turns if await self._restore(turn)}
        await self._restore_exchanges()
        await self._restore_taken()
        for session in sessions:
            if session.thread not in at_work or not await self._bind_again(session):
                await self.queue_end(session, EndReason.FORGOTTEN)

    async def _restore_exchanges(self) -> None:
        limits = self._limits
        calls = [
            (
                [self._keys.exchanges(thread)],
                [
                    *(limits.carried.exchanges, milliseconds(limits.carried.kept_s)),
                    *(milliseconds(limits.carried_again_s), *(part for one in said for part in one)),
                ],
            )
            for thread, said in self._worker.exchanges
        ]
        await self._commands.scripts("restore_exchanges", calls)

    async def note_taken(self, thread: ThreadKey) -> None:
        """Remember who has the thread now. If the server does not answer, the look at all threads asks later."""
        with suppress(StoreUnavailable):
            fields = await self._commands.read("HGETALL", [self._keys.taken(thread)])
            self._worker.taken.pop(thread, None)
            if fields:
                self._worker.taken[thread] = fields

    async def _restore_taken(self) -> None:
        """Give threads back to the people who had them: the agent must not suddenly answer there."""
        keys, limits = self._keys, self._limits
        calls: list[Call] = [
            (
                [keys.taken(thread), keys.taken_due, keys.known(thread), keys.clock],
                [str(thread), milliseconds(limits.hand_back_s), milliseconds(limits.known_thread_s), *fields],
            )
            for thread, fields in self._worker.taken.items()
        ]
        await self._commands.scripts("restore_taken", calls)

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        """Queue the end of a conversation that no record tells of, or may not."""
        keys, thread = self._keys, session.thread
        self._worker.may_be_due = True
        await self._commands.script(
            "queue_end",
            [keys.session(thread), keys.idle, keys.endings, keys.ends, keys.clock],
            [str(thread), pack(session.conversation.id), reason.value, *self._fields(session)],
        )

    async def _restore(self, turn: TurnAtWork) -> bool:
        keys, thread = self._keys, turn.lease.thread
        restored = await self._commands.script(
            "restore",
            [
                *(keys.due, keys.leases, keys.inbox(thread), keys.bodies(thread), keys.turn(thread)),
                *(keys.clock, keys.epoch),
            ],
            [
                *(str(thread), turn.lease.fence, pack(turn.question_id), turn.body),
                *(milliseconds(self._limits.lease_s), turn.epoch),
                *turn.flat(),
            ],
        )
        return bool(restored)

    async def _bind_again(self, session: Session) -> bool:
        keys, thread = self._keys, session.thread
        bound = await self._commands.script(
            "restore_session",
            [
                *(keys.session(thread), keys.idle),
                *(keys.opened_by(thread.channel, thread.account, session.person_id), keys.clock),
            ],
            [
                *(str(thread), milliseconds(_IDLE_AFTER_S), pack(session.conversation.id)),
                milliseconds(self._limits.session_s),
                *self._fields(session),
            ],
        )
        return bool(bound)

    def _fields(self, session: Session) -> list[bytes]:
        return session_to_fields(self._sealing.close_session(session))
