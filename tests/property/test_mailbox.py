"""Any interleaving of writers, workers and lost leases: nothing lost, nothing twice, in order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from adapters.redis_store import RedisStores, connect
from bridge.domain.errors import LeaseLost
from bridge.domain.incoming import IntakeResult, Origin, Question
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import Lease, Outcome, Settlement
from tests.contract.store_steps import number_of

T = TypeVar("T")

THREADS = tuple(ThreadKey("slack", "T1", "C1", str(number)) for number in range(3))
LEASE_S = 30
DONE = Settlement(Outcome.ANSWERED, idle_timeout_s=600)

threads = st.sampled_from(THREADS)
workers = st.sampled_from(range(3))


class Mailbox(RuleBasedStateMachine):
    """Three threads and three workers, each at any point of its work, beside a model of what must be true."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.accepted: dict[ThreadKey, list[str]] = {thread: [] for thread in THREADS}
        self.settled: dict[ThreadKey, list[str]] = {thread: [] for thread in THREADS}
        self.leases: dict[int, Lease] = {}
        self.begun: dict[int, str] = {}
        self.holder: dict[ThreadKey, int] = {}
        self.ran_out: set[ThreadKey] = set()
        self.later: set[ThreadKey] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        async def open_stores() -> None:
            self.redis = connect(self.url)
            await self.redis.flushall()
            self.stores = RedisStores(self.redis)

        self.run(open_stores())

    # ------------------------------------------------------------ writers

    @rule(thread=threads)
    def somebody_asks(self, thread: ThreadKey) -> None:
        name = f"{thread}/{len(self.accepted[thread])}"
        assert self.deliver(thread, name) in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
        self.accepted[thread].append(name)

    @precondition(lambda self: any(self.accepted.values()))
    @rule(data=st.data())
    def a_question_is_delivered_again(self, data: st.DataObject) -> None:
        names = [(thread, name) for thread, accepted in self.accepted.items() for name in accepted]
        thread, name = data.draw(st.sampled_from(names))
        assert self.deliver(thread, name) is IntakeResult.DUPLICATE

    def deliver(self, thread: ThreadKey, name: str) -> IntakeResult:
        question = Question(
            Origin(
                id=name,
                dedupe_keys=(name,),
                thread=thread,
                address=Address("T1", "C1"),
                person=Person("U1"),
                asked_at=1.0,
            ),
            name,
        )
        became = self.run(self.stores.inbox.append(question))
        self.run(self.let_a_millisecond_pass())
        return became

    async def let_a_millisecond_pass(self) -> None:
        """Threads are taken in the order of Redis's milliseconds: two in one would be taken by name, at times."""
        began = await self.redis.time()
        while (now := await self.redis.time())[0] == began[0] and now[1] // 1000 == began[1] // 1000:
            pass

    # ------------------------------------------------------------ workers

    @rule(worker=workers)
    def claims(self, worker: int) -> None:
        lease = self.run(self.stores.queue.claim())
        free = {thread for thread in THREADS if self.may_be_taken(thread)}
        if lease is None:
            assert not free
            return
        assert lease.thread in free
        assert all(number_of(lease) > number_of(other) for other in self.leases.values())
        self.leases[worker] = lease
        self.begun.pop(worker, None)
        self.holder[lease.thread] = worker
        self.ran_out.discard(lease.thread)
        self.later.discard(lease.thread)

    def may_be_taken(self, thread: ThreadKey) -> bool:
        if thread in self.holder:
            return thread in self.ran_out
        return thread not in self.later and len(self.accepted[thread]) > len(self.settled[thread])

    def holds(self, worker: int) -> bool:
        lease = self.leases[worker]
        return self.holder.get(lease.thread) == worker

    def attempt(self, worker: int, write: Callable[[Lease], Awaitable[T]]) -> T | None:
        """Do a fenced write; it is refused exactly when the thread passed on."""

        async def do() -> T:
            return await write(self.leases[worker])

        if self.holds(worker):
            return self.run(do())
        with pytest.raises(LeaseLost):
            self.run(do())
        self.drop(worker)
        return None

    def drop(self, worker: int) -> None:
        del self.leases[worker]
        self.begun.pop(worker, None)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def begins(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(sorted(self.leases)))
        entry = self.attempt(worker, self.stores.queue.begin)
        if entry is not None:
            thread = self.leases[worker].thread
            assert entry.queued.id == self.accepted[thread][len(self.settled[thread])]
            self.begun[worker] = entry.queued.id

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), dead=st.booleans())
    def settles(self, data: st.DataObject, dead: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis by its name
        worker = data.draw(st.sampled_from(sorted(self.leases)))
        queue = self.stores.queue
        held, thread = self.holds(worker), self.leases[worker].thread
        more = self.attempt(
            worker, lambda lease: queue.dead_letter(lease, "x", 1) if dead else queue.settle(lease, DONE)
        )
        if not held:
            return
        if worker in self.begun:
            self.settled[thread].append(self.begun.pop(worker))
        assert more == (len(self.accepted[thread]) > len(self.settled[thread]))
        if not more:
            del self.holder[thread]
            self.ran_out.discard(thread)
            self.drop(worker)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), after_s=st.sampled_from([0.0, 10.0]))
    def releases(self, data: st.DataObject, after_s: float) -> None:
        worker = data.draw(st.sampled_from(sorted(self.leases)))
        lease, held = self.leases[worker], self.holds(worker)
        self.run(self.stores.queue.release(lease, after_s))
        self.run(self.let_a_millisecond_pass())
        self.drop(worker)
        if held:
            del self.holder[lease.thread]
            self.ran_out.discard(lease.thread)
            if after_s and len(self.accepted[lease.thread]) > len(self.settled[lease.thread]):
                self.later.add(lease.thread)

    @precondition(lambda self: self.leases)
    @rule()
    def all_renew(self) -> None:
        leases = list(self.leases.values())
        lost = self.run(self.stores.queue.renew(leases)).lost
        assert [lease for lease in leases if lease in lost] == [
            lease for worker, lease in self.leases.items() if not self.holds(worker)
        ]
        self.ran_out -= {lease.thread for worker, lease in self.leases.items() if self.holds(worker)}

    @rule()
    def a_lease_passes(self) -> None:
        async def pass_time() -> None:
            for name in await self.redis.zrange(self.stores.keys.due, 0, -1):
                await self.redis.zincrby(self.stores.keys.due, -LEASE_S * 1000.0, name)  # type: ignore[arg-type]

        self.run(pass_time())
        self.ran_out |= set(self.holder)
        self.later.clear()

    # ------------------------------------------------------------ in the end

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            self.a_lease_passes()
            self.run(self.finish())
            self.run(self.stores.aclose())
        self.runner.close()
        assert self.settled == self.accepted

    async def finish(self) -> None:
        """One worker that stays alive answers whatever is left."""
        queue = self.stores.queue
        while (lease := await queue.claim()) is not None:
            more = True
            while more and (entry := await queue.begin(lease)) is not None:
                self.settled[lease.thread].append(entry.queued.id)
                more = await queue.settle(lease, DONE)
            await queue.release(lease)


@pytest.mark.timeout(240)  # a failure takes long to be made small
def test_any_interleaving_settles_every_question_once_and_in_order(redis_url: str) -> None:
    """D9: writers, workers, lost leases, and a question that lands as the worker lets go."""
    machine = type("MailboxHere", (Mailbox,), {"url": redis_url})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
