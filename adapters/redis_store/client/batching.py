"""Steps that are asked for in one moment travel as one command, in a crowd also those of some milliseconds."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

Argument = str | bytes | int | float
Call = tuple[Sequence[str], Sequence[Argument]]
"""The keys and the arguments of one script."""

_ROUNDS = 2
"""Of the event loop, until a step that is asked for leaves: what is asked for beside it may have begun a task first."""
MOST_TOGETHER = 16
"""Redis does nothing else meanwhile: a step takes 10 to 100 microseconds."""
GAP_S = 0.025
"""Between two commands in a crowd: one costs both sides as much as ten more steps in it."""
_AT_ONCE = 16
"""So many commands need keep no gap, as those of a reply that begins; each gap allows one more."""


class Step(NamedTuple):
    """One script with what it is run on."""

    name: str
    call: Call
    kept: str = ""
    """The key under which its answer is kept, so that it is run once though it may be sent again; empty: not needed."""


def packed(steps: Sequence[Step]) -> Call:
    """Return what the script that runs them together takes."""
    keys = [[*step.call[0], *([step.kept] if step.kept else [])] for step in steps]
    args: list[Argument] = []
    for step, its_keys in zip(steps, keys, strict=True):
        args += [step.name, int(bool(step.kept)), len(its_keys), len(step.call[1]), *step.call[1]]
    return [key for its_keys in keys for key in its_keys], args


Send = Callable[[Sequence[Step]], Coroutine[Any, Any, list[Any]]]
"""Sends steps as one command; an error of one step stands in the list where its answer would be."""


class Batch:
    """The steps that wait to be sent.

    Args:
        send: Sends them.
        start: Runs the sending in a task of its own.
    """

    def __init__(self, send: Send, start: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._send = send
        self._start = start
        self._waiting: list[tuple[Step, asyncio.Future[Any]]] = []
        self._timer: asyncio.Handle | None = None
        self._goes_at = 0.0
        self._waits_since = 0.0
        """When the first of them was asked for."""
        self._paced_to = 0.0
        """When the last command would have left, had all of them kept the gap."""

    def ask(self, step: Step, can_wait_s: float = 0.0, *, is_urgent: bool = False) -> asyncio.Future[Any]:
        """Return what becomes the step's answer, or its error. It is sent after that time, or with the next one.

        Cancelling it leaves the step on its way.

        Args:
            step: What is to be run.
            can_wait_s: How long it may wait for another to go along with.
            is_urgent: It goes now, though there is a crowd: steps that follow each other one by one gather no others.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        now = loop.time()
        if not self._waiting:
            self._waits_since = now
        self._waiting.append((step, answer))
        if len(self._waiting) >= MOST_TOGETHER:
            self.flush()
        else:
            from_s = now if is_urgent else self._paced_to - _AT_ONCE * GAP_S
            self._send_at(max(now + can_wait_s, from_s), now, loop)
        return answer

    def flush(self) -> None:
        """Send what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        if waiting:
            now = asyncio.get_running_loop().time()
            if len(waiting) == 1 and now - self._waits_since > GAP_S / 2:
                self._paced_to = now  # it gathered nothing: there is no crowd, but one that asks step by step
            self._paced_to = min(max(self._paced_to, now), now + _AT_ONCE * GAP_S) + GAP_S
            self._start(self._deliver(waiting))

    def _send_at(self, at: float, now: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            if self._goes_at <= at:
                return
            self._timer.cancel()
        self._goes_at = at
        if at > now:
            self._timer = loop.call_at(at, self.flush)
        else:
            self._flush_soon(loop, _ROUNDS)

    def _flush_soon(self, loop: asyncio.AbstractEventLoop, rounds: int) -> None:
        self._timer = loop.call_soon(self._flush_soon, loop, rounds - 1) if rounds else loop.call_soon(self.flush)

    async def _deliver(self, waiting: Sequence[tuple[Step, asyncio.Future[Any]]]) -> None:
        try:
            results = await self._send([step for step, _ in waiting])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those that asked
            results = [error] * len(waiting)
        except asyncio.CancelledError:
            for _, answer in waiting:
                answer.cancel()
            raise
        for (_, answer), result in zip(waiting, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)
