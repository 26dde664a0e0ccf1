"""What the session store promises, on a real server."""

import asyncio

from redis.asyncio import Redis

from adapters.redis_store import RedisStores, connect
from bridge import __version__
from bridge.domain.sessions import Conversation, EndReason, Opening
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, Lease, Outcome, Settlement
from tests.contract.store_steps import OTHER, THREAD, LetTimePass, ask, begin, begun, bound, claim, session


async def test_a_bound_session_is_current(stores: RedisStores) -> None:
    assert await stores.sessions.current(THREAD) is None
    await bound(stores, "c1", THREAD)
    now = await stores.sessions.current(THREAD)
    assert now is not None
    assert now.conversation == Conversation("c1", "jwt-c1")
    assert (now.thread, now.agent_name, now.user_identifier, now.opened_at) == (THREAD, "Ada", "u@example.com", 5.5)
    assert await stores.sessions.counts() == (1, 0)


async def test_a_token_goes_along_into_the_queue_of_ends_and_out_of_it(stores: RedisStores, redis: Redis) -> None:
    """R13: no key of its own that a full server could evict; nothing of it is left when the end is confirmed."""
    await bound(stores, "c1", THREAD)
    for key in await redis.keys():
        if await redis.pttl(key) >= 0:
            await redis.delete(key)
    await stores.sessions.begin_end(THREAD, "c1", EndReason.COMMAND)
    (ending,) = await stores.sessions.claim_ends(10, 30)
    assert ending.session.conversation == Conversation("c1", "jwt-c1")
    await stores.sessions.confirm_end(ending)
    assert not [key for key in await redis.keys() if b"jwt-c1" in (await redis.dump(key) or b"")]


async def test_binding_anew_begins_the_end_of_the_old_conversation(stores: RedisStores) -> None:
    await bound(stores, "c1", THREAD)
    await bound(stores, "c2", THREAD)
    now = await stores.sessions.current(THREAD)
    assert now is not None
    assert now.conversation.id == "c2"
    (ending,) = await stores.sessions.claim_ends(10, 30)
    assert ending.session.conversation == Conversation("c1", "jwt-c1")
    assert ending.reason is EndReason.REPLACED
    assert ending.session.thread == THREAD


async def test_binding_twice_is_binding_once(stores: RedisStores) -> None:
    lease = await begun(stores)
    await stores.sessions.bind(lease, session("c1"), 600)
    await stores.sessions.bind(lease, session("c1"), 600)
    assert await stores.sessions.counts() == (1, 0)


async def test_only_the_named_conversation_is_ended(stores: RedisStores) -> None:
    await bound(stores, "c2", THREAD)
    assert not await stores.sessions.begin_end(THREAD, "c1", EndReason.COMMAND)
    assert not await stores.sessions.begin_end(OTHER, "c2", EndReason.COMMAND)
    assert await stores.sessions.begin_end(THREAD, "c2", EndReason.COMMAND)
    assert not await stores.sessions.begin_end(THREAD, "c2", EndReason.COMMAND)
    assert await stores.sessions.counts() == (0, 1)


async def test_a_conversation_that_never_was_bound_is_ended_too(stores: RedisStores) -> None:
    await stores.sessions.queue_end(session("c1"), EndReason.UNRECORDED)
    await stores.sessions.queue_end(session("c1"), EndReason.UNRECORDED)
    (ending,) = await stores.sessions.claim_ends(10, 30)
    assert ending.session == session("c1")
    assert ending.reason is EndReason.UNRECORDED


async def test_a_binding_whose_answer_was_lost_is_taken_back(stores: RedisStores) -> None:
    await bound(stores, "c1", THREAD)
    await stores.sessions.queue_end(session("c1"), EndReason.UNRECORDED)
    assert await stores.sessions.current(THREAD) is None
    assert await stores.sessions.counts() == (0, 1)


async def test_an_idle_session_begins_to_end(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    """B1: by the server's clock, whichever worker runs then."""
    await bound(stores, "c1", THREAD, idle_timeout_s=600)
    await bound(stores, "c2", OTHER, idle_timeout_s=900)
    await let_time_pass(580)
    assert await stores.sessions.unbind_idle(10) == 0
    await let_time_pass(21)
    assert await stores.sessions.unbind_idle(10) == 1
    assert await stores.sessions.unbind_idle(10) == 0
    assert await stores.sessions.counts() == (1, 1)
    (ending,) = await stores.sessions.claim_ends(10, 30)
    assert ending.reason is EndReason.IDLE
    assert ending.session.conversation.id == "c1"


async def test_a_leased_thread_never_is_idle(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    """B6: a long answer outlives the idle deadline."""
    await bound(stores, "c1", THREAD, idle_timeout_s=5)
    lease = await begun(stores, "q2")
    await let_time_pass(20)
    assert await stores.sessions.unbind_idle(10) == 0
    await stores.queue.renew([lease])
    await let_time_pass(29)
    assert await stores.sessions.unbind_idle(10) == 0
    assert await stores.sessions.current(THREAD) is not None
    await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, 5))
    await let_time_pass(6)
    assert await stores.sessions.unbind_idle(10) == 1


async def test_an_answer_that_cannot_be_shown_keeps_no_conversation_open(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """B1: the bot's token is refused, so the turn is put off again and again; the meter must not run for that."""
    await bound(stores, "c1", THREAD, idle_timeout_s=5)
    lease = await begun(stores, "q1", "q2")
    await stores.queue.record_sending(lease, "c1", 0)
    await stores.queue.release(lease, 60.0)
    await let_time_pass(6)
    assert await stores.sessions.unbind_idle(10) == 0  # the answer is still to be had
    await let_time_pass(60)
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.record_answer(lease, "whole", AnswerResult(Outcome.ANSWERED))
    assert await stores.sessions.unbind_idle(10) == 0
    await let_time_pass(29)
    await stores.queue.release(lease, 60.0)
    await let_time_pass(2)
    assert await stores.sessions.unbind_idle(10) == 1


async def test_a_thread_with_a_question_waiting_is_not_idle(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    """B4: the question comes first, and finds its conversation open."""
    await bound(stores, "c1", THREAD, idle_timeout_s=5)
    await let_time_pass(6)
    await stores.inbox.append(ask("q2"))
    assert await stores.sessions.unbind_idle(10) == 0
    await let_time_pass(29)
    assert await stores.sessions.unbind_idle(10) == 0
    await begin(stores, await claim(stores))
    assert await stores.sessions.current(THREAD) is not None


async def test_a_question_that_no_worker_takes_keeps_no_conversation_open(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """R20: as after a bot was taken out of the settings; five minutes after its time the session ends."""
    await bound(stores, "c1", THREAD, idle_timeout_s=5)
    await stores.inbox.append(ask("q2"))
    await let_time_pass(6)
    passed_s = 0
    while not await stores.sessions.unbind_idle(10):
        await let_time_pass(31)
        passed_s += 31
        await stores.queue.release(await claim(stores), 10.0)  # a worker looks, and does not serve it
    assert 270 <= passed_s <= 350
    assert (await begin(stores, await _after(stores, let_time_pass, 11))).queued.id == "q2"


async def test_a_thread_that_is_served_again_has_its_whole_time_again(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """R20: what was waited for before does not count."""
    await bound(stores, "c1", THREAD, idle_timeout_s=5)
    for name in ("q2", "q3"):
        await stores.inbox.append(ask(name))
        for _ in range(8):
            await let_time_pass(31)
            assert await stores.sessions.unbind_idle(10) == 0
        lease = await claim(stores)
        await begin(stores, lease)
        await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, 5))
    assert await stores.sessions.current(THREAD) is not None


async def _after(stores: RedisStores, let_time_pass: LetTimePass, seconds: float) -> Lease:
    await let_time_pass(seconds)
    return await claim(stores)


async def test_an_opening_that_came_to_no_end_is_counted_once_and_stands_in_the_ledger(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """R11: with what TalkifAI's support needs to find the conversation."""
    opening = Opening("o1", THREAD, "U1", "u@example.com", "agent-2", 5.5)
    await stores.sessions.note_opening(opening)
    await let_time_pass(55)
    assert await stores.sessions.take_lost_openings() == []
    await let_time_pass(6)
    assert await stores.sessions.take_lost_openings() == [opening]
    assert await stores.sessions.take_lost_openings() == []
    assert await stores.sessions.possible_orphans() == 1
    (line,) = await stores.ledger(10)
    assert (line["reason"], line["opening"], line["person"], line["opened"]) == ("lost", "o1", "U1", 5.5)
    assert (line["channel"], line["place"], line["agent"]) == ("slack", "C:1", "agent-2")


async def test_an_opening_that_is_recorded_or_given_up_is_not_lost(
    stores: RedisStores, redis: Redis, let_time_pass: LetTimePass
) -> None:
    """R11: the record of the session takes the place of the opening in one step."""
    for name in ("o1", "o2"):
        await stores.sessions.note_opening(Opening(name, THREAD, "U1", "", "", 5.5))
    lease = await begun(stores)
    await stores.sessions.bind(lease, session("c1"), 600, "o1")
    await stores.sessions.forget_opening("o2")
    await let_time_pass(61)
    assert await stores.sessions.take_lost_openings() == []
    assert await stores.sessions.possible_orphans() == 0
    assert not await redis.exists(stores.keys.openings, stores.keys.opening_due)


async def test_ending_takes_as_many_as_it_may(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    for number in range(5):
        await bound(stores, f"c{number}", ThreadKey("slack", "T1", "C1", str(number)), idle_timeout_s=number + 1)
    await let_time_pass(10)
    assert await stores.sessions.unbind_idle(3) == 3
    assert await stores.sessions.counts() == (2, 3)
    assert [ending.session.conversation.id for ending in await stores.sessions.claim_ends(2, 30)] == ["c0", "c1"]
    assert len(await stores.sessions.claim_ends(10, 30)) == 1


async def test_an_end_that_was_not_confirmed_comes_due_again(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    """B3: repeated until it is closed, with the token it needs."""
    await bound(stores, "c1", THREAD)
    await stores.sessions.begin_end(THREAD, "c1", EndReason.COMMAND)
    (first,) = await stores.sessions.claim_ends(10, 30)
    assert await stores.sessions.claim_ends(10, 30) == []
    await let_time_pass(31)
    (second,) = await stores.sessions.claim_ends(10, 30)
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.since == first.since
    await stores.sessions.postpone_end(second, 300)
    await let_time_pass(280)
    assert await stores.sessions.claim_ends(10, 30) == []
    await let_time_pass(21)
    (third,) = await stores.sessions.claim_ends(10, 30)
    assert third.session.conversation == Conversation("c1", "jwt-c1")


async def test_a_confirmed_end_is_one_line_in_the_ledger(stores: RedisStores, redis: Redis) -> None:
    lease = await begun(stores)
    await stores.sessions.bind(lease, session("c1"), 600)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, 600, {"output_tokens": 9}, 2, EndReason.COMMAND))
    (ending,) = await stores.sessions.claim_ends(10, 30)
    await stores.sessions.confirm_end(ending)
    await stores.sessions.confirm_end(ending)
    await stores.sessions.postpone_end(ending, 1)
    (line,) = await stores.ledger(10)
    assert line["ended"] > 1_000_000_000
    assert {name: value for name, value in line.items() if name != "ended"} == {
        "channel": "slack",
        "account": "T1",
        "place": "C:1",
        "thread": "17.5",
        "person": "U1",
        "agent": "Ada",
        "conversation": "c1",
        "opened": 5.5,
        "reason": "command",
        "turns": 1,
        "usage": {"output_tokens": 9},
        "retries": 0,
        "end_attempts": 1,
        "version": __version__,
    }
    assert await stores.sessions.counts() == (0, 0)
    for gone in (stores.keys.endings, stores.keys.end_attempts, stores.keys.ends):
        assert not await redis.exists(gone)


async def test_a_thousand_ends_are_shared_out_without_a_double(
    stores: RedisStores, redis_url: str, let_time_pass: LetTimePass
) -> None:
    """B2: four reapers, 1,000 sessions that fell idle; none is lost on the way and none is claimed twice."""
    wanted = {f"c{number}" for number in range(1000)}

    async def open_some(first: int) -> None:
        for number in range(first, first + 100):
            thread = ThreadKey("slack", "T1", "C1", str(number))
            await stores.inbox.append(ask(f"q{number}", thread))
            lease = await claim(stores)
            await begin(stores, lease)
            # The lease may be of a thread that another writer just filled: its number names the conversation.
            await stores.sessions.bind(lease, session(f"c{lease.thread.thread}", lease.thread), 1)
            await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, 1))

    await asyncio.gather(*(open_some(first) for first in range(0, 1000, 100)))
    await let_time_pass(2)
    ended: list[str] = []
    unbound = 0

    async def reap() -> None:
        nonlocal unbound
        own = RedisStores(connect(redis_url))
        while len(ended) < 1000:
            begun_here = await own.sessions.unbind_idle(50)
            unbound += begun_here
            for ending in await own.sessions.claim_ends(50, 30):
                ended.append(ending.session.conversation.id)
                await own.sessions.confirm_end(ending)
        await own.aclose()

    async with asyncio.timeout(60):
        await asyncio.gather(*(reap() for _ in range(4)))
    assert unbound == 1000
    assert len(ended) == 1000
    assert set(ended) == wanted
    assert len(await stores.ledger(2000)) == 1000
    assert await stores.sessions.counts() == (0, 0)


async def test_between_unbinding_and_claiming_no_session_is_lost(
    stores: RedisStores, let_time_pass: LetTimePass
) -> None:
    """B1: a reaper killed at any point between the two leaves the end for the next one."""
    await bound(stores, "c1", THREAD, idle_timeout_s=1)
    await let_time_pass(2)
    assert await stores.sessions.unbind_idle(10) == 1
    assert await stores.sessions.counts() == (0, 1)
    assert len(await stores.sessions.claim_ends(10, 30)) == 1
    assert await stores.sessions.counts() == (0, 1)
    await let_time_pass(31)
    assert len(await stores.sessions.claim_ends(10, 30)) == 1
