"""What the work queue promises, on a real server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores, StoreLimits, connect
from adapters.redis_store.schema.codec import queued_from_json
from bridge.domain.errors import LeaseLost
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, Outcome, Settlement, Step
from tests.contract.store_steps import (
    DONE,
    OTHER,
    THREAD,
    LetTimePass,
    ask,
    begin,
    begun,
    claim,
    lost,
    number_of,
    question_in,
    session,
)


async def test_an_answer_that_the_bridge_cut_is_marked_until_the_question_is_sent_again(stores: RedisStores) -> None:
    """R12: the next worker knows how much had come, and that it may ask again once."""
    lease = await begun(stores)
    await stores.queue.record_sending(lease, "c1", 3, "Ada: why?")
    assert (await begin(stores, lease)).record.cut_at is None
    await stores.queue.record_cut(lease, 0)
    record = (await begin(stores, lease)).record
    assert (record.cut_at, record.asked_again, record.history_count) == (0, 0, 3)
    await stores.queue.record_sending(lease, "c1", 5, asked_again=2)
    record = (await begin(stores, lease)).record
    assert (record.cut_at, record.asked_again, record.history_count) == (None, 2, 5)


async def test_a_claimed_thread_is_nobody_elses(stores: RedisStores) -> None:
    await stores.inbox.append(ask("q1"))
    await claim(stores)
    await stores.inbox.append(ask("q2"))
    assert await stores.queue.claim() is None


async def test_the_thread_due_longest_is_taken_first(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    await stores.inbox.append(ask("q1"))
    await let_time_pass(1)
    await stores.inbox.append(ask("q2", OTHER))
    assert (await claim(stores)).thread == THREAD
    assert (await claim(stores)).thread == OTHER


async def test_a_lease_that_ran_out_passes_to_another_with_a_higher_fence(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    first = await begun(stores)
    await let_time_pass(20)
    assert await stores.queue.claim() is None
    await let_time_pass(11)
    second = await claim(stores)
    assert number_of(second) > number_of(first)
    assert (await begin(stores, second)).record.attempts == 2


async def test_a_renewed_lease_does_not_run_out(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    lease = await begun(stores)
    for _ in range(3):
        await let_time_pass(20)
        assert await lost(stores, lease) == []
    assert await stores.queue.claim() is None


async def test_renewing_names_the_leases_that_were_lost(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    gone = await begun(stores)
    await let_time_pass(31)
    kept = await claim(stores)
    other = await begun(stores, "q9", thread=OTHER)
    assert await lost(stores, other, gone, kept) == [gone]
    assert await lost(stores) == []


async def test_short_leases_run_out_by_the_servers_clock(redis_url: str, stores: RedisStores) -> None:
    assert stores.keys.prefix == "talkifai-bridge"
    hasty = RedisStores(connect(redis_url), limits=StoreLimits(lease_s=0.05))
    await hasty.inbox.append(ask("q1"))
    first = await claim(hasty)
    async with asyncio.timeout(10):
        while (second := await hasty.queue.claim()) is None:
            await hasty.queue.wait_for_work(1)
    assert number_of(second) > number_of(first)
    await hasty.aclose()


async def test_a_stale_worker_changes_nothing(stores: RedisStores, redis: Redis, let_time_pass: LetTimePass) -> None:
    """D8: every write of a worker whose lease passed to another is refused."""
    stale = await begun(stores, "q1", "q2")
    await let_time_pass(31)
    await begin(stores, await claim(stores))
    before = await everything(redis)
    queue = stores.queue
    refused: list[Callable[[], Awaitable[object]]] = [
        lambda: queue.begin(stale),
        lambda: queue.record_sending(stale, "c1", 1),
        lambda: queue.record_answer(stale, "text", AnswerResult(Outcome.ANSWERED)),
        lambda: queue.record_step(stale, Step.CLAIMED),
        lambda: queue.record_shown(stale, ["1"], "text", has_begun=True),
        lambda: queue.settle(stale, DONE),
        lambda: queue.dead_letter(stale, "reason", 600),
        lambda: stores.sessions.bind(stale, session("c1"), 600),
    ]
    for write in refused:
        with pytest.raises(LeaseLost):
            await write()
    await queue.release(stale)
    assert await lost(stores, stale) == [stale]
    assert await everything(redis) == before


async def everything(redis: Redis) -> dict[bytes | str, object]:
    """Return all that is kept, as the server would dump it, but for the answers to requests that may come again."""
    keys = [key for key in sorted(await redis.keys("*")) if b":request:" not in key]
    return {key: await redis.dump(key) for key in keys}


async def test_the_record_of_a_turn_is_read_by_whoever_takes_it_over(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    lease = await begun(stores)
    await stores.queue.record_sending(lease, "c1", 7)
    await stores.queue.record_shown(lease, ["1.1", "1.2"], "the \ud800 an", has_begun=True)
    await let_time_pass(31)
    second = await claim(stores)
    sending = (await begin(stores, second)).record
    assert (sending.attempts, sending.step, sending.conversation_id, sending.history_count) == (
        2,
        Step.SENDING,
        "c1",
        7,
    )
    assert (sending.message_ids, sending.text, sending.has_begun) == (("1.1", "1.2"), "the \ud800 an", True)
    assert sending.asked is None
    asked = AnswerResult(Outcome.INTERRUPTED, "a notice", {"total_tokens": 7}, 9, EndReason.AGENT)
    await stores.queue.record_answer(second, "the \ud800 answer", asked)
    answered = (await begin(stores, second)).record
    assert (answered.step, answered.text, answered.asked) == (Step.ANSWERED, "the \ud800 answer", asked)
    assert answered.message_ids == ("1.1", "1.2")
    await stores.queue.record_shown(second, ["1.1", "1.2", "1.3"], "a late note", has_begun=True)
    shown = (await begin(stores, second)).record
    assert (shown.text, shown.message_ids) == ("the \ud800 answer", ("1.1", "1.2", "1.3"))
    await stores.queue.record_step(second, Step.CLAIMED)
    assert (await begin(stores, second)).record.step is Step.CLAIMED


async def test_the_next_question_starts_with_a_clean_record(stores: RedisStores) -> None:
    lease = await begun(stores, "q1", "q2")
    await stores.queue.record_sending(lease, "c1", 7)
    assert await stores.queue.settle(lease, DONE)
    entry = await begin(stores, lease)
    assert entry.queued.id == "q2"
    assert entry.record.attempts == 1
    assert entry.record.conversation_id == ""


async def test_settling_twice_settles_one_question(stores: RedisStores) -> None:
    """A settlement repeated because its answer was lost must not remove the next question."""
    lease = await begun(stores, "q1", "q2")
    assert await stores.queue.settle(lease, DONE)
    assert await stores.queue.settle(lease, DONE)
    assert (await begin(stores, lease)).queued.id == "q2"
    assert (await stores.counters())["turn.answered"] == 1


async def test_a_settled_thread_leaves_nothing_behind_but_marks(stores: RedisStores, redis: Redis) -> None:
    lease = await begun(stores)
    await stores.queue.record_answer(lease, "text", AnswerResult(Outcome.ANSWERED))
    assert not await stores.queue.settle(lease, DONE)
    keys = stores.keys
    for gone in (keys.inbox(THREAD), keys.bodies(THREAD), keys.turn(THREAD), keys.due, keys.leases):
        assert not await redis.exists(gone)
    with pytest.raises(LeaseLost):
        await stores.queue.record_shown(lease, ["1"], "text", has_begun=True)


async def test_settling_updates_the_session_in_the_same_step(stores: RedisStores, redis: Redis) -> None:
    lease = await begun(stores, "q1", "q2", "q3")
    await stores.sessions.bind(lease, session("c1"), 1)
    await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, 600, {"input_tokens": 3, "output tokens": 4}, 5))
    now = await stores.sessions.current(THREAD)
    assert now is not None
    assert (now.turns, now.history_count, now.usage) == (1, 5, {"input_tokens": 3, "output tokens": 4})
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.COMMAND_DONE, 600))
    now = await stores.sessions.current(THREAD)
    assert now is not None
    assert (now.turns, now.history_count) == (1, 5)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 900, {"input_tokens": 1}))
    now = await stores.sessions.current(THREAD)
    assert now is not None
    assert (now.turns, now.history_count, now.usage["input_tokens"]) == (2, None, 4)
    seconds, _ = await redis.time()
    deadline = await redis.zscore(stores.keys.idle, str(THREAD))
    assert deadline is not None
    assert 890 < deadline / 1000 - seconds < 910


async def test_settling_can_begin_the_end_of_the_session(stores: RedisStores) -> None:
    lease = await begun(stores)
    await stores.sessions.bind(lease, session("c1"), 600)
    settlement = Settlement(Outcome.ANSWERED, 600, {"input_tokens": 3}, 5, EndReason.AGENT)
    assert not await stores.queue.settle(lease, settlement)
    assert await stores.sessions.current(THREAD) is None
    assert await stores.sessions.counts() == (0, 1)
    (ending,) = await stores.sessions.claim_ends(10, 30)
    assert ending.reason is EndReason.AGENT
    assert ending.session.turns == 1
    assert ending.session.usage == {"input_tokens": 3}


async def test_a_question_given_up_is_kept_with_its_reason(stores: RedisStores) -> None:
    lease = await begun(stores, "q1", "q2")
    await begin(stores, lease)
    assert await stores.queue.dead_letter(lease, "too many attempts", 600)
    assert (await begin(stores, lease)).queued.id == "q2"
    assert not await stores.queue.dead_letter(lease, "", 600)
    newest, oldest = await stores.dead_letters(10)
    assert (oldest.reason, oldest.attempts, oldest.thread) == ("too many attempts", 1, str(THREAD))
    assert queued_from_json(oldest.question) == ask("q1")
    assert newest.reason == "no reason given"
    assert (await stores.counters())["turn.dead"] == 2


async def test_dead_letters_are_bounded(redis_url: str, stores: RedisStores) -> None:
    assert await stores.dead_letters(10) == []
    few = RedisStores(connect(redis_url), limits=StoreLimits(dead_letters=2))
    lease = await begun(few, "q1", "q2", "q3")
    while await few.queue.dead_letter(lease, "why", 600):
        await begin(few, lease)
    assert [queued_from_json(letter.question).id for letter in await few.dead_letters(10)] == ["q3", "q2"]
    await few.aclose()


async def test_a_question_that_cannot_be_read_does_not_block_its_thread(stores: RedisStores, redis: Redis) -> None:
    """D13: it is set aside with its reason, and the next one is served."""
    for name in ("q1", "q2", "q3"):
        await stores.inbox.append(ask(name))
    await redis.hset(stores.keys.bodies(THREAD), "q1", b"\xff not json")
    await redis.hdel(stores.keys.bodies(THREAD), "q2")
    lease = await claim(stores)
    assert (await begin(stores, lease)).queued.id == "q3"
    (letter,) = await stores.dead_letters(10)
    assert "cannot be read" in letter.reason


async def test_an_unreadable_last_question_gives_the_thread_up(stores: RedisStores, redis: Redis) -> None:
    await stores.inbox.append(ask("q1"))
    await redis.hset(stores.keys.bodies(THREAD), "q1", b"[]")
    assert await stores.queue.begin(await claim(stores)) is None
    assert not await redis.exists(stores.keys.due)


async def test_a_released_thread_can_be_taken_at_once(stores: RedisStores) -> None:
    lease = await begun(stores)
    await stores.queue.release(lease)
    again = await claim(stores)
    assert number_of(again) > number_of(lease)
    assert (await begin(stores, again)).record.attempts == 2


async def test_a_thread_released_for_later_waits_its_time(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    await stores.queue.release(await begun(stores), after_s=20)
    await stores.inbox.append(ask("q2"))
    assert await stores.queue.claim() is None
    await let_time_pass(21)
    assert (await begin(stores, await claim(stores))).queued.id == "q1"


async def test_a_thread_without_work_is_not_offered_again(stores: RedisStores) -> None:
    lease = await begun(stores)
    await stores.queue.settle(lease, DONE)
    await stores.inbox.append(ask("q2"))
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(lease, DONE)
    assert await stores.queue.claim() is None


async def test_an_empty_thread_that_was_claimed_is_dropped_on_release(stores: RedisStores, redis: Redis) -> None:
    await redis.zadd(stores.keys.due, {str(THREAD): 0})
    lease = await claim(stores)
    assert await stores.queue.begin(lease) is None
    await stores.queue.release(lease)
    assert not await redis.exists(stores.keys.due)


async def test_the_bell_wakes_whoever_waits(stores: RedisStores) -> None:
    waiting = asyncio.ensure_future(stores.queue.wait_for_work(2))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await stores.inbox.append(ask("q1"))
    async with asyncio.timeout(1.5):
        await waiting


async def test_waiting_ends_when_a_thread_comes_due(stores: RedisStores) -> None:
    lease = await begun(stores)
    assert await stores.queue.claim() is None
    await stores.queue.release(lease, after_s=0.1)
    async with asyncio.timeout(1.5):
        while await stores.queue.claim() is None:
            await stores.queue.wait_for_work(2)


async def test_waiting_ends_after_its_time(stores: RedisStores) -> None:
    async with asyncio.timeout(1.5):
        await asyncio.gather(*(stores.queue.wait_for_work(0.05) for _ in range(5)))


async def test_old_rings_do_not_keep_anybody_awake(stores: RedisStores, redis: Redis) -> None:
    for number in range(100):
        await stores.inbox.append(ask(f"q{number}", ThreadKey("slack", "T1", "C1", str(number))))
    assert await redis.llen(stores.keys.bell) == 64
    while await stores.queue.claim() is not None:
        pass
    assert await redis.llen(stores.keys.bell) == 0


async def test_each_ring_wakes_one_of_those_who_wait(stores: RedisStores) -> None:
    waiting = [asyncio.ensure_future(stores.queue.wait_for_work(2)) for _ in range(3)]
    await asyncio.sleep(0.05)
    lease = await begun(stores)
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=1.5)
    assert await stores.queue.settle(lease, DONE) is False
    await asyncio.gather(*waiting)


async def test_workers_who_race_answer_every_question_once_and_in_order(stores: RedisStores) -> None:
    """D7: several workers and several writers at the same time."""
    threads = [ThreadKey("slack", "T1", "C1", str(number)) for number in range(12)]
    settled: dict[ThreadKey, list[str]] = {thread: [] for thread in threads}
    enough = asyncio.Event()

    async def write(thread: ThreadKey) -> None:
        for number in range(10):
            await stores.inbox.append(ask(f"{thread}/{number}", thread))

    async def work() -> None:
        while not enough.is_set():
            lease = await stores.queue.claim()
            if lease is None:
                await stores.queue.wait_for_work(0.1)
                continue
            more = True
            while more and (entry := await stores.queue.begin(lease)) is not None:
                settled[lease.thread].append(question_in(entry).text)
                more = await stores.queue.settle(lease, DONE)
            if sum(len(done) for done in settled.values()) == 120:
                enough.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(work())
        for thread in threads:
            group.create_task(write(thread))
    assert settled == {thread: [f"{thread}/{number}" for number in range(10)] for thread in threads}


async def test_a_talk_of_several_is_remembered_and_so_is_what_was_sent(stores: RedisStores) -> None:
    lease = await begun(stores, "q1")
    await stores.sessions.bind(lease, session("c1"), 600)
    await stores.queue.record_sending(lease, "c1", 0, "Ada: q1")
    assert (await begin(stores, lease)).record.wording == "Ada: q1"
    assert not await stores.queue.settle(lease, DONE)
    kept = await stores.sessions.current(THREAD)
    assert kept is not None
    assert not kept.several_speak

    await stores.inbox.append(replace(ask("q2", person="U2"), has_files=True))
    lease = await claim(stores)
    assert question_in(await begin(stores, lease)).has_files
    assert not await stores.queue.settle(lease, DONE)
    kept = await stores.sessions.current(THREAD)
    assert kept is not None
    assert kept.several_speak


async def test_a_beginning_that_is_not_to_count_does_not(stores: RedisStores) -> None:
    lease = await begun(stores, "q1")
    await stores.queue.release(lease, counts=False)
    lease = await claim(stores)
    assert (await begin(stores, lease)).record.attempts == 1
    await stores.queue.release(lease)
    assert (await begin(stores, await claim(stores))).record.attempts == 2
