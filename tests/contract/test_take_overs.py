"""What the store does while a person has a thread."""

import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores, StoreLimits
from bridge.domain.incoming import Command, CommandName, Edit, IntakeResult, Question, Remark, Withdrawal
from bridge.domain.limits.retention import PersonKey
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Person, ThreadKey
from bridge.domain.turns import Lease, Outcome, Settlement
from tests.contract.store_steps import DONE, LetTimePass, ask, begin, begun, bound, claim

THREAD = ThreadKey("slack", "T1", "C1", "17.5")


def take(name: str = "h1", *, person: str = "U1", owner_only: bool = False, thread: ThreadKey = THREAD) -> Command:
    origin = replace(ask(name, thread).origin, person=Person(person, "Eve"))
    return Command(origin, CommandName.HUMAN, owner_only=owner_only)


def give_back(name: str = "a1", *, person: str = "U1", owner_only: bool = False) -> Command:
    return replace(take(name, person=person, owner_only=owner_only), name=CommandName.AGENT)


def says(name: str, text: str, person: str = "U2") -> Remark:
    return Remark(replace(ask(name, THREAD, addressed=False).origin, person=Person(person, "Bob")), text)


async def _texts(stores: RedisStores) -> list[str]:
    return [exchange.question for exchange in await stores.exchanges.of_thread(THREAD)]


async def test_a_thread_that_is_taken_over_ends_its_session_and_keeps_what_is_said(stores: RedisStores) -> None:
    """M7: in one step, once."""
    await bound(stores, "c1", THREAD)
    assert await stores.inbox.append(take()) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(take()) is IntakeResult.DUPLICATE
    assert await stores.inbox.append(take("h2")) is IntakeResult.ALREADY

    assert await stores.sessions.current(THREAD) is None
    (ending,) = await stores.sessions.claim_ends(9, 9)
    assert (ending.session.conversation.id, ending.reason) == ("c1", EndReason.HUMAN)
    assert await stores.inbox.append(ask("q1", THREAD)) is IntakeResult.OVERHEARD
    assert await stores.inbox.overhear(says("r1", "Bob, you?")) is IntakeResult.OVERHEARD
    assert await stores.inbox.overhear(says("r1", "Bob, you?")) is IntakeResult.DUPLICATE
    assert len(await _texts(stores)) == 2
    taken = await stores.take_overs.of_thread(THREAD)
    assert taken is not None
    assert (taken.person, taken.by_agent) == (Person("U1", "Eve"), False)
    assert await stores.take_overs.all_threads() == [taken]

    lease = await claim(stores)
    assert (await begin(stores, lease)).queued.id == "h1"
    assert not await stores.queue.settle(lease, Settlement(Outcome.COMMAND_DONE, idle_timeout_s=600))


async def test_a_thread_that_is_given_back_asks_again_and_knows_what_was_said(stores: RedisStores) -> None:
    """M7: what was said meanwhile stays with the thread."""
    assert await stores.inbox.append(give_back("a0")) is IntakeResult.ALREADY
    await stores.inbox.append(take())
    await stores.inbox.overhear(says("r1", "Bob, you?"))
    assert await stores.inbox.append(give_back()) is IntakeResult.ACCEPTED
    assert await stores.take_overs.all_threads() == []
    assert await stores.inbox.append(ask("q1", THREAD)) is IntakeResult.QUEUED
    assert await stores.inbox.overhear(says("r2", "Bye.")) is IntakeResult.NOT_ADDRESSED
    assert await _texts(stores) == ["Bob, you?"]
    await stores.exchanges.drop(THREAD, time.time())
    assert await _texts(stores) == []


async def test_a_running_answer_is_stopped_and_what_waits_is_kept(stores: RedisStores) -> None:
    """M7: the session ends as the stopped turn is settled, also where it is opened meanwhile."""
    await bound(stores, "c1", THREAD)
    lease = await begun(stores, "q1", "q2", "q3", thread=THREAD)
    assert await stores.inbox.append(take()) is IntakeResult.ACCEPTED
    assert (await stores.queue.renew([lease])).stopped == ["q1"]
    assert await stores.sessions.current(THREAD) is not None
    assert await stores.queue.settle(lease, Settlement(Outcome.STOPPED, idle_timeout_s=600))
    assert await stores.sessions.current(THREAD) is None
    (ending,) = await stores.sessions.claim_ends(9, 9)
    assert ending.reason is EndReason.HUMAN
    assert (await begin(stores, lease)).queued.id == "h1"
    # The first was stopped before any of its answer was seen.
    assert sorted(await _texts(stores)) == sorted(["q1", "q2", "q3"])


async def test_the_agent_asks_for_a_person_as_its_answer_is_settled(stores: RedisStores) -> None:
    """M7: the thread is taken over, and the session ends, in the same step."""
    await bound(stores, "c1", THREAD)
    lease = await begun(stores, "q1", "q2", thread=THREAD)
    settlement = Settlement(Outcome.ANSWERED, idle_timeout_s=600, end_reason=EndReason.HUMAN)
    assert not await stores.queue.settle(lease, settlement)
    taken = await stores.take_overs.of_thread(THREAD)
    assert taken is not None
    assert taken.by_agent
    assert await stores.sessions.current(THREAD) is None
    assert await _texts(stores) == ["q2"]


async def test_who_began_the_conversation_may_give_back_what_the_agent_gave_away(stores: RedisStores) -> None:
    """M7: as may the one who had asked; nobody else, where the setting says so."""
    await bound(stores, "c1", THREAD)
    lease = await _begun_of(stores, ask("q1", THREAD, person="U2"))
    await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, idle_timeout_s=600, end_reason=EndReason.HUMAN))
    assert await stores.inbox.append(give_back("a1", person="U3", owner_only=True)) is IntakeResult.NOT_YOURS
    assert await stores.inbox.append(give_back("a2", person="U1", owner_only=True)) is IntakeResult.ACCEPTED


async def test_only_who_may_stop_takes_a_thread_over_and_gives_it_back(stores: RedisStores) -> None:
    """M7: where the setting says so; where no conversation is open, everybody may."""
    await bound(stores, "c1", THREAD)
    opener = "U1"
    assert await stores.inbox.append(take("h1", person="U9", owner_only=True)) is IntakeResult.NOT_YOURS
    assert await stores.sessions.current(THREAD) is not None
    assert await stores.inbox.append(take("h2", person="U9")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(give_back("a1", person="U8", owner_only=True)) is IntakeResult.NOT_YOURS
    assert await stores.inbox.append(give_back("a2", person=opener, owner_only=True)) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(take("h3", person="U8")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(give_back("a3", person="U8", owner_only=True)) is IntakeResult.ACCEPTED


async def test_a_silent_thread_goes_back_after_its_time_once(stores: RedisStores, let_time_pass: LetTimePass) -> None:
    """M7: each message moves the time ahead; the notice queues like a command."""
    await stores.inbox.append(take())
    assert not await stores.queue.settle(await _at_head(stores), DONE)
    await let_time_pass(20 * 3600)
    await stores.inbox.overhear(says("r1", "Bob, you?"))
    await let_time_pass(20 * 3600)
    assert await stores.take_overs.overdue(9) == []
    await let_time_pass(5 * 3600)
    (overdue,) = await stores.take_overs.overdue(9)
    assert await stores.inbox.append(overdue.hand_back()) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(overdue.hand_back()) is IntakeResult.DUPLICATE
    assert await stores.take_overs.of_thread(THREAD) is None
    assert await stores.take_overs.overdue(9) == []


async def test_all_threads_that_people_have_are_read_at_once(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M7: `agent` as a slash command looks at all of them."""
    for number in range(20):
        await stores.inbox.append(take(f"h{number}", thread=replace(THREAD, thread=f"{number}.5")))
    run, exchanges = stores.commands.run, 0

    async def counted(command: Coroutine[Any, Any, Any]) -> Any:
        nonlocal exchanges
        exchanges += 1
        return await run(command)

    monkeypatch.setattr(stores.commands, "run", counted)
    assert len(await stores.take_overs.all_threads()) == 20
    assert exchanges == 2


async def test_an_overdue_thread_whose_inbox_is_full_goes_back_later(redis: Redis, let_time_pass: LetTimePass) -> None:
    """M7: the hand-back has one name, and is refused as long as there is no room."""
    stores = RedisStores(redis, limits=StoreLimits(inbox_length=1))
    await stores.inbox.append(take())
    await let_time_pass(25 * 3600)
    (overdue,) = await stores.take_overs.overdue(9)
    assert await stores.inbox.append(overdue.hand_back()) is IntakeResult.FULL
    assert not await stores.queue.settle(await _at_head(stores), DONE)
    assert await stores.inbox.append(overdue.hand_back()) is IntakeResult.ACCEPTED
    assert await stores.take_overs.of_thread(THREAD) is None


async def test_the_agent_is_silent_about_what_it_could_not_read(stores: RedisStores) -> None:
    """M7: pictures and long texts among people get no notice."""
    await stores.inbox.append(take())
    picture = replace(ask("q1", THREAD), text="", has_files=True)
    assert await stores.inbox.append(picture) is IntakeResult.OVERHEARD
    assert await stores.inbox.append(ask("q2", THREAD, text="x" * 10_001)) is IntakeResult.OVERHEARD
    assert await stores.inbox.note_wordless(THREAD) is IntakeResult.OVERHEARD
    assert [text[:1] for text in await _texts(stores)] == ["x"]
    await stores.inbox.append(give_back())
    assert await stores.inbox.note_wordless(THREAD) is IntakeResult.WORDLESS


async def test_who_is_forgotten_takes_no_other_persons_name_along(stores: RedisStores) -> None:
    """M7: the one who began the conversation, where another one has taken the thread."""
    await bound(stores, "c1", THREAD)
    await stores.inbox.append(take("h1", person="U9"))
    await stores.retention.forget(PersonKey("slack", "", "U1"))
    taken = await stores.take_overs.of_thread(THREAD)
    assert taken is not None
    assert taken.person == Person("U9", "Eve")
    await stores.retention.forget(PersonKey("slack", "", "U9"))
    taken = await stores.take_overs.of_thread(THREAD)
    assert taken is not None
    assert taken.person == Person("", "")


async def test_a_thread_stays_taken_when_redis_forgets(stores: RedisStores, redis: Redis) -> None:
    """R3, M7: taken through this worker, through another one, or by the agent; not one that was given back."""
    other = RedisStores(redis)
    names = ("18.5", "19.5", "20.5", "21.5")
    elsewhere, asked, asked_here, returned = (replace(THREAD, thread=name) for name in names)
    for one in (stores, other):
        await one.sessions.tick(0.0)
    for name, one, thread in (("q1", other, asked), ("q2", stores, asked_here)):
        lease = await begun(one, name, thread=thread)
        settlement = Settlement(Outcome.ANSWERED, idle_timeout_s=600, end_reason=EndReason.HUMAN)
        await one.queue.settle(lease, settlement)
    await other.inbox.append(take("h1", thread=elsewhere))
    await stores.inbox.append(take("h2", thread=returned))
    await stores.take_overs.overdue(9)  # looks at what other workers did
    await stores.inbox.append(replace(give_back("a1"), origin=ask("a1", returned).origin))
    await stores.inbox.append(take("h3"))
    before = {taken.thread: taken for taken in await stores.take_overs.all_threads()}
    assert set(before) == {THREAD, elsewhere, asked, asked_here}

    await redis.flushall()
    assert await stores.take_overs.overdue(9) == []  # says nothing: the server has forgotten
    await stores.sessions.tick(10.0)
    assert {taken.thread: taken for taken in await stores.take_overs.all_threads()} == before
    assert await stores.inbox.append(replace(ask("q2", THREAD), origin=says("q2", "").origin)) is IntakeResult.OVERHEARD
    assert await stores.inbox.append(give_back("a2")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(ask("q3", THREAD)) is IntakeResult.ACCEPTED


async def test_what_is_kept_is_bounded_and_can_be_changed_and_dropped(redis: Redis) -> None:
    """M7: the newest; an edited remark counts in its new words, a deleted one not at all."""
    stores = RedisStores(redis, limits=StoreLimits(remarks=3, remark_bytes=2000))
    await stores.inbox.append(take())
    for number in range(5):
        await stores.inbox.overhear(says(f"r{number}", f"word {number}"))
    assert await _texts(stores) == ["word 2", "word 3", "word 4"]
    assert await stores.inbox.amend(Edit(says("r3", "").origin, "word three")) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Withdrawal(says("r2", "").origin)) is IntakeResult.AMENDED
    assert await _texts(stores) == ["word three", "word 4"]
    await stores.inbox.overhear(says("r9", "x" * 1400))
    assert [text[:6] for text in await _texts(stores)] == ["xxxxxx"]


async def test_a_group_that_moves_takes_along_who_has_it_and_what_was_said(stores: RedisStores, redis: Redis) -> None:
    """M7, S15: with the address of its new place."""
    old = ThreadKey("telegram", "100", "-5", "17")
    new = replace(old, place="-1005")
    await stores.inbox.append(take(thread=old))
    assert not await stores.queue.settle(await _at_head(stores), DONE)
    await stores.inbox.overhear(Remark(ask("r1", old, addressed=False).origin, "Bob, you?"))
    assert await stores.places.move("telegram", "100", "-5", "-1005") == 1
    (taken,) = await stores.take_overs.all_threads()
    assert (taken.thread, taken.address.place) == (new, "-1005")
    assert [exchange.question for exchange in await stores.exchanges.of_thread(new)] == ["Bob, you?"]
    assert [key for key in await redis.keys("*") if str(old).encode() in key] == []
    await stores.places.leave("telegram", "100", "-1005")
    assert await stores.take_overs.all_threads() == []
    assert await stores.exchanges.of_thread(new) == []


async def _begun_of(stores: RedisStores, asked: Question) -> Lease:
    assert await stores.inbox.append(asked) is IntakeResult.ACCEPTED
    return await _at_head(stores)


async def _at_head(stores: RedisStores) -> Lease:
    lease = await claim(stores)
    await begin(stores, lease)
    return lease
