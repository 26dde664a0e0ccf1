"""The leases that one worker holds: renewed in time, checked before each step that people see, kept in an outage."""

import asyncio
import logging
from collections.abc import Sequence
from enum import Enum, auto

from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.domain.turns import InboxItem, Lease, Renewal
from bridge.ports.stores.work_queue import WorkQueue
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

_STORE_AWAY_PAUSE_S = 1.0
_STORE_BACK_PAUSE_S = 2.0
"""Longer than `_STORE_AWAY_PAUSE_S`: by then every worker has asked the store again."""
_PROBE_S = 0.1
_ASK_WITHIN_S = 2.0
"""How long a call to a channel waits for the store when a lease may have run out."""


class _Answer(Enum):
    OURS = auto()
    LOST = auto()
    AWAY = auto()


class HeldThread:
    """A thread that this worker holds, and the question at work there."""

    def __init__(self, lease: Lease, renewed_at: float) -> None:
        self.lease = lease
        self.renewed_at = renewed_at
        """When the last successful request for it was sent: its answer may have taken long."""
        self.task: asyncio.Task[None] | None = None
        self.question_id = ""
        self.stop = asyncio.Event()

    def begin(self, entry: InboxItem) -> None:
        """Begin to work on this question. Earlier requests to stop were not about it."""
        self.question_id = entry.queued.id
        self.stop = asyncio.Event()
        if entry.record.is_stopped:
            self.stop.set()


class LeaseKeeper:
    """Keeps leases alive and says, before each step that people see, whether the thread is still this worker's.

    The store may be away for longer than a lease. A worker that held its lease when the outage began goes on showing
    its answer until the store is back: while no worker reaches the store, none can take the thread, and the first step
    after the outage asks for the lease. Meanwhile it sends the agent nothing, unless it was the only worker: perhaps
    the store is away for this worker alone, and another one has sent the question.
    """

    def __init__(self, queue: WorkQueue, clock: Clock, *, lease_s: float) -> None:
        self._queue = queue
        self._clock = clock
        self._lease_s = lease_s
        self._held: dict[Lease, HeldThread] = {}
        self._asked_in_vain_at = float("-inf")
        self._unanswered_since: float | None = None
        """When the first request was sent that the store has not answered since its last answer. It may still be under
        way: a store that hangs is given up on long after a lease."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held(self) -> Sequence[HeldThread]:
        """All threads that this worker holds."""
        return list(self._held.values())

    def take(self, lease: Lease, claimed_at: float) -> HeldThread:
        """Hold a claimed thread. Its lease counts from when the claim was sent."""
        if not self._held:
            self._unanswered_since = None  # the claim was answered
        held = self._held[lease] = HeldThread(lease, claimed_at)
        return held

    def let_go(self, lease: Lease) -> None:
        """Stop holding the thread."""
        self._held.pop(lease, None)

    def stop(self, question_id: str) -> None:
        """Stop the answer to a question that is at work here."""
        for held in self._held.values():
            if held.question_id == question_id:
                held.stop.set()

    async def guard(self, held: HeldThread, *, shows: bool = False) -> None:
        """Return while the thread is this worker's. Raises `LeaseLost` when another one has it.

        A worker that was paused finds out here. `shows`: what follows shows more of an answer, and asks nothing.
        """
        while self._clock.monotonic() - held.renewed_at >= self._lease_s * 0.8:
            answer = await self._ask(held)
            if answer is _Answer.LOST:
                raise LeaseLost(str(held.lease.thread))
            if answer is _Answer.OURS or self._queue.is_alone:
                return
            if self._clock.monotonic() - held.renewed_at < self._lease_s or (shows and self._went_away_from(held)):
                return
            await self._clock.sleep(_STORE_AWAY_PAUSE_S)

    def _went_away_from(self, held: HeldThread) -> bool:
        """Return True if the store went away while this worker held the lease, False if the worker stood still."""
        return self._unanswered_since is not None and self._unanswered_since - held.renewed_at < self._lease_s

    async def _renew(self, leases: Sequence[Lease], asked_at: float, *, can_wait_s: float = 0.0) -> Renewal:
        if self._unanswered_since is None:
            self._unanswered_since = asked_at
        renewal = await self._queue.renew(leases, can_wait_s=can_wait_s)
        self._unanswered_since = None
        return renewal

    async def _ask(self, held: HeldThread) -> _Answer:
        """Ask the store for one lease, briefly, and not again at once if it did not answer."""
        asked_at = self._clock.monotonic()
        if asked_at - self._asked_in_vain_at < _STORE_AWAY_PAUSE_S:
            return _Answer.AWAY
        try:
            async with asyncio.timeout(_ASK_WITHIN_S):
                renewal = await self._renew([held.lease], asked_at)
        except (StoreUnavailable, TimeoutError):
            self._asked_in_vain_at = self._clock.monotonic()
            return _Answer.AWAY
        if renewal.lost:
            return _Answer.LOST
        held.renewed_at = asked_at
        return _Answer.OURS

    async def beat(self) -> None:
        """Renew all leases three times in their length, until cancelled; sooner where the store did not answer."""
        pause_s = self._lease_s / 3
        while True:
            await self._clock.sleep(pause_s)
            pause_s = self._lease_s / 3 if await self.renew_all() else min(_STORE_AWAY_PAUSE_S, self._lease_s / 3)

    async def renew_all(self) -> bool:
        """Renew all leases and stop the turns whose lease was lost. False: the store does not answer."""
        holders = self.held
        if not holders:
            return True
        asked_at = self._clock.monotonic()
        try:
            leases = [held.lease for held in holders]
            renewal = await self._renew(leases, asked_at, can_wait_s=self._lease_s / 15)
        except StoreUnavailable:
            return False
        lost = set(renewal.lost)
        for held in holders:
            if held.lease not in lost:
                held.renewed_at = max(held.renewed_at, asked_at)
            elif held.task is not None and held.lease in self._held:
                log.warning("lease lost", extra={"thread_key": str(held.lease.thread)})
                held.task.cancel()
        for question_id in renewal.stopped:
            self.stop(question_id)
        return True

    async def sit_out(self) -> None:
        """Return when the store is back and every worker has had the time to renew what it holds.

        Leases may have run out meanwhile. Claiming immediately could steal threads whose workers are still alive.
        """
        while True:
            await self._clock.sleep(_STORE_AWAY_PAUSE_S)
            if await self.renew_all() and await self._store_answers():
                break
        await self._clock.sleep(_STORE_BACK_PAUSE_S)

    async def _store_answers(self) -> bool:
        try:
            question_id = await self._queue.wait_for_work(_PROBE_S)
        except StoreUnavailable:
            return False
        if question_id is not None:
            self.stop(question_id)
        return True
