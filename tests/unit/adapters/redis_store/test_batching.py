"""When steps for Redis leave: at once where it is quiet, together in a crowd."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any

from adapters.redis_store.client.batching import GAP_S, MOST_TOGETHER, Batch, Step
from tests.virtual_time import run_virtually

STEP = Step("lead", ([], []))


class _Sent:
    """A batch whose commands are answered in no time; how many steps each had."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.batch = Batch(self._send, self._start)

    async def wait(self, *, is_urgent: bool = False) -> float:
        """Ask for a step; return how long its answer took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self.batch.ask(STEP, is_urgent=is_urgent)
        return round(loop.time() - began, 6)

    async def _send(self, steps: Sequence[Step]) -> list[object]:
        self.counts.append(len(steps))
        return [None] * len(steps)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def test_the_steps_of_a_single_reply_wait_for_nothing() -> None:
    """Thirty-five in ten seconds, of which a dozen come one right after the other."""

    async def reply() -> None:
        sent = _Sent()
        assert [await sent.wait() for _ in range(12)] == [0.0] * 12
        for _ in range(23):
            await asyncio.sleep(10 / 23)
            assert await sent.wait() == 0.0

    run_virtually(reply())


def test_the_steps_of_a_crowd_share_commands_and_wait_for_a_gap_at_most() -> None:
    async def crowd() -> None:
        sent = _Sent()

        chance = random.Random(50)  # noqa: S311 - a seed, so that a failure can be repeated

        async def reply() -> list[float]:
            waits = []
            for _ in range(20):
                await asyncio.sleep(chance.uniform(0.1, 0.3))
                waits.append(await sent.wait())
            return waits

        waits = await asyncio.gather(*(reply() for _ in range(50)))
        assert sum(sent.counts) == 1000
        assert len(sent.counts) < 1000 / 3
        assert max(map(max, waits)) <= GAP_S

    run_virtually(crowd())


def test_steps_that_follow_each_other_one_by_one_seldom_wait() -> None:
    """As where an operator takes a thousand threads out: there is no one to gather."""

    async def one_by_one() -> None:
        sent = _Sent()
        waits = [await sent.wait() for _ in range(1000)]
        assert sum(waits) <= 1000 / MOST_TOGETHER * GAP_S
        assert max(waits) <= GAP_S

    run_virtually(one_by_one())


def test_an_urgent_step_waits_for_nothing_and_takes_along_what_waits() -> None:
    async def claims() -> None:
        sent = _Sent()
        for _ in range(100):
            assert await sent.wait(is_urgent=True) == 0.0
        waiting = asyncio.ensure_future(sent.wait())
        await asyncio.sleep(GAP_S / 5)
        assert not waiting.done()
        assert await sent.wait(is_urgent=True) == 0.0
        assert await waiting < GAP_S
        assert sent.counts == [*[1] * 100, 2]

    run_virtually(claims())


def test_a_burst_leaves_at_once_when_a_command_is_full_and_the_next_step_waits_for_one_gap() -> None:
    async def burst() -> None:
        sent = _Sent()
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(sent.wait() for _ in range(100 * MOST_TOGETHER)))
        assert loop.time() == 0.0
        assert sent.counts == [MOST_TOGETHER] * 100
        assert await sent.wait() <= GAP_S

    run_virtually(burst())
