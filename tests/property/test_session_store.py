"""Any interleaving of turns, commands, idle deadlines and reapers: every conversation is ended, each once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.redis_store import RedisStores, connect
from bridge.domain.incoming import Origin, Question
from bridge.domain.sessions import Conversation, Ending, EndReason, Session
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import Lease, Outcome, Settlement

T = TypeVar("T")

THREADS = tuple(ThreadKey("slack", "T1", "C1", str(number)) for number in range(2))
LEASE_S = 30
IDLE_S = 10

threads = st.sampled_from(THREADS)


class Meter(RuleBasedStateMachine):
    """Two threads, one worker at a time in each, and reapers, beside a model of which conversation is where."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = 0
        self.bound: dict[ThreadKey, str] = {}
        self.ending: set[str] = set()
        self.confirmed: set[str] = set()
        self.working: dict[ThreadKey, Lease] = {}
        self.claimed: list[Ending] = []
        self.asked = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        async def open_stores() -> None:
            self.redis = connect(self.url)
            await self.redis.flushall()
            self.stores = RedisStores(self.redis)

        self.run(open_stores())

    def leave(self, thread: ThreadKey) -> None:
        self.ending.add(self.bound.pop(thread))

    # ------------------------------------------------------------ turns

    @rule(thread=threads)
    def a_turn_begins(self, thread: ThreadKey) -> None:
        if thread in self.working:
            return
        self.asked += 1
        question = Question(
            Origin(
                id=str(self.asked),
                dedupe_keys=(),
                thread=thread,
                address=Address("T1", "C1"),
                person=Person("U1"),
                asked_at=1.0,
            ),
            "hello",
        )
        self.run(self.stores.inbox.append(question))
        lease = self.run(self.stores.queue.claim())
        assert lease is not None
        assert lease.thread == thread
        assert self.run(self.stores.queue.begin(lease)) is not None
        self.working[thread] = lease

    @precondition(lambda self: self.working)
    @rule(data=st.data(), answer_lost=st.booleans())
    def it_opens_a_conversation(self, data: st.DataObject, answer_lost: bool) -> None:  # noqa: FBT001 - drawn by name
        thread = data.draw(st.sampled_from(sorted(self.working, key=str)))
        conversation = Conversation(f"c{self.opened}", f"jwt{self.opened}")
        self.opened += 1
        session = Session(thread, conversation, "Ada", "U1", "u@example.com", 1.0)
        self.run(self.stores.sessions.bind(self.working[thread], session, IDLE_S))
        if thread in self.bound:
            self.leave(thread)
        self.bound[thread] = conversation.id
        if answer_lost:
            self.run(self.stores.sessions.queue_end(session, EndReason.UNRECORDED))
            self.leave(thread)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), end_reason=st.sampled_from([None, EndReason.AGENT]))
    def it_settles(self, data: st.DataObject, end_reason: EndReason | None) -> None:
        thread = data.draw(st.sampled_from(sorted(self.working, key=str)))
        settlement = Settlement(Outcome.ANSWERED, IDLE_S, end_reason=end_reason)
        assert not self.run(self.stores.queue.settle(self.working.pop(thread), settlement))
        if end_reason is not None and thread in self.bound:
            self.leave(thread)

    @precondition(lambda self: self.opened)
    @rule(thread=threads, data=st.data())
    def somebody_ends_it(self, thread: ThreadKey, data: st.DataObject) -> None:
        conversation_id = f"c{data.draw(st.integers(0, self.opened - 1))}"
        was_bound = self.bound.get(thread) == conversation_id
        assert self.run(self.stores.sessions.begin_end(thread, conversation_id, EndReason.COMMAND)) is was_bound
        if was_bound:
            self.leave(thread)

    # ------------------------------------------------------------ reapers

    @rule(seconds=st.sampled_from([5, 11, 31]))
    def time_passes(self, seconds: int) -> None:
        async def pass_time() -> None:
            await self.stores.queue.renew(list(self.working.values()))
            for key in (self.stores.keys.idle, self.stores.keys.ends):
                for name in await self.redis.zrange(key, 0, -1):
                    await self.redis.zincrby(key, -seconds * 1000.0, name)  # type: ignore[arg-type]

        self.run(pass_time())

    @rule()
    def a_reaper_unbinds(self) -> None:
        idle = self.run(self.stores.sessions.unbind_idle(10))
        free = [thread for thread in self.bound if thread not in self.working]
        left = [thread for thread in free if self.run(self.stores.sessions.current(thread)) is None]
        assert len(left) == idle
        for thread in left:
            self.leave(thread)

    @rule(limit=st.integers(1, 3))
    def a_reaper_claims(self, limit: int) -> None:
        endings = self.run(self.stores.sessions.claim_ends(limit, LEASE_S))
        for ending in endings:
            assert ending.session.conversation.id in self.ending
            assert ending.session.conversation.token == ending.session.conversation.id.replace("c", "jwt")
        self.claimed.extend(endings)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), again=st.booleans())
    def talkifai_confirms(self, data: st.DataObject, again: bool) -> None:  # noqa: FBT001 - drawn by name
        ending = data.draw(st.sampled_from(self.claimed))
        self.run(self.stores.sessions.confirm_end(ending))
        if not again:
            self.claimed.remove(ending)
        self.ending.discard(ending.session.conversation.id)
        self.confirmed.add(ending.session.conversation.id)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data())
    def talkifai_is_away(self, data: st.DataObject) -> None:
        ending = data.draw(st.sampled_from(self.claimed))
        self.claimed.remove(ending)
        self.run(self.stores.sessions.postpone_end(ending, 20))

    # ------------------------------------------------------------ what always holds

    @invariant()
    def each_conversation_is_in_one_place(self) -> None:
        if not hasattr(self, "stores"):
            return
        for thread in THREADS:
            session = self.run(self.stores.sessions.current(thread))
            assert (session.conversation.id if session else None) == self.bound.get(thread)
        assert self.run(self.stores.sessions.counts()) == (len(self.bound), len(self.ending))
        assert len(self.bound) + len(self.ending) + len(self.confirmed) == self.opened

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            self.run(self.finish())
            self.run(self.stores.aclose())
        self.runner.close()

    async def finish(self) -> None:
        """The workers finish, time passes, and one reaper that stays alive ends what is left."""
        sessions = self.stores.sessions
        for lease in self.working.values():
            await self.stores.queue.settle(lease, Settlement(Outcome.ANSWERED, IDLE_S))
        for key in (self.stores.keys.idle, self.stores.keys.ends):
            for name in await self.redis.zrange(key, 0, -1):
                await self.redis.zincrby(key, -1e6, name)  # type: ignore[arg-type]
        await sessions.unbind_idle(10)
        for ending in await sessions.claim_ends(1000, LEASE_S):
            await sessions.confirm_end(ending)
        assert await sessions.counts() == (0, 0)
        lines = [line["conversation"] for line in await self.stores.ledger(1000)]
        assert sorted(lines) == sorted(f"c{number}" for number in range(self.opened))


@pytest.mark.timeout(240)  # a failure takes long to be made small
def test_every_conversation_is_ended_once_whatever_happens(redis_url: str) -> None:
    """B4: turns, commands, idle deadlines and reapers in any order; the ledger has each conversation once."""
    machine = type("MeterHere", (Meter,), {"url": redis_url})
    run_state_machine_as_test(machine, settings=settings(max_examples=50, stateful_step_count=30, deadline=None))
