"""What Redis holds and does when very many sessions are open and very many questions wait: `make bench-scale`.

Sessions and questions are written by the bridge's own scripts into a real server, steps are timed there (`INFO
commandstats`), and workers that do nothing but claim run in processes of their own. It takes about 5 minutes and 2 GB;
`make bench-scale ARGS="--sessions 10000 --questions 2000"` runs it in small.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from adapters.redis_store import RedisStores, connect, start_embedded
from adapters.redis_store.client.batching import Argument, Call
from adapters.redis_store.schema.codec import pack, session_to_fields
from adapters.redis_store.schema.keys import milliseconds
from adapters.redis_store.schema.store_limits import StoreLimits
from bench.docs_page import paste
from bridge.domain.incoming import Origin, Question
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import Lease, Outcome, Settlement

_TOKEN_CHARACTERS = 300
_BATCH = 500
_AT_ONCE = 50
_IDLE_S = 600.0
_WORKERS = (1, 2, 4)
_LONG_S = 7200.0
"""No lease ends while it is measured."""
_LIMITS = StoreLimits(lease_s=_LONG_S)
_CLAIMS = "claims a second by workers"


def thread_of(kind: str, number: int) -> ThreadKey:
    """Name a thread as Slack has them: of one of a thousand channels."""
    return ThreadKey("slack", "T0000000001", f"C{number % 1000:010d}", f"{kind}{number:010d}.000100")


def session_of(number: int) -> Session:
    token = f"{number:010d}".ljust(_TOKEN_CHARACTERS, "x")
    conversation = Conversation(f"chat_01234567_person{number}_1764201600000", token)
    person = f"U{number:010d}"
    return Session(thread_of("s", number), conversation, "Support", person, f"{person}@example.com", 1764201600.0)


def question_of(kind: str, number: int) -> Question:
    thread = thread_of(kind, number)
    origin = Origin(
        id=f"Ev{kind}{number:010d}",
        dedupe_keys=(f"slack:event:{kind}{number}", f"slack:message:{kind}{number}"),
        thread=thread,
        address=Address("T0000000001", thread.place, thread.thread),
        person=Person(f"U{kind}{number:010d}", "Ada Lovelace"),
        asked_at=1764201600.0,
        addressed=True,
    )
    return Question(origin, "What does the plan for a busy team cost, and what is in it? " * 3)


class Bench:
    """One server, and what is measured on it."""

    def __init__(self, stores: RedisStores) -> None:
        self.stores = stores
        self.figures: dict[str, Any] = {}

    async def call(self, *parts: str | int) -> Any:
        return await self.stores.commands.call(*parts)

    async def used(self) -> int:
        """Return the bytes that the server uses."""
        found: dict[str, Any] = await self.call("INFO", "memory")
        return int(found["used_memory"])

    async def server_us(self, work: Callable[[], Awaitable[object]]) -> float:
        """Return the microseconds of the server's time for each script that the work runs."""
        await self.call("CONFIG", "RESETSTAT")
        await work()
        found: dict[str, Any] = await self.call("INFO", "commandstats")
        stats = [found[name] for name in ("cmdstat_evalsha", "cmdstat_hgetall") if name in found]
        return sum(float(one["usec"]) for one in stats) / max(1, sum(int(one["calls"]) for one in stats))

    # ------------------------------------------------------------ filling

    async def open_sessions(self, count: int) -> float:
        """Write open sessions; return the bytes of each."""
        before = await self.used()
        for first in range(0, count, _BATCH):
            calls = [self._restored(session_of(number)) for number in range(first, min(count, first + _BATCH))]
            await self.stores.commands.scripts("restore_session", calls)
        return (await self.used() - before) / count

    def _restored(self, session: Session) -> Call:
        """Return the call that writes a session without a lease."""
        keys, thread = self.stores.keys, session.thread
        opened_by = keys.opened_by(thread.channel, thread.account, session.person_id)
        bound: list[Argument] = [str(thread), milliseconds(_LONG_S), pack(session.conversation.id)]
        bound += [milliseconds(_LIMITS.session_s), *session_to_fields(session)]
        return [keys.session(thread), keys.idle, opened_by, keys.clock], bound

    async def queue(self, kind: str, count: int) -> float:
        """Let questions come in, each in a thread of its own; return the bytes of each."""
        before = await self.used()
        await in_turn(self.stores.inbox.append(question_of(kind, number)) for number in range(count))
        return (await self.used() - before) / count

    # ------------------------------------------------------------ measuring

    async def steps(self, kind: str, count: int) -> dict[str, float]:
        """Take questions through a turn; return the server's microseconds of each step."""
        queue, leases = self.stores.queue, list[Lease]()
        done = Settlement(Outcome.ANSWERED, idle_timeout_s=_IDLE_S)

        async def claim() -> None:
            for _ in range(count):
                lease = await queue.claim()
                leases.extend([lease] if lease is not None else [])

        found = {"append": await self.server_us(lambda: self.queue(kind, count)), "claim": await self.server_us(claim)}
        found["begin"] = await self.server_us(lambda: in_turn(map(queue.begin, leases)))
        sessions = (self.stores.sessions.bind(lease, _bound(lease), _IDLE_S) for lease in leases)
        found["bind"] = await self.server_us(lambda: in_turn(sessions))
        found["touch and settle"] = await self.server_us(lambda: in_turn(queue.settle(one, done) for one in leases))
        found["tick, nothing due"] = await self.server_us(
            lambda: in_turn(self.stores.sessions.tick(1.0) for _ in "tick")
        )
        return found

    async def sweep(self, due: int) -> dict[str, float]:
        """Let sessions fall idle and end them but for TalkifAI's part; return what of it fits into a second."""
        for number in range(due):
            await self.call("ZADD", self.stores.keys.idle, 1, str(thread_of("s", number)))
        sessions, took_s = self.stores.sessions, list[float]()

        async def unbind() -> None:
            began = time.monotonic()
            while await sessions.unbind_idle(100):
                pass
            took_s.append(time.monotonic() - began)

        async def end() -> None:
            began = time.monotonic()
            while ends := await sessions.claim_ends(_AT_ONCE, 90.0):
                await asyncio.gather(*map(sessions.confirm_end, ends))
            took_s.append(time.monotonic() - began)

        unbind_us, end_us = await self.server_us(unbind), await self.server_us(end)
        return {
            "idle sessions claimed a second by one worker": due / took_s[0],
            "ends claimed and confirmed a second by one worker": due / took_s[1],
            "idle sessions that Redis alone could claim a second": 1e6 / unbind_us,
            "ends that Redis alone could confirm a second": 1e6 / end_us,
        }

    async def claim_us(self, count: int) -> float:
        """Claim with all questions waiting; return the server's microseconds for each."""

        async def claim() -> None:
            for _ in range(count):
                await self.stores.queue.claim()

        return await self.server_us(claim)


def _bound(lease: Lease) -> Session:
    name = str(lease.thread)
    person = f"U{lease.thread.thread}"
    return Session(lease.thread, Conversation(f"chat_{name}", "x" * _TOKEN_CHARACTERS), "Support", person, person, 1.0)


async def in_turn(work: Iterable[Awaitable[object]]) -> None:
    """Do all of it, so much at once."""
    pending = iter(work)

    async def some() -> None:
        for one in pending:
            await one

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


# ---------------------------------------------------------------- workers that claim


def _claim_for(url: str, seconds: float, start_at: float, result: Any) -> None:
    async def run() -> int:
        stores = RedisStores(connect(url), limits=_LIMITS)
        await stores.open()
        await asyncio.sleep(max(0.0, start_at - time.time()))
        until, turns = time.monotonic() + seconds, list[asyncio.Future[object]]()
        while time.monotonic() < until and (lease := await stores.queue.claim()):
            turns.append(asyncio.ensure_future(stores.queue.begin(lease)))
        claimed = sum(entry is not None for entry in await asyncio.gather(*turns))
        await stores.aclose()
        return claimed

    result.put(asyncio.run(run()))


def claims_a_second(url: str, workers: int, seconds: float) -> float:
    """Let workers claim questions one after the other, and begin each beside; return how many all get in a second."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    start_at = time.time() + 5.0
    processes = [context.Process(target=_claim_for, args=(url, seconds, start_at, results)) for _ in range(workers)]
    for process in processes:
        process.start()
    total: int = sum(results.get() for _ in processes)
    for process in processes:
        process.join()
    return total / seconds


async def measure(url: str, sessions: int, questions: int, seconds: float) -> dict[str, Any]:
    """Fill the server and measure on the way."""
    stores = RedisStores(connect(url), limits=_LIMITS)
    await stores.open()
    bench = Bench(stores)
    sample = min(1000, max(10, questions // 10))
    try:
        before = await bench.used()
        few = await bench.steps("few", sample)
        left_bytes = (await bench.used() - before) / sample
        session_bytes = await bench.open_sessions(sessions)
        many = await bench.steps("many", sample)
        sweep = await bench.sweep(min(10_000, sessions))
        question_bytes = await bench.queue("q", questions)
        claim_us = await bench.claim_us(sample)
        claims = {n: await asyncio.to_thread(claims_a_second, url, n, seconds) for n in _WORKERS}
    finally:
        await stores.aclose()
    return {
        "sessions": sessions,
        "questions": questions,
        "bytes a session": session_bytes,
        "bytes a question": question_bytes,
        "bytes an answered question leaves": left_bytes,
        "server microseconds, nothing else there": few,
        f"server microseconds, {sessions:,} sessions open": many,
        **sweep,
        "questions that Redis alone could give out a second": 1e6 / claim_us,
        _CLAIMS: claims,
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    few, many = (steps for name, steps in found.items() if name.startswith("server microseconds"))
    rows = ["| step | none open | all open |", "| --- | ---: | ---: |"]
    rows += [f"| {step}, microseconds of the server | {few[step]:.0f} | {many[step]:.0f} |" for step in few]
    lines = [
        f"- {found['sessions']:,} open sessions take {found['bytes a session']:.0f} bytes each.",
        f"- {found['questions']:,} queued questions of 180 characters take {found['bytes a question']:.0f} bytes each.",
    ]
    left = found["bytes an answered question leaves"]
    lines.append(
        f"- An answered question leaves {left:.0f} bytes, its open session and the marks of its ids among them."
    )
    lines += [f"- {name}: {found[name]:,.0f}." for name in found if "a second" in name and name != _CLAIMS]
    lines += [
        f"- questions that {n} worker{'s' * (n > 1)} claimed a second: {rate:,.0f}."
        for n, rate in found[_CLAIMS].items()
    ]
    return "\n".join([*lines, "", *rows])


def main() -> None:
    """Read the arguments, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="for which workers claim")
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder for scale.json and .md")
    parser.add_argument("--docs", action="store_true", help="put the figures on the page docs/performance.md too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        server = start_embedded(Path(folder) / "data")
        try:
            found = asyncio.run(measure(server.url, given.sessions, given.questions, given.seconds))
        finally:
            server.stop()
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "scale.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    (given.output / "scale.md").write_text(table(found), encoding="utf-8")
    if given.docs:
        paste("scale", table(found))
    print(table(found))


if __name__ == "__main__":
    main()
