"""What the store does when a place gets another id, or is gone."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores
from bridge.domain.errors import LeaseLost
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Outcome, Settlement, Step
from tests.contract.store_steps import DONE, LetTimePass, ask, begin, begun, bound, claim, lost, question_in

OLD = ThreadKey("telegram", "100", "-5", "17")
NEW = replace(OLD, place="-1005")
ELSEWHERE = ThreadKey("telegram", "100", "-51", "17")
MOVE = ("telegram", "100", "-5", "-1005")
NEW_PLACE = ("telegram", "100", "-1005")


async def test_a_session_moves_with_its_place_and_is_ended_there_once(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """S15: the conversation goes on, and its idle time with it."""
    await bound(stores, "c1", OLD)
    await bound(stores, "c2", ELSEWHERE)

    assert await stores.places.move(*MOVE) == 1
    assert await stores.places.move(*MOVE) == 0

    moved = await stores.sessions.current(NEW)
    assert moved is not None
    assert (moved.conversation.id, moved.conversation.token, moved.turns) == ("c1", "jwt-c1", 1)
    assert await stores.sessions.current(OLD) is None
    assert await stores.sessions.current(ELSEWHERE) is not None
    await let_time_pass(601)
    assert await stores.sessions.unbind_idle(10) == 2
    ended = {ending.session.conversation.id: ending.session.thread for ending in await stores.sessions.claim_ends(9, 9)}
    assert ended == {"c1": NEW, "c2": ELSEWHERE}


async def test_questions_that_wait_are_asked_at_the_new_place_in_their_order(stores: RedisStores) -> None:
    """S15: without the ids of messages that are not there."""
    for name in ("q1", "q2"):
        await stores.inbox.append(ask(name, OLD))
    await stores.places.move(*MOVE)

    lease = await claim(stores)
    first = await begin(stores, lease)
    assert lease.thread == NEW
    assert (first.queued.id, first.queued.thread) == ("q1", NEW)
    assert (first.queued.address.place, first.queued.address.reply_to) == ("-1005", "")
    assert await stores.queue.settle(lease, DONE)
    assert (await begin(stores, lease)).queued.id == "q2"


async def test_a_burst_moves_whole(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    for name in ("q1", "q2"):
        await stores.inbox.append(ask(name, OLD, joins_within_s=60.0))
    await stores.places.move(*MOVE)
    await let_time_pass(61)
    assert question_in(await begin(stores, await claim(stores))).text == "q1\nq2"


async def test_a_turn_at_work_is_taken_up_at_the_new_place_by_whoever_is_next(stores: RedisStores) -> None:
    """S15: what was sent is known there, the messages of the old place are not."""
    lease = await begun(stores, "q1", thread=OLD)
    await stores.queue.record_sending(lease, "c1", 4)
    await stores.queue.record_shown(lease, ["11", "12"], "so far", has_begun=True)

    assert await stores.places.move(*MOVE) == 1

    assert await lost(stores, lease) == [lease]
    with pytest.raises(LeaseLost):
        await stores.queue.settle(lease, DONE)
    again = await claim(stores)
    record = (await begin(stores, again)).record
    assert again.thread == NEW
    assert (record.step, record.conversation_id, record.history_count) == (Step.SENDING, "c1", 4)
    assert (record.message_ids, record.text, record.attempts) == ((), "so far", 2)
    assert not await stores.queue.settle(again, DONE)


async def test_a_turn_that_was_sent_goes_on_from_its_record_before_what_was_asked_at_the_new_place(
    stores: RedisStores,
) -> None:
    """D6: it is not asked again, whatever came in at the new place first."""
    lease = await begun(stores, "q1", thread=OLD)
    await stores.queue.record_sending(lease, "c1", 3)
    await stores.inbox.append(ask("q2", NEW))
    await stores.places.move(*MOVE)

    entry = await begin(stores, await claim(stores))
    assert (entry.queued.id, entry.record.step, entry.record.conversation_id) == ("q1", Step.SENDING, "c1")


async def test_the_thread_that_was_active_last_is_the_heir_until_somebody_goes_on(stores: RedisStores) -> None:
    """S15: of several chains of replies, the newest."""
    await bound(stores, "c1", OLD, idle_timeout_s=600)
    await bound(stores, "c2", replace(OLD, thread="40"), idle_timeout_s=700)
    await bound(stores, "c3", replace(OLD, thread="30"), idle_timeout_s=650)

    assert await stores.places.last_active_thread(*NEW_PLACE) is None
    assert await stores.places.move(*MOVE) == 3
    assert await stores.places.last_active_thread(*NEW_PLACE) == "40"
    await stores.places.consume_move(*NEW_PLACE)
    await stores.places.move(*MOVE)
    assert await stores.places.last_active_thread(*NEW_PLACE) is None


async def test_a_thread_that_is_there_already_keeps_its_session(stores: RedisStores) -> None:
    """S15: a conversation that was opened meanwhile goes on, the other one is ended."""
    await bound(stores, "c1", OLD)
    await bound(stores, "c2", NEW)
    await stores.places.move(*MOVE)

    kept = await stores.sessions.current(NEW)
    assert kept is not None
    assert kept.conversation.id == "c2"
    (ending,) = await stores.sessions.claim_ends(9, 9)
    assert (ending.session.conversation.id, ending.reason) == ("c1", EndReason.REPLACED)


async def test_a_silent_member_of_the_thread_is_heard_after_the_move(stores: RedisStores) -> None:
    await bound(stores, "c1", OLD)
    await stores.places.move(*MOVE)
    assert (await stores.inbox.append(ask("q2", NEW, addressed=False))).value == "accepted"


async def test_a_question_to_try_again_moves_along(stores: RedisStores) -> None:
    lease = await begun(stores, "q1", thread=OLD)
    assert not await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, idle_timeout_s=600))
    await bound(stores, "c1", OLD)
    lease = await begun(stores, "q2", thread=OLD)
    assert not await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, idle_timeout_s=600))
    await stores.places.move(*MOVE)
    last = await stores.queue.unanswered(NEW)
    assert last is not None
    assert last.id == "q2"


async def test_a_move_leaves_nothing_behind(stores: RedisStores, redis: Redis) -> None:
    await bound(stores, "c1", OLD)
    await begun(stores, "q1", "q2", thread=OLD)
    await stores.places.move(*MOVE)
    assert await redis.keys(f"*{OLD}*") == []


async def test_a_place_that_is_gone_ends_its_sessions_and_drops_what_waits(stores: RedisStores) -> None:
    """S14: the bot was removed."""
    await bound(stores, "c1", OLD)
    await bound(stores, "c2", ELSEWHERE)
    await stores.inbox.append(ask("q1", OLD))

    assert await stores.places.leave("telegram", "100", "-5") == 1
    assert await stores.places.leave("telegram", "100", "-5") == 0

    assert await stores.queue.claim() is None
    (ending,) = await stores.sessions.claim_ends(9, 9)
    assert (ending.session.conversation.id, ending.reason) == ("c1", EndReason.GONE)
    assert (await stores.counters())["turn.undeliverable"] == 1


async def test_an_account_that_is_gone_is_left_in_all_its_places_in_one_pass(stores: RedisStores, redis: Redis) -> None:
    """S14: however many places it has."""
    for place in range(9):
        await bound(stores, f"c{place}", ThreadKey("telegram", "100", f"-{place}"))
    await bound(stores, "other", ThreadKey("telegram", "1000", "-5"))

    async def looked() -> int:
        return int((await redis.info("commandstats")).get("cmdstat_zscan", {"calls": 0})["calls"])

    before = await looked()
    assert await stores.accounts.leave_account("telegram", "100") == 9
    assert await looked() - before == 3
    assert await stores.accounts.leave_account("telegram", "100") == 0
    assert await stores.sessions.current(ThreadKey("telegram", "1000", "-5")) is not None


async def test_a_thread_at_work_is_not_ended_under_its_worker(stores: RedisStores) -> None:
    await bound(stores, "c1", OLD)
    lease = await begun(stores, "q1", thread=OLD)
    assert await stores.places.leave("telegram", "100", "-5") == 0
    assert await stores.sessions.current(OLD) is not None
    assert not await stores.queue.settle(lease, DONE)
