"""What a worker writes that has lost its thread, or that is done with the question."""

from dataclasses import replace

import pytest

from adapters.redis_store import RedisStores
from bridge.domain.errors import LeaseLost
from bridge.domain.turns import AnswerResult, Outcome, Step
from tests.contract.store_steps import DONE, begin, begun, claim, lost


async def test_a_worker_that_gave_a_thread_back_writes_no_more(stores: RedisStores) -> None:
    lease = await begun(stores)
    await stores.queue.release(lease)
    with pytest.raises(LeaseLost):
        await stores.queue.record_answer(lease, "late", AnswerResult(Outcome.ANSWERED))
    assert await lost(stores, lease) == [lease]
    assert (await begin(stores, await claim(stores))).record.text == ""


async def test_a_note_that_comes_late_is_not_for_the_next_question(stores: RedisStores) -> None:
    """D6: the messages of a settled reply are never those of the next one."""
    lease = await begun(stores, "q1", "q2")
    first = replace(lease, question_id="q1")
    await stores.queue.record_shown(first, ["m1"], "text", has_begun=True)
    assert await stores.queue.settle(first, DONE)
    await begin(stores, lease)
    with pytest.raises(LeaseLost):
        await stores.queue.record_shown(first, ["m1"], "text", has_begun=True)
    with pytest.raises(LeaseLost):
        await stores.queue.record_sending(first, "c1", 0)
    assert await stores.queue.settle(first, DONE)  # a copy of that call: q2 is still there
    record = (await begin(stores, lease)).record
    assert (record.message_ids, record.step, record.has_begun) == ((), Step.CLAIMED, False)
