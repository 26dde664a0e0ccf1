"""The stand-ins' waits can be cancelled at any instant: a demo that is stopped stops."""

import asyncio
import time
from collections.abc import Callable

import pytest

from sandbox.ledger import Ledger
from sandbox.talkifai.conversations import Book


def _ledger() -> tuple[Ledger, Callable[[], object]]:
    ledger = Ledger()
    return ledger, lambda: ledger.record("place", "thread", "message", "text")


def _book() -> tuple[Book, Callable[[], object]]:
    book = Book(time.time)
    return book, book.note_change


@pytest.mark.parametrize("make", [_ledger, _book])
@pytest.mark.parametrize("rounds", range(4))
async def test_a_wait_that_is_cancelled_as_something_changes_ends(
    make: Callable[[], tuple[Ledger | Book, Callable[[], object]]], rounds: int
) -> None:
    """At each of the loop's rounds after the change."""
    waited_on, change = make()
    waiting = asyncio.ensure_future(waited_on.until(lambda: False, 5.0))
    await asyncio.sleep(0.01)
    change()
    for _ in range(rounds):
        await asyncio.sleep(0)
    waiting.cancel()
    done, _ = await asyncio.wait([waiting], timeout=1.0)
    assert done
    assert waiting.cancelled()
