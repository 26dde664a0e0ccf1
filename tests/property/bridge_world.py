"""The bridge with everything around it under the test's hands, and what must be true of it at rest."""

import asyncio
import hashlib
import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from adapters.redis_store import connect
from adapters.redis_store.client.batching import Argument
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Command, CommandName, Incoming, Origin, Question, Queued
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import Outcome
from bridge.rate_limits.agent_limiter import RateLimitedAgent
from bridge.worker.dependencies import Dependencies
from bridge.worker.dispatcher import DispatchLimits
from bridge.worker.worker import Worker
from tests.property.bridge_agent import AgentBook, HostAgent
from tests.property.bridge_channel import ChannelBook, host_channel
from tests.property.bridge_host import KEYS, LIMITS, Host, HostClock, Store, host_stores
from tests.property.bridge_jumps import EPOCH
from tests.property.bridge_strategies import one_of
from tests.property.bridge_time import StoreLoop
from tests.property.bridge_verdict import left_open, reply_verdict

T = TypeVar("T")

IDLE_AFTER_S = 60.0
MOST_WORKERS = 3
_REST_STEP_S = 15.0
_MOST_REST_STEPS = 120
LEASE_S = LIMITS.lease_s - 0.1
MOST_JUMP_S = 3600.0
_STREAM_ID = re.compile(r"\b\d{13}-\d+\b")
"""The server names the entries of its streams by its own clock, not by the loop's."""
_DEADLINES = frozenset(
    {"append", "claim", "renew", "release", "settle", "bind", "begin_end", "queue_end", "claim_ends", "postpone_end"}
)
"""Scripts that write when something is due."""


_WAITING = (KEYS.due, KEYS.idle, KEYS.ends, KEYS.opening_due)


class World(RuleBasedStateMachine):
    """Four threads, up to three workers, one Redis; an agent and two channels that keep the book."""

    url: ClassVar[str]
    gaps: ClassVar[Counter[str]] = Counter()
    """What was left open, doubled, lost or taken back within the documented gaps, over all examples."""
    traces: ClassVar[list[str]] = []
    """For each example a digest of all that Redis did, and when: the same in every run of it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=StoreLoop)
        self.problems: list[str] = []
        self.hosts: list[tuple[Host, Worker]] = []
        self.sent: dict[str, Queued] = {}
        self.texts: dict[str, str] = {}
        self.accepted: defaultdict[str, list[str]] = defaultdict(list)
        self.withdrawn: set[str] = set()
        self.settled: defaultdict[str, list[str]] = defaultdict(list)
        self.outcomes: dict[str, str] = {}
        self.bound: set[str] = set()
        self.undelivered: list[Incoming] = []
        self.active_at: dict[str, float] = {}
        """When a thread's session was last opened or used."""
        self.held_at: dict[str, float] = {}
        self.fences: dict[str, str] = {}
        """When a thread was last claimed, or its lease renewed."""
        self.trace = hashlib.sha256()
        # What the bridge says of each fault is thousands of lines.
        logging.disable(logging.CRITICAL)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        loop = self.runner.get_loop()
        assert isinstance(loop, StoreLoop)
        loop.set_exception_handler(self.unhandled)
        self.store = Store(connect(self.url), loop, self)
        self.run(self.store.look("FLUSHALL"))
        self.agent = AgentBook(self.store, self.problems)
        self.agent.text_of = lambda question_id: self.texts.get(question_id, "?")
        self.channels = {
            "finds": ChannelBook("finds", self.store, self.problems, finds_posts=True, page_size=90),
            "blind": ChannelBook("blind", self.store, self.problems, finds_posts=False, page_size=70),
        }
        self.run(self.start_worker())

    def unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        del loop
        culprit = context.get("task") or context.get("future")
        self.problems.append(f"unhandled: {context.get('message')} {context.get('exception')!r} {culprit}")

    # ------------------------------------------------------------ what Redis did

    def saw(self, worker: str, name: str, args: Sequence[Argument], removed: Sequence[str], result: Any) -> None:
        """Note what Redis carried out, whether or not its answer arrived."""
        now = asyncio.get_running_loop().time()
        seen = f"{now} {worker} {name} {args} {removed} {result}\n"
        self.trace.update(_STREAM_ID.sub("an entry", seen).encode())
        clock = self.store.clock
        if name in _DEADLINES:
            clock.wrote_unnoticed |= clock.has_unnoticed
        self.saw_of_questions(name, args, removed, result, now)
        self.saw_of_sessions(worker, name, args, result, now)
        self.saw_of_leases(name, args, result, now)

    def saw_of_questions(
        self, name: str, args: Sequence[Argument], removed: Sequence[str], result: Any, now: float
    ) -> None:
        match name:
            case "append" if result[0] in {b"accepted", b"queued"}:
                question_id = _text(args[1])
                self.accepted[_text(args[0])].append(question_id)
                self.texts[question_id] = _words_of(self.sent[question_id])
                self.agent.accepted_at[question_id] = now
            case "amend" if result[0] == 1:
                # Changed while it is answered, it is the words that are asked next.
                name = _text(args[3]) if _text(args[3]) in self.waiting else _text(args[1])
                if args[2] == b"":
                    self.withdrawn.add(name)
                else:
                    self.texts[name] = json.loads(_text(args[2]))["text"]
            case "amend" if result[0] == 2:
                self.saw_asked_anew(_text(args[0]), _text(args[1]), _text(args[3]), _text(args[4]), now)
            case "settle" if removed:
                self.active_at[_text(args[0])] = now
                self.saw_settled(_text(args[0]), removed, _text(args[3]), _text(args[4]))
            case "record_shown" if result:
                for book in self.channels.values():
                    book.recorded.update(json.loads(_text(args[3])))
            case _:
                return

    def saw_asked_anew(self, thread: str, question_id: str, again_id: str, body: str, now: float) -> None:
        """Take in the question that an edit of the one at work makes."""
        accepted, words = self.accepted[thread], json.loads(body)["text"]
        accepted.insert(accepted.index(question_id) + 1, again_id)
        origin = replace(self.sent[question_id].origin, id=again_id, dedupe_keys=(again_id,))
        self.sent[again_id] = Question(origin, words)
        self.texts[again_id] = words
        self.agent.accepted_at[again_id] = now

    def saw_settled(self, thread: str, removed: Sequence[str], outcome: str, end_reason: str) -> None:
        self.settled[thread] += removed
        self.outcomes |= dict.fromkeys(removed, outcome)
        for book in self.channels.values():
            book.settled.update(removed)
            if removed[0] in book.met_gone:
                # What waits behind it comes to its end with it.
                book.met_gone.update(removed)
        if outcome == Outcome.UNDELIVERABLE and end_reason != EndReason.GONE:
            self.problems.append(f"{removed}: the place is gone, its session goes on")
        if outcome != Outcome.UNDELIVERABLE and len(removed) != 1:
            self.problems.append(f"settled at once: {removed}")

    def saw_of_sessions(self, worker: str, name: str, args: Sequence[Argument], result: Any, now: float) -> None:
        match name:
            case "bind" if result:
                self.bound.add(_text(args[2]))
                self.active_at[_text(args[0])] = now
            case "queue_end" if result:
                self.bound.add(_text(args[1]))
            case "tick":
                self.store.clock.saw_look(worker, int(result[2]) / 1000)
            case "unbind_idle" if result:
                self.judge_idle_end(worker, _text(args[0]), now)
            case _:
                return

    def saw_of_leases(self, name: str, args: Sequence[Argument], result: Any, now: float) -> None:
        match name:
            case "claim" if not isinstance(result, int):
                thread, fence = map(_text, result[:2])
                if fence == self.fences.get(thread):
                    return  # the answer to the same request, once more
                self.fences[thread] = fence
                held_at = self.held_at.get(thread, -LEASE_S)
                if now - held_at < LEASE_S and not self.store.clock.explains_claim(thread, held_at):
                    self.problems.append(f"{thread} was taken after {now - held_at} s, at {now}")
                self.held_at[thread] = now
            case "renew":
                threads = [_text(name) for name in args[1::2]]
                self.held_at |= {thread: now for at, thread in enumerate(threads) if at not in (*result[0], *result[1])}
            case "settle" | "release" if result == (0 if name == "settle" else 1):
                self.held_at.pop(_text(args[0]), None)
            case _:
                return

    # ------------------------------------------------------------ people

    @property
    def waiting(self) -> list[str]:
        names = [name for accepted in self.accepted.values() for name in accepted]
        return [name for name in names if name not in self.outcomes and name not in self.withdrawn]

    def send(self, thread: ThreadKey, wish: str | CommandName) -> None:
        name = f"q{len(self.sent) + 1}"
        origin = Origin(
            id=name,
            dedupe_keys=(name,),
            thread=thread,
            address=Address("A", "P", str(thread)),
            person=Person("U1"),
            asked_at=EPOCH + self.runner.get_loop().time(),
            metadata={"thread": str(thread)},
        )
        self.sent[name] = Command(origin, wish) if isinstance(wish, CommandName) else Question(origin, wish)
        self.run(self.deliver(self.sent[name]))

    async def deliver(self, incoming: Incoming) -> None:
        """Hand an event to a worker; one that is not acknowledged is delivered again later."""
        host = next((host for host, _ in self.hosts if host.is_there and not host.is_paused and host.accept), None)
        if host is None or host.accept is None:
            self.undelivered.append(incoming)
            return
        accept = host.accept
        task = host.start(lambda: accept(incoming))
        # One that takes too long is not waited for, and its failure is not seen.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([task], timeout=3.0)
        if not task.done() or task.cancelled() or task.exception() is not None:
            self.undelivered.append(incoming)
        if task.done() and not task.cancelled() and not isinstance(task.exception(), StoreUnavailable | None):
            self.problems.append(f"intake: {task.exception()!r}")

    async def redeliver(self) -> None:
        undelivered, self.undelivered = self.undelivered, []
        for incoming in undelivered:
            await self.deliver(incoming)

    # ------------------------------------------------------------ workers

    async def start_worker(self) -> None:
        host = Host(f"worker {len(self.hosts) + 1}")
        clock, stores = HostClock(host), host_stores(self.store, host)
        channels = [host_channel(book, host) for book in self.channels.values()]
        outside = Dependencies(
            agent=RateLimitedAgent(HostAgent(self.agent, host), stores.quota, clock),
            stores=stores,
            channels=channels,
            clock=clock,
            every=clock.every,
        )
        worker = Worker(outside, idle_timeout_s=IDLE_AFTER_S, limits=DispatchLimits())
        # Random names elsewhere: no two runs would be the same.
        worker._pacing._name = host.name
        opening_ids = count(1)
        worker._sessions._new_id = lambda: f"{host.name} {next(opening_ids)}"

        async def work() -> None:
            await worker.run(host.stop)
            host.has_left = True

        host.start(work)
        self.hosts.append((host, worker))
        await asyncio.sleep(0.01)

    def pick(self, which: int) -> Host:
        return one_of([host for host, _ in self.hosts if host.is_there] or [self.hosts[0][0]], which)

    # ------------------------------------------------------------ the outside fails

    def wait(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    # ------------------------------------------------------------ at rest

    def teardown(self) -> None:
        try:
            if hasattr(self, "agent"):
                self.run(self.come_to_rest())
                self.judge()
        finally:
            self.traces.append(self.trace.hexdigest())
            if hasattr(self, "store"):
                self.run(self.close())
            self.runner.close()
            logging.disable(logging.NOTSET)

    async def close(self) -> None:
        for host, _ in self.hosts:
            if host.is_there:
                host.begin_to_die()
        await asyncio.sleep(0.01)
        await self.store.close()

    async def come_to_rest(self) -> None:
        """Heal everything, and let time pass until nothing waits any more."""
        self.store.come_back()
        self.store.answers_to_lose = 0
        self.agent.heal()
        for book in self.channels.values():
            book.faults.clear()
        for host, _ in self.hosts:
            host.steps_to_live = host.steps_to_pause = None
            host.wake()
        if not any(host.is_there and not host.stop.is_set() for host, _ in self.hosts):
            await self.start_worker()
        waiting: list[int] = []
        clock = self.store.clock
        # What is due by a clock that jumped, unnoticed in time, is that much late.
        late = clock.has_unnoticed or clock.wrote_unnoticed
        most_late_s = sum(abs(jump.by_s) for jump in clock.jumps) if late else 0.0
        for step in range(_MOST_REST_STEPS + int(most_late_s / _REST_STEP_S)):
            await self.redeliver()
            await asyncio.sleep(_REST_STEP_S)
            waiting = [await self.store.look("ZCARD", key) for key in _WAITING]
            if not any(waiting) and not self.undelivered:
                self.gaps["late after a jump of Redis's clock"] += step >= _MOST_REST_STEPS
                return
        self.problems.append(f"never comes to rest: {waiting} {self.waiting}")

    @invariant()
    def nothing_went_wrong_so_far(self) -> None:
        assert not self.problems, self.problems

    def judge(self) -> None:
        """Hold the books against each other."""
        for host, worker in self.hosts:
            if worker._supervisor.restarts:
                self.problems.append(f"work of {host.name} died: {worker._supervisor.restarts}")
        for thread, accepted in self.accepted.items():
            wanted = [name for name in accepted if name not in self.withdrawn]
            if self.settled[thread] != wanted:
                self.problems.append(f"settled {self.settled[thread]} instead of {wanted}")
        for name, outcome in self.outcomes.items():
            book = self.channels[self.sent[name].thread.channel]
            verdict = reply_verdict(book, name, outcome, self.agent.answers.get(name))
            if verdict:
                self.problems.append(f"{name} ({outcome}) {verdict}")
        self.judge_sessions()
        for book in self.channels.values():
            self.gaps["page doubled"] += book.doubled
            self.gaps["text taken back"] += len(book.taken_back)
            self.gaps["two at work after a jump of Redis's clock"] += len(book.two_at_work)
            self.gaps["text given way to a notice: the page was refused"] += len(book.gave_way)
            self.gaps["place gone"] += len(book.met_gone)
            self.gaps["post lost"] += 0 if book.finds_posts else len(book.never_landed)
        assert not self.problems, self.problems

    def judge_idle_end(self, worker: str, thread: str, now: float) -> None:
        """A session ends when it was idle for its time, whatever Redis's clock says."""
        active_at = self.active_at[thread]
        if now - active_at >= IDLE_AFTER_S - 1.0:
            return
        self.gaps["ended early at a jump of Redis's clock"] += 1
        if not self.store.clock.excuses(worker, active_at):
            self.problems.append(f"{thread} ended as idle after {now - active_at} s, at {now}: {self.store.clock}")

    def judge_sessions(self) -> None:
        """Every conversation is closed, but for the gap between its opening and its record, and that one is named."""
        entries = self.run(self.store.look("XRANGE", KEYS.ledger, "-", "+"))
        lines = [dict(_pairs(fields)) for _, fields in entries]
        lost = {line[b"opening"].decode() for line in lines if line[b"reason"] == b"lost"}
        for talk in self.agent.talks.values():
            if talk.is_open:
                self.problems += left_open(talk, self.bound, self.store.trouble_at)
                self.gaps["conversation left open"] += 1
                if talk.opening not in lost and not talk.end_failed:
                    self.problems.append(f"left open without a word: {talk}")
                self.gaps["of these: Redis and /end both failed"] += talk.end_failed
                talk.is_open = False
        ended = [line[b"conversation"].decode() for line in lines if line[b"reason"] != b"lost"]
        if sorted(ended) != sorted(self.bound):
            self.problems.append(f"the ledger has {sorted(ended)} instead of {sorted(self.bound)}")


def _words_of(queued: Queued) -> str:
    return queued.text if isinstance(queued, Question) else ""


def _text(raw: Argument) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def _pairs(fields: Any) -> list[tuple[bytes, bytes]]:
    if isinstance(fields, dict):
        return list(fields.items())
    return list(zip(fields[::2], fields[1::2], strict=True))
