"""The bridge under random faults: what may happen, and what must be true once everything is at rest."""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.redis_store import connect
from adapters.redis_store.commands import Argument
from bridge.dispatcher import DispatchLimits
from bridge.errors import StoreUnavailable
from bridge.models import Address, Person, Question, QuestionKind, ThreadKey
from bridge.paced_agent import PacedAgent
from bridge.worker import Outside, Worker
from tests.property.bridge_agent import AgentBook, Fault, HostAgent, Plan
from tests.property.bridge_channel import ChannelBook, HostChannel
from tests.property.bridge_host import EPOCH, KEYS, Host, HostClock, HostStores, Store
from tests.property.bridge_strategies import (
    agent_faults,
    channel_faults,
    one_of,
    pauses,
    plans,
    steps,
    texts,
    threads,
    whichever,
)
from tests.property.bridge_time import StoreLoop
from tests.property.bridge_verdict import left_open, reply_verdict

T = TypeVar("T")

IDLE_AFTER_S = 60.0
MOST_WORKERS = 3
_REST_STEP_S = 15.0
_MOST_REST_STEPS = 120


class Bridge(RuleBasedStateMachine):
    """Four threads, up to three workers, one Redis; an agent and two channels that keep the book."""

    url: ClassVar[str]
    gaps: ClassVar[Counter[str]] = Counter()
    """What was left open, doubled, lost or taken back within the documented gaps, over all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=StoreLoop)
        self.problems: list[str] = []
        self.hosts: list[tuple[Host, Worker]] = []
        self.sent: dict[str, Question] = {}
        self.texts: dict[str, str] = {}
        self.accepted: defaultdict[str, list[str]] = defaultdict(list)
        self.withdrawn: set[str] = set()
        self.settled: defaultdict[str, list[str]] = defaultdict(list)
        self.outcomes: dict[str, str] = {}
        self.bound: set[str] = set()
        self.undelivered: list[Question] = []
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
        self.a_worker_starts()

    def unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        del loop
        culprit = context.get("task") or context.get("future")
        self.problems.append(f"unhandled: {context.get('message')} {context.get('exception')!r} {culprit}")

    # ------------------------------------------------------------ what Redis did

    def saw(self, name: str, args: Sequence[Argument], removed: str, result: Any) -> None:
        """Note what Redis carried out, whether or not its answer arrived."""
        match name:
            case "append" if result in {b"accepted", b"queued"}:
                question_id = _text(args[1])
                self.accepted[_text(args[0])].append(question_id)
                self.texts[question_id] = self.sent[question_id].text
            case "amend" if result == 1 and args[2] == b"":
                self.withdrawn.add(_text(args[1]))
            case "amend" if result == 1:
                self.texts[_text(args[1])] = json.loads(_text(args[2]))["text"]
            case "settle" if removed:
                self.settled[_text(args[0])].append(removed)
                self.outcomes[removed] = _text(args[2])
                for book in self.channels.values():
                    book.settled.add(removed)
            case "record" if result and args[2] == "message_ids":
                for book in self.channels.values():
                    book.recorded.update(json.loads(_text(args[3])))
            case "bind" | "queue_end" if result:
                self.bound.add(_text(args[2] if name == "bind" else args[1]))
            case _:
                return

    # ------------------------------------------------------------ people

    @rule(thread=threads, text=texts, after_s=pauses)
    def somebody_asks(self, thread: ThreadKey, text: str, after_s: float) -> None:
        self.send(thread, text, QuestionKind.ASK)
        self.wait(after_s)

    @rule(thread=threads, text=texts, plan=plans, after_s=pauses)
    def somebody_asks_what_is_hard(self, thread: ThreadKey, text: str, plan: Plan, after_s: float) -> None:
        self.agent.plans.append(plan)
        self.send(thread, text, QuestionKind.ASK)
        self.wait(after_s)

    @rule(asked=st.lists(st.tuples(threads, texts, plans), min_size=2, max_size=5), after_s=pauses)
    def several_ask_at_once(self, asked: list[tuple[ThreadKey, str, Plan]], after_s: float) -> None:
        for thread, text, plan in asked:
            self.agent.plans.append(plan)
            self.send(thread, text, QuestionKind.ASK)
        self.wait(after_s)

    @rule(thread=threads, kind=st.sampled_from([QuestionKind.NEW, QuestionKind.END]), after_s=pauses)
    def somebody_commands(self, thread: ThreadKey, kind: QuestionKind, after_s: float) -> None:
        self.send(thread, kind.value, kind)
        self.wait(after_s)

    @rule(which=whichever)
    def a_message_is_delivered_again(self, which: int) -> None:
        if self.sent:
            self.run(self.deliver(self.sent[one_of(sorted(self.sent), which)]))

    @rule(which=whichever, withdrawn=st.booleans())
    def a_question_is_changed(self, which: int, withdrawn: bool) -> None:  # noqa: FBT001 - drawn by its name
        if not self.waiting:
            return
        name = one_of(self.waiting, which)
        kind = QuestionKind.WITHDRAWN if withdrawn else QuestionKind.EDITED
        self.run(self.deliver(replace(self.sent[name], kind=kind, text="in other words")))

    @property
    def waiting(self) -> list[str]:
        names = [name for accepted in self.accepted.values() for name in accepted]
        return [name for name in names if name not in self.outcomes and name not in self.withdrawn]

    def send(self, thread: ThreadKey, text: str, kind: QuestionKind) -> None:
        name = f"q{len(self.sent) + 1}"
        address = Address("A", "P", str(thread))
        metadata = {"thread": str(thread)}
        person = Person("U1")
        self.sent[name] = Question(name, (name,), thread, address, person, text, EPOCH, kind, metadata=metadata)
        self.run(self.deliver(self.sent[name]))

    async def deliver(self, question: Question) -> None:
        """Hand an event to a worker; one that is not acknowledged is delivered again later."""
        host = next((host for host, _ in self.hosts if host.is_there and not host.is_paused and host.accept), None)
        if host is None or host.accept is None:
            self.undelivered.append(question)
            return
        accept = host.accept
        task = host.start(lambda: accept(question))
        # One that takes too long is not waited for, and nobody sees how it failed.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([task], timeout=3.0)
        if not task.done() or task.cancelled() or task.exception() is not None:
            self.undelivered.append(question)
        if task.done() and not task.cancelled() and not isinstance(task.exception(), StoreUnavailable | None):
            self.problems.append(f"intake: {task.exception()!r}")

    @rule()
    def what_was_not_acknowledged_comes_again(self) -> None:
        self.run(self.redeliver())

    async def redeliver(self) -> None:
        undelivered, self.undelivered = self.undelivered, []
        for question in undelivered:
            await self.deliver(question)

    # ------------------------------------------------------------ workers

    @rule()
    def a_worker_starts(self) -> None:
        if sum(host.is_there and not host.is_paused for host, _ in self.hosts) < MOST_WORKERS:
            self.run(self.start_worker())

    async def start_worker(self) -> None:
        host = Host(f"worker {len(self.hosts) + 1}")
        clock, stores = HostClock(host), HostStores(self.store, host)
        outside = Outside(
            agent=PacedAgent(HostAgent(self.agent, host), stores.quota, clock),
            stores=stores,
            channels=[HostChannel(book, host) for book in self.channels.values()],
            clock=clock,
            every=clock.every,
        )
        worker = Worker(outside, idle_after_s=IDLE_AFTER_S, limits=DispatchLimits())

        async def work() -> None:
            await worker.run(host.stop)
            host.has_left = True

        host.start(work)
        self.hosts.append((host, worker))
        await asyncio.sleep(0.01)

    def pick(self, which: int) -> Host:
        return one_of([host for host, _ in self.hosts if host.is_there] or [self.hosts[0][0]], which)

    @rule(which=whichever, calls=steps, after_s=pauses, is_replaced=st.booleans())
    def a_worker_is_killed(self, which: int, calls: int, after_s: float, is_replaced: bool) -> None:  # noqa: FBT001 - drawn by its name
        """At one of its next calls to the outside."""
        self.pick(which).steps_to_live = calls
        self.wait(after_s)
        if is_replaced:
            self.a_worker_starts()

    @rule(which=whichever, calls=steps, for_s=st.sampled_from([5.0, 35.0, 100.0]))
    def a_worker_is_paused(self, which: int, calls: int, for_s: float) -> None:
        host = self.pick(which)
        host.steps_to_pause = calls
        self.runner.get_loop().call_later(for_s, host.wake)

    @rule(
        thread=threads,
        plan=plans,
        calls=steps,
        for_s=st.sampled_from([0.0, 0.0, 38.0, 100.0]),
        after_s=st.sampled_from([0.0, 4.0, 45.0]),
    )
    def all_workers_die_or_pause_in_a_turn(
        self, thread: ThreadKey, plan: Plan, calls: int, for_s: float, after_s: float
    ) -> None:
        """And a new one starts."""
        self.agent.plans.insert(0, plan)
        self.send(thread, "ok", QuestionKind.ASK)
        for host, _ in self.hosts:
            if for_s:
                host.steps_to_pause = calls
                self.runner.get_loop().call_later(for_s, host.wake)
            else:
                host.steps_to_live = calls
        self.wait(4.0)
        self.a_worker_starts()
        self.wait(after_s)

    @rule(which=whichever, after_s=pauses)
    def a_worker_is_stopped(self, which: int, after_s: float) -> None:
        self.pick(which).stop.set()
        self.wait(after_s)

    # ------------------------------------------------------------ the outside fails

    @rule(for_s=st.sampled_from([2.0, 20.0, 50.0]), after_s=pauses)
    def redis_goes_away(self, for_s: float, after_s: float) -> None:
        self.store.go_down()
        self.runner.get_loop().call_later(for_s, self.store.come_back)
        self.wait(after_s)

    @rule(spare=st.integers(0, 15), answers=st.integers(1, 2), after_s=pauses)
    def redis_loses_answers(self, spare: int, answers: int, after_s: float) -> None:
        self.store.spare, self.store.answers_to_lose = spare, answers
        self.wait(after_s)

    @rule(failing=agent_faults, times=st.integers(1, 6), after_s=pauses)
    def the_agent_fails(self, failing: tuple[str, Fault], times: int, after_s: float) -> None:
        operation, fault = failing
        self.agent.faults[operation] += [fault] * times
        self.wait(after_s)

    @rule(which=whichever)
    def the_agent_forgets_a_conversation(self, which: int) -> None:
        open_ones = [talk for talk in self.agent.talks.values() if talk.is_open]
        if open_ones:
            one_of(open_ones, which).is_known = False

    @rule(name=st.sampled_from(["finds", "blind"]), faults=st.lists(channel_faults, min_size=1, max_size=4))
    def a_channel_fails(self, name: str, faults: list[Fault]) -> None:
        self.channels[name].faults += faults

    @rule(which=whichever, after_s=pauses)
    def somebody_deletes_a_reply(self, which: int, after_s: float) -> None:
        messages = [message for book in self.channels.values() for message in book.messages.values()]
        if messages:
            one_of(messages, which).is_deleted = True
        self.wait(after_s)

    @rule(seconds=st.sampled_from([0.3, 1.0, 3.0, 10.0, 35.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    # ------------------------------------------------------------ at rest

    @rule()
    def everything_settles(self) -> None:
        self.run(self.come_to_rest())
        self.judge()

    def teardown(self) -> None:
        try:
            if hasattr(self, "agent"):
                self.run(self.come_to_rest())
                self.judge()
        finally:
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
        for _ in range(_MOST_REST_STEPS):
            await self.redeliver()
            await asyncio.sleep(_REST_STEP_S)
            waiting = [await self.store.look("ZCARD", key) for key in (KEYS.due, KEYS.idle, KEYS.ends)]
            if not any(waiting) and not self.undelivered:
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
            self.gaps["post lost"] += 0 if book.finds_posts else len(book.never_landed)
        assert not self.problems, self.problems

    def judge_sessions(self) -> None:
        """Every conversation is closed, but for the gap between its opening and its record."""
        for talk in self.agent.talks.values():
            if talk.is_open:
                self.problems += left_open(talk, self.bound, self.store.trouble_at)
                self.gaps["conversation left open"] += 1
                self.gaps["of these: Redis and /end both failed"] += talk.end_failed
                talk.is_open = False
        lines = self.run(self.store.look("XRANGE", KEYS.ledger, "-", "+"))
        ended = [line[b"conversation"].decode() for line in (dict(_pairs(fields)) for _, fields in lines)]
        if sorted(ended) != sorted(self.bound):
            self.problems.append(f"the ledger has {sorted(ended)} instead of {sorted(self.bound)}")


def _text(raw: Argument) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def _pairs(fields: Any) -> list[tuple[bytes, bytes]]:
    if isinstance(fields, dict):
        return list(fields.items())
    return list(zip(fields[::2], fields[1::2], strict=True))
