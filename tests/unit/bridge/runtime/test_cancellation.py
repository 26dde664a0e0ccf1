"""Work that goes on after its caller was cancelled."""

import asyncio
import gc
from typing import Any

import pytest

from bridge.runtime.cancellation import run_shielded, shielded


async def _refused(started: asyncio.Event, release: asyncio.Event) -> None:
    started.set()
    await release.wait()
    raise ConnectionError("refused")


async def test_the_failure_of_shielded_work_reaches_its_caller() -> None:
    release = asyncio.Event()
    release.set()
    with pytest.raises(ConnectionError, match="refused"):
        await shielded(asyncio.create_task(_refused(asyncio.Event(), release)))


async def test_shielded_work_that_fails_after_its_caller_was_cancelled_is_not_logged() -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    started, release = asyncio.Event(), asyncio.Event()
    work = asyncio.create_task(_refused(started, release))
    caller = asyncio.create_task(shielded(work))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not work.done()
    release.set()
    await asyncio.wait([work])
    del work, caller
    gc.collect()
    await asyncio.sleep(0)
    assert reported == []


async def test_a_step_that_runs_to_the_end_and_fails_after_a_cancellation_is_not_logged() -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    started, release = asyncio.Event(), asyncio.Event()
    caller = asyncio.create_task(run_shielded(_refused(started, release), at_most_s=5.0))
    await started.wait()
    caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    del caller
    gc.collect()
    await asyncio.sleep(0)
    assert reported == []
