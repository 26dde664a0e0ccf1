"""Take threads that have work, one worker at a time each, and answer their questions in order."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from bridge.conversation.turn_runner import TurnRunner
from bridge.domain.errors import ChannelOutage, LeaseLost, Misconfigured, Retryable, StoreUnavailable, TurnPutOff
from bridge.domain.notices import Notice
from bridge.domain.turns import InboxItem, Lease, Outcome, Settlement, reference_of
from bridge.ports.stores.work_queue import WorkQueue
from bridge.ports.tracing import NoTracer, Tracer
from bridge.runtime.backoff import pause_after
from bridge.runtime.cancellation import run_shielded
from bridge.runtime.clock import Clock
from bridge.runtime.meter import Meter
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.runtime.supervisor import Supervisor
from bridge.worker.lease import HeldThread, LeaseKeeper
from bridge.worker.traced import traced_turn

log = logging.getLogger(__name__)

_WAIT_S = 10.0
"""How long to wait for the bell. The worker looks at the queue this often even if nothing rings."""
_FULL_WAIT_S = 0.25
"""The same while there is no room for another turn."""
_UNKNOWN_CHANNEL_PAUSE_S = 10.0
_MISCONFIGURED_PAUSE_S = 60.0
_PUT_OFF_S = 15.0
"""Pause of a turn that waits for another turn of its person. That turn's end makes it due at once, unless its worker
died."""
_OUTAGE_PAUSE_S, _OUTAGE_MOST_S = 120.0, 86_400.0
"""An answer that a channel does not take is shown when the channel is back, up to a day after its question."""
_CANCELS_S = (3.0, 1.0)
"""How long a cancelled turn may take to finish and record an opening; then how long after a second cancellation."""
_CLAIM_AFTER_STOP_S = 2.0
_RELEASE_WITHIN_S = 1.0
"""A store that hangs must not hold up a stop: platforms kill after 30 s."""
_STORE_AWAY_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class DispatchLimits:
    """Bounds of one worker."""

    max_turns: int = 500
    lease_s: float = 30.0
    """As long as the store's own lease; renewed three times in it."""
    attempts: int = 8
    """How often a turn may begin before its question is set aside."""
    drain_s: float = 22.0
    """How long running replies may go on once a stop was asked for. The whole stop then takes 29 s at most, unless
    something hangs: platforms kill after 30."""
    retry_first_s: float = 1.0
    retry_most_s: float = 30.0


class Dispatcher:
    """Claims, keeps leases alive, settles; on a stop lets running replies finish and releases the rest."""

    def __init__(
        self,
        *,
        queue: WorkQueue,
        turns: TurnRunner,
        clock: Clock,
        supervisor: Supervisor,
        alarms: OperatorAlerts,
        meter: Meter | None = None,
        tracer: Tracer | None = None,
        limits: DispatchLimits,
    ) -> None:
        self._tracer = tracer or NoTracer()
        self._queue = queue
        self._turns = turns
        self._clock = clock
        self._supervisor = supervisor
        self._alarms = alarms
        self._meter = meter or Meter()
        self._limits = limits
        self._leases = LeaseKeeper(queue, clock, lease_s=limits.lease_s)
        self._stopping = asyncio.Event()

    @property
    def live_turns(self) -> int:
        """The number of threads in which this worker is answering."""
        return len(self._leases)

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the running replies are done, or their time is up."""
        self._stopping.set()

    async def run(self) -> None:
        """Claim and answer until stopped."""
        async with asyncio.TaskGroup() as group:
            heart = group.create_task(self._supervisor.keep_running("heartbeat", self._leases.beat))
            claiming = group.create_task(self._supervisor.keep_running("dispatcher", lambda: self._claim_loop(group)))
            await self._stopping.wait()
            claiming.cancel()
            # A claim under way ends first, so that its thread is given back with the others.
            await asyncio.wait([claiming], timeout=_CLAIM_AFTER_STOP_S)
            await self._drain()
            heart.cancel()

    async def _claim_loop(self, group: asyncio.TaskGroup) -> None:
        while not self._stopping.is_set():
            is_full = len(self._leases) >= self._limits.max_turns
            try:
                # Cancelled before its answer, a claim would leave the thread without a worker until the lease expires.
                has_taken = not is_full and await run_shielded(self._claim(group), at_most_s=_CLAIM_AFTER_STOP_S)
                if not (has_taken and self._queue.is_more_due):
                    wait_s = _FULL_WAIT_S if is_full else _WAIT_S
                    stopped = await self._queue.wait_for_work(wait_s, for_stops_only=is_full)
                    if stopped is not None:
                        self._leases.stop(stopped)
            except StoreUnavailable as error:
                log.warning("the store does not answer", extra={"cause": str(error)})
                await self._leases.sit_out()

    async def _claim(self, group: asyncio.TaskGroup) -> bool:
        """Take a thread and begin to work on it. False when none is due."""
        asked_at = self._clock.monotonic()
        lease = await self._queue.claim()
        if lease is None:
            return False
        held = self._leases.take(lease, asked_at)
        held.task = group.create_task(self._hold(held))
        return True

    async def _hold(self, held: HeldThread) -> None:
        """Work on one thread while it has questions; give it back in every case."""
        lease = held.lease
        try:
            survived = await self._supervisor.attempt("turn", lambda: self._work(held))
            if not survived:
                await self._put_back(lease, self._limits.retry_first_s)
        except asyncio.CancelledError:
            # At a stop the next worker takes over at once; a lease that was lost is not touched.
            await self._release(lease, 0.0)
            raise
        finally:
            self._leases.let_go(lease)

    async def _work(self, held: HeldThread) -> None:
        lease = held.lease
        if not self._turns.knows(lease.thread):
            await self._release(lease, _UNKNOWN_CHANNEL_PAUSE_S)
            return
        attempts = 1
        try:
            more = True
            while more:
                if self._stopping.is_set():
                    await self._release(lease, 0.0)
                    return
                entry = await self._queue.begin(lease)
                if entry is None:
                    await self._release(lease, 0.0)
                    return
                attempts = entry.record.attempts
                turn_lease = replace(lease, question_id=entry.queued.id)
                if attempts > self._limits.attempts or self._was_never_taken(entry):
                    settlement = Settlement(Outcome.DEAD, self._turns.idle_timeout_s(entry.queued))
                    more = await self._set_aside(turn_lease, entry)
                else:
                    held.begin(entry)
                    with traced_turn(self._tracer, self._clock, entry) as settled:
                        guard = partial(self._leases.guard, held)
                        settlement = await self._turns.run(turn_lease, entry, guard, held.stop)
                        more = await self._settle(turn_lease, settlement)
                        settled(settlement)
                self._report(entry, settlement)
                await self._turns.settled(entry.queued, settlement)
        except LeaseLost:
            log.warning("the thread was taken over by another worker", extra={"thread_key": str(lease.thread)})
        except Misconfigured as error:
            # The channel refuses us: an operator has to act, and the question waits for that.
            self._alarms.tell(error)
            await self._put_back(lease, _MISCONFIGURED_PAUSE_S, counts=False)
        except ChannelOutage as error:
            log.warning("an answer waits for its channel", extra={"cause": str(error), "wait_s": _OUTAGE_PAUSE_S})
            await self._put_back(lease, _OUTAGE_PAUSE_S, counts=False)
        except Retryable as error:
            await self._put_off(lease, error, attempts)

    async def _put_off(self, lease: Lease, error: Retryable, attempts: int) -> None:
        if isinstance(error, TurnPutOff):
            await self._put_back(lease, _PUT_OFF_S, counts=False)
            return
        wait_s = pause_after(attempts, self._limits.retry_first_s, self._limits.retry_most_s)
        log.warning("turn put off", extra={"thread_key": str(lease.thread), "cause": str(error), "wait_s": wait_s})
        await self._put_back(lease, wait_s)

    def _report(self, entry: InboxItem, settlement: Settlement) -> None:
        """Log the one line of a turn, and time it."""
        queued, times = entry.queued, (settlement.first_text_s, settlement.whole_text_s)
        first_text_s, whole_text_s = (None if seconds is None else round(seconds, 2) for seconds in times)
        extra = {
            "reference": reference_of(queued.id),
            "outcome": settlement.outcome.value,
            "thread_key": str(queued.thread),
            "question": queued.id,
            "person": queued.person.id,
            "conversation": settlement.conversation_id,
            "attempts": entry.record.attempts,
            "first_text_s": first_text_s,
            "whole_text_s": whole_text_s,
            "renders": settlement.renders,
            "tokens": dict(settlement.usage),
        }
        log.info("turn settled", extra=extra)
        if entry.record.attempts > 1:
            self._meter.count("recoveries")
        for name, seconds in (("first_text", settlement.first_text_s), ("final_text", settlement.whole_text_s)):
            if seconds is not None and settlement.outcome is Outcome.ANSWERED:
                self._meter.time(name, seconds)

    def _was_never_taken(self, entry: InboxItem) -> bool:
        """Say whether an answer is on record that its channel has not taken for a day."""
        return entry.record.asked is not None and self._clock.now() - entry.queued.origin.asked_at > _OUTAGE_MOST_S

    async def _settle(self, lease: Lease, settlement: Settlement) -> bool:
        """Settle, however long the store is away: the answer is shown, so it must not be given again."""
        was_away = False
        while True:
            try:
                return await self._queue.settle(lease, settlement)
            except LeaseLost:
                if not was_away:
                    raise
                return False  # most likely the try before this one settled it, and gave the thread up
            except StoreUnavailable as error:
                was_away = True
                if self._stopping.is_set():
                    raise  # the next worker finds the answer in the record, or in TalkifAI's history
                log.warning("a turn waits for the store to settle", extra={"cause": str(error)})
                await self._clock.sleep(_STORE_AWAY_PAUSE_S)

    async def _set_aside(self, lease: Lease, entry: InboxItem) -> bool:
        """Give up a question that was begun too often, and tell its asker if possible."""
        reason = (
            "its channel did not take the answer for a day" if self._was_never_taken(entry) else "too many attempts"
        )
        log.error("question set aside", extra={"thread_key": str(lease.thread), "reason": reason})
        await self._turns.say(entry.queued.origin, Notice.FAILED)
        return await self._queue.dead_letter(lease, reason, self._turns.idle_timeout_s(entry.queued))

    async def _drain(self) -> None:
        tasks = [held.task for held in self._leases.held if held.task is not None]
        if not tasks:
            return
        log.info("finishing running replies", extra={"replies": len(tasks), "at_most_s": self._limits.drain_s})
        _, late = await asyncio.wait(tasks, timeout=self._limits.drain_s)
        for within_s in _CANCELS_S:
            if not late:
                return
            for task in late:
                task.cancel()
            # On Python 3.11 a cancellation that meets an error on its way out can get lost: say it again.
            _, late = await asyncio.wait(late, timeout=within_s)

    async def _release(self, lease: Lease, after_s: float, *, counts: bool = True) -> None:
        with suppress(StoreUnavailable, TimeoutError):  # the lease runs out by itself
            async with asyncio.timeout(_RELEASE_WITHIN_S):
                await self._queue.release(lease, after_s, counts=counts)

    async def _put_back(self, lease: Lease, after_s: float, *, counts: bool = True) -> None:
        """Release, however long the store is away: until the lease expired by itself, the thread would wait longer."""
        while True:
            try:
                return await self._queue.release(lease, after_s, counts=counts)
            except StoreUnavailable:
                if self._stopping.is_set():
                    return None
                await self._clock.sleep(_STORE_AWAY_PAUSE_S)
