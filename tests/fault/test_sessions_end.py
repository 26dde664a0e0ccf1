"""Every conversation is ended, though workers die and TalkifAI fails."""

import asyncio
import time
from typing import cast

from adapters.talkifai.client import TalkifaiAgent
from bridge.conversation.sessions.reaper import AT_ONCE, CLAIM_S
from bridge.domain.notices import Notice
from bridge.domain.sessions import EndReason, Session
from bridge.domain.threads import ThreadKey
from sandbox.faults import Fault
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.script import Answer
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, talk_on

ANSWER = "Here you are, this is the answer."


async def test_sessions_end_on_time_though_their_worker_was_killed(cluster: Cluster) -> None:
    """B1: idle for three seconds, and another worker by then."""
    cluster.answers["hello"] = Answer.of(ANSWER)
    first = await cluster.start_worker(BRIDGE_IDLE_TIMEOUT="3")
    talks = [talk_on(cluster.stage, name) for name in TALKS for _ in range(2)]
    for talk in talks:
        await talk.ask("hello")
    for talk in talks:
        await talk.until_texts(ANSWER)
        await cluster.until_let_go(talk.thread)
    settled = time.time()
    await first.kill()
    assert cluster.stage.talkifai.book.open_now == len(talks)

    await cluster.start_worker(BRIDGE_IDLE_TIMEOUT="3")
    started = time.time()
    await cluster.stage.talkifai.book.until(lambda: not cluster.stage.talkifai.book.open_now, 30.0)

    for record in cluster.stage.talkifai.book.records:
        assert record.ended_at is not None
        assert record.ended_at - record.last_active_at >= 2.9
        assert record.ended_at - max(settled + 3.0, started) < 3.0
        assert record.end_calls == 1


async def test_an_end_that_fails_is_repeated_until_closed_by_whoever_is_there(cluster: Cluster) -> None:
    """B3: 5xx, 429, a lost answer, a refused connection, and a restart in between."""
    cluster.answers["hello"] = Answer.of(ANSWER)
    first = await cluster.start_worker()
    talks = [talk_on(cluster.stage, "slack") for _ in range(4)]
    for talk in talks:
        await talk.ask("hello")
    for talk in talks:
        await talk.until_texts(ANSWER)
        await cluster.until_let_go(talk.thread)
    faults = cluster.stage.talkifai.faults
    broken, limited, lost, refused = (talk.records[0] for talk in talks)
    faults.arm(Fault("end", where={"conversation": broken.id}, status=503, times=2))
    faults.arm(Fault("end", where={"conversation": limited.id}, status=429, retry_after_s=1, times=2))
    faults.arm(Fault("end", where={"conversation": lost.id}, lose_answer=True, times=2))
    faults.arm(Fault("end", where={"conversation": refused.id}, refuse=True, times=2))
    await cluster.let_time_pass(601.0)
    book = cluster.stage.talkifai.book
    await book.until(lambda: all(book.end_requests.get(record.id) for record in (broken, limited, lost, refused)), 30.0)
    await first.kill()

    await cluster.start_worker()
    await cluster.end_all()

    assert book.open_now == 0
    assert all(record.ended_at is not None for record in book.records)
    lines = await cluster.stores.ledger(10)
    assert sorted(line["conversation"] for line in lines) == sorted(record.id for record in book.records)


async def test_an_end_that_takes_forty_seconds_or_is_refused_once_closes_once(cluster: Cluster) -> None:
    """R13: billing, memory and a webhook run inside that call; and one 401 is not yet the end of it."""
    cluster.answers["hello"] = Answer.of(ANSWER)
    await cluster.start_worker()
    slow, refused = (talk_on(cluster.stage, name) for name in TALKS)
    for talk in (slow, refused):
        await talk.ask("hello")
        await talk.until_texts(ANSWER)
        await cluster.until_let_go(talk.thread)
    faults, book = cluster.stage.talkifai.faults, cluster.stage.talkifai.book
    faults.arm(Fault("end", where={"conversation": slow.records[0].id}, delay_s=40.0))
    faults.arm(Fault("end", where={"conversation": refused.records[0].id}, status=401))
    began = time.monotonic()
    await cluster.let_time_pass(601.0)
    await book.until(lambda: book.open_now == 0, 60.0)

    assert time.monotonic() - began > 39.0
    assert book.end_requests == {slow.records[0].id: 1, refused.records[0].id: 2}


async def test_a_conversation_goes_on_though_a_firewall_refuses_a_question(cluster: Cluster) -> None:
    """R13: a 403 that TalkifAI did not write says nothing of the conversation."""
    cluster.answers["hello"] = Answer.of(ANSWER)
    cluster.answers["once"] = cluster.answers["after"] = Answer.of("It goes on.")
    await cluster.start_worker()
    talk = talk_on(cluster.stage, "telegram")
    await talk.ask("hello")
    await talk.until_texts(ANSWER)
    page = "<html><h1>Request blocked</h1></html>"
    cluster.stage.talkifai.faults.arm(Fault("ask", where={"message": "once"}, status=403, page=page))
    cluster.stage.talkifai.faults.arm(Fault("ask", where={"message": "never"}, status=403, page=page, times=-1))
    for question, text in (("once", "It goes on."), ("never", english(Notice.UNAVAILABLE)), ("after", "It goes on.")):
        expected = [*talk.texts, text]
        await talk.ask(question)
        await talk.until_texts(*expected)

    (record,) = talk.records
    assert record.posted == ["hello", "once", "after"]


async def test_ends_go_on_while_openings_have_to_wait_for_half_an_hour(cluster: Cluster) -> None:
    """R14: TalkifAI answers 429 with a long Retry-After to an opening."""
    cluster.answers["hello"] = Answer.of(ANSWER)
    await cluster.start_worker()
    talk, late = (talk_on(cluster.stage, "telegram") for _ in range(2))
    await talk.ask("hello")
    await talk.until_texts(ANSWER)
    await cluster.until_let_go(talk.thread)
    cluster.stage.talkifai.faults.arm(Fault("open", status=429, retry_after_s=1800))
    await late.ask("hello")
    await late.until_texts(english(Notice.UNAVAILABLE))
    await cluster.let_time_pass(601.0)
    await cluster.redis.hincrby(cluster.stores.keys.quota, "end_at", -60_000)

    await cluster.stage.talkifai.book.until(lambda: cluster.stage.talkifai.book.open_now == 0, 75.0)


async def test_a_thousand_due_sessions_are_each_ended_once_by_three_workers(cluster: Cluster) -> None:
    """B2: three workers reap, one of them is killed; one effective end and one line in the ledger each."""
    count = 1000
    agent = TalkifaiAgent(base_url=cluster.stage.talkifai.base_url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY)
    async with agent:
        for begin_at in range(0, count, 50):
            await asyncio.gather(*(_bind(cluster, agent, number) for number in range(begin_at, begin_at + 50)))
    book = cluster.stage.talkifai.book
    # They are due as soon as they are queued.
    workers = await asyncio.gather(*(cluster.start_worker() for _ in range(3)))

    await book.until(lambda: book.ended >= 200, 30.0)
    await workers[0].kill()
    await _until_only_the_dead_holds_ends(cluster, time.time())
    await cluster.let_time_pass(CLAIM_S)
    await book.until(lambda: book.ended == count, 60.0)
    await cluster.until_none_is_open()

    assert (book.opened, book.ended, book.open_now) == (count, count, 0)
    # What the killed one had in hand is ended once more by another: TalkifAI then says that it is closed.
    assert sum(book.end_requests.values()) <= count + AT_ONCE
    lines = await cluster.stores.ledger(2 * count)
    assert len({line["conversation"] for line in lines}) == len(lines) == count


async def _until_only_the_dead_holds_ends(cluster: Cluster, died_at: float) -> None:
    """Wait until all that is left was claimed before a worker died, and no other ends it any more.

    Only then may time pass: it would take away from the living ones too what they have in hand.
    """
    ends = cluster.stores.keys.ends
    before: list[tuple[bytes, float]] = []
    async with asyncio.timeout(60.0):
        while True:
            left = cast("list[tuple[bytes, float]]", await cluster.redis.zrange(ends, 0, -1, withscores=True))
            is_claimed_before = all(time.time() < due / 1000 <= died_at + CLAIM_S for _, due in left)
            if is_claimed_before and left == before:
                return
            before = left
            await asyncio.sleep(1.0)


async def _bind(cluster: Cluster, agent: TalkifaiAgent, number: int) -> None:
    thread = ThreadKey("slack", "T0", f"C{number}")
    opened = await agent.open(f"person{number}@example.com", {})
    session = Session(thread, opened.conversation, opened.agent_name, "U1", "u", 1.0)
    await cluster.stores.sessions.queue_end(session, EndReason.IDLE)
