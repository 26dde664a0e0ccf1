"""Several messages of one person become one question."""

from functools import partial

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores
from bridge.domain.incoming import Edit, IntakeResult, Withdrawal
from bridge.domain.turns import Outcome, Settlement
from tests.contract.store_steps import DONE, OTHER, THREAD, LetTimePass, ask, begin, begun, claim, origin, question_in

part = partial(ask, joins_within_s=60.0)
"""One message of a burst; a test that is slow still comes in time."""


async def test_what_the_same_person_sends_at_once_is_one_question(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    became = [await stores.inbox.append(part(name, text=f"text of {name}")) for name in ("q1", "q2", "q3")]
    assert became == [IntakeResult.ACCEPTED, IntakeResult.JOINED, IntakeResult.JOINED]
    assert await stores.queue.claim() is None
    await let_time_pass(61)

    lease = await claim(stores)
    question = question_in(await begin(stores, lease))
    assert (question.id, question.text) == ("q1", "text of q1\ntext of q2\ntext of q3")
    assert question.origin == part("q1").origin
    assert not await stores.queue.settle(lease, DONE)


async def test_each_message_of_a_burst_is_kept_once(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    """D4: delivered again, also after the answer."""
    for name in ("q1", "q2"):
        await stores.inbox.append(part(name))
    assert await stores.inbox.append(part("q2")) is IntakeResult.DUPLICATE
    await let_time_pass(61)
    lease = await claim(stores)
    assert question_in(await begin(stores, lease)).text == "q1\nq2"
    assert not await stores.queue.settle(lease, DONE)
    assert await stores.inbox.append(part("q2")) is IntakeResult.DUPLICATE


async def test_a_question_may_be_begun_when_its_time_is_over_and_each_message_begins_it_anew(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    await stores.inbox.append(part("q1"))
    await let_time_pass(40)
    await stores.inbox.append(part("q2"))
    await let_time_pass(40)
    assert await stores.queue.claim() is None
    await let_time_pass(21)
    assert question_in(await begin(stores, await claim(stores))).text == "q1\nq2"


async def test_another_person_another_thread_and_a_late_message_are_questions_of_their_own(
    stores: RedisStores, redis: Redis
) -> None:
    await stores.inbox.append(part("q1"))
    assert await stores.inbox.append(part("q2", person="U2")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(part("q3", OTHER)) is IntakeResult.ACCEPTED
    # U1 wrote before U2: the order in which people wrote is kept.
    assert await stores.inbox.append(part("q4")) is IntakeResult.QUEUED
    await redis.delete(stores.keys.burst(THREAD, "U1"))
    assert await stores.inbox.append(part("q5")) is IntakeResult.ACCEPTED
    assert await redis.lrange(stores.keys.inbox(THREAD), 0, -1) == [b"q1", b"q2", b"q4", b"q5"]


async def test_what_was_begun_is_joined_by_nothing(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    await stores.inbox.append(part("q1"))
    await let_time_pass(61)
    lease = await claim(stores)
    await begin(stores, lease)
    assert await stores.inbox.append(part("q2")) is IntakeResult.ACCEPTED
    assert await stores.queue.settle(lease, DONE)
    assert question_in(await begin(stores, lease)).text == "q2"


async def test_a_burst_behind_an_answer_is_one_question_too(stores: RedisStores) -> None:
    lease = await begun(stores, "q1")
    assert await stores.inbox.append(part("q2")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(part("q3")) is IntakeResult.JOINED
    assert await stores.queue.settle(lease, DONE)
    assert question_in(await begin(stores, lease)).text == "q2\nq3"


async def test_a_burst_of_which_a_part_cannot_be_read_is_set_aside_with_all_its_parts(
    stores: RedisStores, let_time_pass: LetTimePass, redis: Redis
) -> None:
    """D13: nothing is removed before all is read, and the thread goes on."""
    for name in ("q1", "q2", "q3"):
        await stores.inbox.append(part(name))
    await redis.hset(stores.keys.bodies(THREAD), "q2", b"\xff not json")
    await let_time_pass(61)
    await stores.inbox.append(ask("q4"))
    lease = await claim(stores)
    assert question_in(await begin(stores, lease)).id == "q4"
    assert len(await stores.dead_letters(10)) == 1
    assert not await stores.queue.settle(lease, DONE)
    assert await redis.exists(stores.keys.bodies(THREAD)) == 0


async def test_a_burst_longer_than_a_question_may_be_is_several(stores: RedisStores) -> None:
    became = [await stores.inbox.append(part(name, text="x" * 4000)) for name in ("q1", "q2", "q3", "q4")]
    assert became == [IntakeResult.ACCEPTED, IntakeResult.JOINED, IntakeResult.ACCEPTED, IntakeResult.JOINED]


async def test_an_edit_of_either_message_counts_while_the_question_waits(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """D12: queued: the edit counts."""
    for name in ("q1", "q2"):
        await stores.inbox.append(part(name))
    assert await stores.inbox.amend(Edit(origin("q1"), "one")) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Edit(origin("q2"), "two / \u00e9\ud83d")) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Withdrawal(origin("q2"))) is IntakeResult.NOT_ADDRESSED
    await let_time_pass(61)
    assert question_in(await begin(stores, await claim(stores))).text == "one\ntwo / \u00e9\ud83d"
    assert await stores.inbox.amend(Edit(origin("q2"), "late")) is IntakeResult.NOT_ADDRESSED


async def test_a_burst_is_asked_again_as_a_whole(stores: RedisStores, let_time_pass: LetTimePass, redis: Redis) -> None:
    for name in ("q1", "q2"):
        await stores.inbox.append(part(name))
    await let_time_pass(61)
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.release(lease)
    lease = await claim(stores)
    assert question_in(await begin(stores, lease)).text == "q1\nq2"
    assert not await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, idle_timeout_s=600))
    last = await stores.queue.unanswered(THREAD)
    assert last is not None
    assert last.text == "q1\nq2"
    assert await redis.exists(stores.keys.bodies(THREAD)) == 0


@pytest.mark.parametrize("joins_within_s", [0.0, 0.05])
async def test_a_single_question_waits_no_longer_than_its_time(stores: RedisStores, joins_within_s: float) -> None:
    await stores.inbox.append(ask("q1", joins_within_s=joins_within_s))
    lease = await stores.queue.claim()
    if joins_within_s:
        assert lease is None
        await stores.queue.wait_for_work(2.0)
        lease = await stores.queue.claim()
    assert lease is not None
