"""Threads that have work, each held by one worker at a time under a lease with a fence."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.redis_store.client.batching import Argument
from adapters.redis_store.client.commands import Commands
from adapters.redis_store.queue.bell import LONGEST_WAIT_S, Bell
from adapters.redis_store.queue.lost_state import LostState
from adapters.redis_store.queue.worker_state import WorkerState
from adapters.redis_store.schema.codec import (
    Unreadable,
    answer_to_fields,
    at_thread,
    history_to_text,
    message_ids_to_json,
    pack,
    queued_from_json,
    record_from_fields,
    shown_fields,
    unpack,
)
from adapters.redis_store.schema.exchange_codec import exchange_to_json
from adapters.redis_store.schema.file_codec import files_to_json
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.errors import LeaseLost
from bridge.domain.exchanges import Exchange
from bridge.domain.files import FileMark
from bridge.domain.incoming import Question
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, InboxItem, Lease, Outcome, Renewal, Settlement, Step, token_of

LEAVE_IDLE = -1
_LOST, _GONE = 0, -1
_NO_HOLDER = -2


class RedisWorkQueue:
    """The `WorkQueue` port on Redis."""

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
        self._bell = Bell(commands, keys, worker)
        self._claiming = asyncio.Lock()

    @property
    def is_alone(self) -> bool:
        """Whether the last tick saw no other worker."""
        return self._worker.is_alone

    @property
    def is_more_due(self) -> bool:
        """Whether the last claim left a thread that was due."""
        return self._bell.next_due_s <= 0

    async def claim(self) -> Lease | None:
        """Take a due thread, person by person, for the length of a lease; None when none is due."""
        async with self._claiming:
            return await self._claim()

    async def _claim(self) -> Lease | None:
        keys, worker, limits = self._keys, self._worker, self._limits
        taken = await self._commands.script(
            "claim",
            [
                *(keys.due, keys.leases, keys.fence, keys.bell, keys.clock),
                *(keys.claimed(worker.name), keys.epoch, keys.workers, keys.askers, keys.served),
            ],
            [milliseconds(limits.lease_s), worker.claims.next(), worker.name, milliseconds(limits.presence_s)],
            is_urgent=True,
        )
        worker.claims.answered()
        *taken, wait_ms = taken if isinstance(taken, list) else [taken]
        self._bell.next_due_s = wait_ms / 1000 if wait_ms >= 0 else LONGEST_WAIT_S
        if not taken:
            return None
        thread, fence, epoch = map(unpack, taken)
        lease = Lease(ThreadKey.parse(thread), fence)
        worker.claimed(lease, epoch)
        return lease

    async def renew(self, leases: Sequence[Lease], *, can_wait_s: float = 0.0) -> Renewal:
        """Move the leases ahead. A thread that Redis has forgotten is taken back, with the turn at work there."""
        if not leases:
            return Renewal((), ())
        keys = self._keys
        named: list[Argument] = [part for lease in leases for part in (str(lease.thread), lease.fence)]
        lost, gone, stopped = await self._commands.script(
            "renew",
            [keys.due, keys.leases, keys.clock, *(keys.turn(lease.thread) for lease in leases)],
            [milliseconds(self._limits.lease_s), *named],
            can_wait_s=can_wait_s,
        )
        really_lost = [leases[int(at)] for at in lost]
        really_lost += [leases[int(at)] for at in gone if not await self._lost_state.restore(leases[int(at)])]
        for lease in really_lost:
            self._worker.lost(lease)
        return Renewal(really_lost, [unpack(question_id) for question_id in stopped])

    async def begin(self, lease: Lease) -> InboxItem | None:
        """Read the head of the thread's inbox and count an attempt; None when it is empty. Raises `LeaseLost`.

        A question that cannot be read is set aside, and the next one is read.
        """
        keys, thread = self._keys, lease.thread
        for _ in range(self._limits.inbox_length + 1):
            found = await self._commands.script(
                "begin",
                [keys.leases, keys.inbox(thread), keys.bodies(thread), keys.turn(thread), keys.due],
                [str(thread), lease.fence],
            )
            if found == -1:
                raise LeaseLost(str(thread))
            if found == 0:
                return None
            body, record, question_id = found
            try:
                item = self._sealing.open_item(queued_from_json(body), record_from_fields(record), question_id, thread)
            except Unreadable as error:
                if not await self._settle(lease, Outcome.DEAD, LEAVE_IDLE, history="keep", dead_reason=str(error)):
                    return None
            else:
                self._worker.begun(lease, unpack(question_id), body, record)
                return replace(item, queued=at_thread(item.queued, thread))
        return None

    async def record_sending(
        self, lease: Lease, conversation_id: str, history_count: int, wording: str = "", *, asked_again: int = 0
    ) -> None:
        """Note that the question is about to be sent, in this wording: step `SENDING`. Raises `LeaseLost`."""
        await self._record(
            lease,
            *("step", Step.SENDING.value),
            *("conversation_id", pack(conversation_id)),
            *("history_count", history_count),
            *("wording", pack(self._sealing.close_said(lease, wording))),
            *("has_begun", 0),
            *("cut_at", ""),
            *("asked_again", asked_again),
        )

    async def record_cut(self, lease: Lease, characters: int) -> None:
        """Note that the bridge hangs up on the answer after so many characters. Raises `LeaseLost`."""
        await self._record(lease, "cut_at", characters)

    async def record_shown(self, lease: Lease, message_ids: Sequence[str], text: str, *, has_begun: bool) -> None:
        """Note the reply's messages and the agent's text so far. Raises `LeaseLost`."""
        shown = (message_ids_to_json(message_ids), int(has_begun), pack(self._sealing.close_said(lease, text)))
        await self._record(lease, *shown, script="record_shown")

    async def record_answer(self, lease: Lease, text: str, asked: AnswerResult) -> None:
        """Note the agent's whole text and how asking came out: step `ANSWERED`. Raises `LeaseLost`."""
        await self._record(
            lease, "step", Step.ANSWERED.value, *answer_to_fields(self._sealing.close_said(lease, text), asked)
        )

    async def record_files(self, lease: Lease, files: Mapping[str, FileMark]) -> None:
        """Note how far the files of the answer have come. Raises `LeaseLost`."""
        await self._record(lease, "files", files_to_json(files))

    async def record_step(self, lease: Lease, step: Step) -> None:
        """Set the step alone. Raises `LeaseLost`."""
        await self._record(lease, "step", step.value)

    async def settle(self, lease: Lease, settlement: Settlement) -> bool:
        """Remove the head question and its record and update the session, in one step.

        A command leaves the history as it was, unless the settlement says otherwise. A person who may not ask leaves
        the whole session as it was.
        """
        is_turn = settlement.outcome not in {Outcome.COMMAND_DONE, Outcome.EXCLUDED, Outcome.SUPERSEDED}
        keeps = not is_turn and settlement.history_count is None
        idle_ms = milliseconds(settlement.idle_timeout_s)
        return await self._settle(
            lease,
            settlement.outcome,
            LEAVE_IDLE if settlement.outcome is Outcome.EXCLUDED else idle_ms,
            is_turn=is_turn,
            end_reason=settlement.end_reason.value if settlement.end_reason else "",
            history="keep" if keeps else history_to_text(settlement.history_count),
            usage=[part for pair in settlement.usage.items() for part in pair],
            may_be_rated=settlement.may_be_rated,
            exchange=settlement.exchange,
        )

    async def dead_letter(self, lease: Lease, reason: str, idle_timeout_s: float) -> bool:
        """Move the head question to the dead letters. Returns as `settle`. Raises `LeaseLost`."""
        idle_ms = milliseconds(idle_timeout_s)
        return await self._settle(lease, Outcome.DEAD, idle_ms, history="", dead_reason=reason or "no reason given")

    async def unanswered(self, thread: ThreadKey) -> Question | None:
        """Return the thread's last question if its answer did not come out whole, for a day."""
        raw = await self._commands.call("GET", self._keys.unanswered(thread))
        try:
            queued = None if raw is None else self._sealing.open_queued(queued_from_json(raw), thread)
        except Unreadable:
            return None
        return queued if isinstance(queued, Question) else None

    async def is_superseded(self, thread: ThreadKey) -> bool:
        """Say whether the turn at work was stopped for a newer question."""
        return bool(await self._commands.call("HEXISTS", self._keys.turn(thread), "superseded"))

    async def release(self, lease: Lease, after_s: float = 0.0, *, counts: bool = True) -> None:
        """Give the thread back, to be taken again after that time. As `WorkQueue.release`."""
        keys, thread = self._keys, lease.thread
        await self._commands.script(
            "release",
            [keys.due, keys.leases, keys.inbox(thread), keys.bell, keys.turn(thread), keys.clock],
            [str(thread), lease.fence, max(0, round(after_s * 1000)), self._limits.bell_length, int(not counts)],
        )
        self._worker.released(lease)

    async def wait_for_work(self, timeout_s: float, *, for_stops_only: bool = False) -> str | None:
        """Return when the bell rings, when the thread `claim` saw next comes due, or after that time, 10 s at most.

        Of several that wait in this process, one wakes for each ring.
        """
        return await self._bell.wait(timeout_s, for_stops_only=for_stops_only)

    async def _record(self, lease: Lease, *fields: Argument, script: str = "record") -> None:
        """Write into the turn's record. If Redis has forgotten the turn, restore it first. Raises `LeaseLost`."""
        keys = [self._keys.leases, self._keys.turn(lease.thread), self._keys.due]
        args = [str(lease.thread), lease.fence, pack(lease.question_id), *fields]
        written = await self._commands.script(script, keys, args)
        if written == _GONE and await self._lost_state.restore(lease):
            written = await self._commands.script(script, keys, args)
        if written in {_LOST, _GONE}:
            self._worker.lost(lease)
            raise LeaseLost(str(lease.thread))
        self._worker.recorded(lease, fields if script == "record" else shown_fields(fields))

    async def _settle(
        self,
        lease: Lease,
        outcome: Outcome,
        idle_ms: int,
        *,
        history: str,
        is_turn: bool = True,
        end_reason: str = "",
        dead_reason: str = "",
        usage: Sequence[Argument] = (),
        may_be_rated: bool = False,
        exchange: Exchange | None = None,
    ) -> bool:
        keys, limits, carried, thread = self._keys, self._limits, self._limits.carried, lease.thread
        turn = self._worker.turn_of(lease)
        question_id = turn.question_id if turn else lease.question_id
        said = exchange and self._worker.placed(turn, exchange)
        body = exchange_to_json(self._sealing.close_exchange(said, thread)) if said else b""
        names = [
            *(keys.due, keys.leases, keys.inbox(thread), keys.bodies(thread), keys.turn(thread)),
            *(keys.known(thread), keys.session(thread), keys.idle, keys.endings, keys.ends, keys.counters),
            *(keys.dead, keys.unanswered(thread), keys.answer(token_of(question_id)), keys.clock),
            *(keys.askers, keys.exchanges(thread), keys.answered(thread)),
            *(keys.taken(thread), keys.taken_due, keys.overheard(thread), keys.summary(thread), keys.drops),
        ]
        args: list[Argument] = [
            *(str(thread), lease.fence, pack(lease.question_id), outcome.value, end_reason, idle_ms),
            *(milliseconds(limits.known_thread_s), history, int(is_turn)),
            *(pack(dead_reason), limits.dead_letters, milliseconds(limits.unanswered_s)),
            *(milliseconds(limits.rated_s) if may_be_rated else 0, milliseconds(limits.dead_letter_s)),
            *(body, round(said.at * 1000) if said else 0, carried.exchanges, milliseconds(carried.kept_s)),
            *(limits.remarks if carried.exchanges else 0, limits.remark_bytes),
            *(milliseconds(limits.hand_back_s), *usage),
        ]
        more = await self._commands.script("settle", names, args, once=keys.request)
        if more == _NO_HOLDER and await self._lost_state.restore(lease):
            more = await self._commands.script("settle", names, args, once=keys.request)
        self._worker.may_be_due = True
        if said and more >= 0:
            self._worker.said(thread, said, body)
        if more >= 0 and (outcome is Outcome.UNDELIVERABLE or end_reason == EndReason.AGENT):
            self._worker.forgotten(thread, but_last=outcome is not Outcome.UNDELIVERABLE)
        if end_reason == EndReason.HUMAN and more >= 0:
            await self._lost_state.note_taken(thread)
        (self._worker.settled if more else self._worker.released)(lease)
        if more < 0:
            raise LeaseLost(str(thread))
        return bool(more)
