"""An event loop whose time jumps, except while Redis works; it runs several processes that can stand still."""

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Protocol, TypeVarTuple

Ts = TypeVarTuple("Ts")

_LONGEST_ANSWER_S = 20.0


class Process(Protocol):
    """What the loop knows of a worker's process."""

    tasks: dict["asyncio.Task[Any]", None]
    late_timers: list[Callable[[], None]]

    @property
    def is_paused(self) -> bool: ...


OWNER: ContextVar["Process | None"] = ContextVar("owner", default=None)


class _PatientSelector(selectors.DefaultSelector):
    """Jumps to the next timer, but never while an answer of Redis is on its way."""

    offset = 0.0
    in_flight = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.in_flight:
            if timeout == 0:
                # First everything else that can run: else the order of things would depend on the server's speed.
                return []
            ready = super().select(_LONGEST_ANSWER_S)
            assert ready, "Redis never answered"
            return ready
        ready = super().select(0)
        if not ready and timeout:
            self.offset += timeout
        return ready


class _OrderedTimer(asyncio.TimerHandle):
    """Of timers for the same instant the first that was set goes off first; a heap leaves that to chance."""

    __slots__ = ("_number",)

    def __init__(self, number: int, when: float, callback: Callable[..., object], *rest: Any) -> None:
        super().__init__(when, callback, *rest)
        self._number = number

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _OrderedTimer):
            return NotImplemented
        return (self.when(), self._number) < (other.when(), other._number)

    __hash__ = asyncio.TimerHandle.__hash__


class StoreLoop(asyncio.SelectorEventLoop):
    """Virtual time that stands still while Redis works; tasks belong to the worker that started them."""

    def __init__(self) -> None:
        self.selector = _PatientSelector()
        self.tasks_made = 0
        self._timers = itertools.count()
        super().__init__(self.selector)
        self.set_task_factory(_owned_task)

    def time(self) -> float:
        return self.selector.offset

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As ever, but a timer of a paused process goes off when that wakes."""
        owner = OWNER.get()
        if owner is None:
            return self._set_timer(when, callback, args, context)

        def go_off() -> None:
            if owner.is_paused:
                owner.late_timers.append(go_off)
            elif not handle.cancelled():
                callback(*args)

        handle = self._set_timer(when, go_off, (), context)
        return handle

    def _set_timer(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        """What the base class does, with timers that keep their order."""
        timer = _OrderedTimer(next(self._timers), when, callback, args, self, context)
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # the base class's heap
        heapq.heappush(scheduled, timer)
        timer._scheduled = True  # type: ignore[attr-defined]  # or its cancellation would not be counted
        return timer


class _NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set is the same in every run: what is in one is cancelled in its order."""

    def __init__(self, coro: Any, *, loop: StoreLoop, **options: Any) -> None:
        loop.tasks_made += 1
        self._number = loop.tasks_made
        super().__init__(coro, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


def _owned_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> "asyncio.Task[Any]":
    assert isinstance(loop, StoreLoop)
    task = _NumberedTask(coro, loop=loop, **options)
    context = options.get("context")
    owner = context.get(OWNER, None) if context is not None else OWNER.get()
    if owner is not None:
        owner.tasks[task] = None
        task.add_done_callback(lambda done: owner.tasks.pop(done, None))
    return task


@contextmanager
def nobodys() -> Iterator[None]:
    """Start tasks inside that outlive the worker, as a request does that was sent."""
    token = OWNER.set(None)
    try:
        yield
    finally:
        OWNER.reset(token)
