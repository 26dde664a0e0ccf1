"""Ways to run coroutines that the standard library leaves open."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def shielded(task: asyncio.Task[T]) -> T:
    """Wait for `task`; a caller that is cancelled leaves at once, and `task` goes on.

    `asyncio.shield` reports work that fails after its caller has left: from Python 3.14 on always, as an error with
    a traceback. Here such a failure is silent: the cancelled caller was the one that wanted to know.
    """
    if not task.done():
        is_over = task.get_loop().create_future()

        def end(task: asyncio.Task[T]) -> None:
            if not task.cancelled():
                task.exception()  # retrieved, so that asyncio does not log it as forgotten
            if not is_over.done():
                is_over.set_result(None)

        task.add_done_callback(end)
        await is_over
    return task.result()


async def run_shielded(work: Coroutine[Any, Any, T], *, at_most_s: float) -> T:
    """Run `work` to its end even when the caller is cancelled meanwhile; the cancellation follows after it.

    For steps such as "open the conversation and record it", which should not stop half-way. `at_most_s` after
    the cancellation `work` is cancelled too: a process that is asked to stop has no more time.
    """
    task = asyncio.create_task(work)
    try:
        return await shielded(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task], timeout=at_most_s)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        raise


@contextmanager
def unwrap_group() -> Iterator[None]:
    """Let the first error of a task group out by itself, without the group around it."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


async def until_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event | None, *, otherwise: T) -> T:
    """Return what `work` returns, or `otherwise` once `stop` is set: `work` is cancelled then, and waited for."""
    if stop is None:
        return await work
    task = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait([task])
        return otherwise if task.cancelled() else task.result()
    finally:
        stopping.cancel()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen: who cancelled us hears of the cancellation


async def first_of(one: asyncio.Event, other: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Return when one of the events is set, or all tasks are done."""
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(wait) for wait in (one.wait(), other.wait(), _all_done(tasks))]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


async def _all_done(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


async def cancel_all(tasks: Sequence[asyncio.Task[None]], *, within_s: float) -> None:
    """Cancel tasks, and wait for them for so long."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=within_s)
