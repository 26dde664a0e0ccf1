"""The answer to a command is lost once, and the client library sends it again: what comes of it is the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from adapters.redis_store import RedisStores, StoreLimits, connect
from bridge.domain.incoming import CommandName, Edit, IntakeResult, Remark, Withdrawal
from bridge.domain.limits.allowances import Allowances, Asking, Level, Limit, Taken
from bridge.domain.limits.rate_limits import Budget, CallDecision, CallRequest, Headroom, Priority
from bridge.domain.sessions import EndReason, Opening
from bridge.domain.turns import Outcome, Settlement, token_of
from tests.contract.store_steps import DONE, THREAD, ask, begun, bound, command, rating, session, stop
from tests.fault.proxy import Proxy

Act = Callable[[], Awaitable[Any]]
Lose = Callable[[], None]
_BUDGETS = Allowances(person_messages=5, person_tokens=100)
_ASKING = Asking(THREAD, "U1", "q1")


@pytest.fixture
async def network(redis_url: str) -> AsyncIterator[Proxy]:
    async with Proxy.to(redis_url) as proxy:
        yield proxy


@pytest.fixture
async def flaky(stores: RedisStores, network: Proxy) -> AsyncIterator[RedisStores]:
    """Stores on one connection, whose next answer a test can lose."""
    del stores
    reached = RedisStores(
        connect(f"redis://127.0.0.1:{network.port}/0", max_connections=1),
        limits=StoreLimits(opening_s=0.001),
        requests_per_minute=3,
    )
    await reached.open()
    yield reached
    await reached.aclose()


async def _append(it: RedisStores, lose: Lose) -> Any:
    lose()
    return await it.inbox.append(ask("q1"))


async def _append_to_a_full_inbox(it: RedisStores, lose: Lose) -> Any:
    for number in range(StoreLimits().inbox_length):
        await it.inbox.append(ask(f"q{number}"))
    lose()
    return await it.inbox.append(ask("one too many"))


async def _stop(it: RedisStores, lose: Lose) -> Any:
    await begun(it)
    lose()
    return await it.inbox.stop(stop("s1"))


async def _rate(it: RedisStores, lose: Lose) -> Any:
    lease = await begun(it)
    await it.sessions.bind(lease, session("c1"), 600)
    await it.queue.settle(lease, Settlement(Outcome.ANSWERED, 600, may_be_rated=True))
    lose()
    return await it.inbox.rate(rating("r1", token_of("q1")))


async def _edit(it: RedisStores, lose: Lose) -> Any:
    await begun(it)
    changed = Edit(ask("q1").origin, "other words")
    found = await it.inbox.amend(replace(changed, text="q1"))
    assert found is IntakeResult.NOT_ADDRESSED
    return await _losing_the_last(it, lose, changed)


async def _losing_the_last(it: RedisStores, lose: Lose, changed: Edit) -> Any:
    """Three reads come before the step itself."""
    run, count = it.commands.script, 0

    async def script(name: str, *args: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        lose()
        return await run(name, *args, **more)

    vars(it.commands)["script"] = script
    try:
        return await it.inbox.amend(changed)
    finally:
        del vars(it.commands)["script"]
        assert count == 1


async def _withdraw(it: RedisStores, lose: Lose) -> Any:
    await it.inbox.append(ask("q1"))
    lose()
    return await it.inbox.amend(Withdrawal(ask("q1").origin))


async def _take_over(it: RedisStores, lose: Lose) -> Any:
    """The thread is taken once, and its session ends once."""
    await bound(it, "c1", THREAD)
    lose()
    taken = await it.inbox.append(command("h1", CommandName.HUMAN))
    assert [one.person.id for one in await it.take_overs.all_threads()] == ["U1"]
    assert [ending.session.conversation.id for ending in await it.sessions.claim_ends(9, 9)] == ["c1"]
    return taken


async def _give_back(it: RedisStores, lose: Lose) -> Any:
    await it.inbox.append(command("h1", CommandName.HUMAN))
    lose()
    given_back = await it.inbox.append(command("a1", CommandName.AGENT))
    assert await it.take_overs.all_threads() == []
    return given_back


async def _overhear(it: RedisStores, lose: Lose) -> Any:
    await it.inbox.append(command("h1", CommandName.HUMAN))
    lose()
    overheard = await it.inbox.overhear(Remark(ask("r1", addressed=False).origin, "Bob, you?"))
    assert [said.question for said in await it.exchanges.of_thread(THREAD)] == ["Bob, you?"]
    return overheard


async def _settle(it: RedisStores, lose: Lose) -> Any:
    lease = await begun(it)
    lose()
    return await it.queue.settle(lease, DONE)


async def _settle_with_more(it: RedisStores, lose: Lose) -> Any:
    lease = await begun(it, "q1", "q2")
    lose()
    more = await it.queue.settle(lease, DONE)
    entry = await it.queue.begin(lease)
    assert entry is not None
    assert entry.queued.id == "q2"
    return more


async def _begin_end(it: RedisStores, lose: Lose) -> Any:
    await bound(it, "c1", THREAD)
    lose()
    return await it.sessions.begin_end(THREAD, "c1", EndReason.COMMAND)


async def _lost_openings(it: RedisStores, lose: Lose) -> Any:
    await it.sessions.note_opening(Opening("o1", THREAD, "U1", "u@example.com", "agent", 5.5))
    await asyncio.sleep(0.02)  # its time is over
    lose()
    return [opening.id for opening in await it.sessions.take_lost_openings()]


async def _use(it: RedisStores, lose: Lose) -> Any:
    lose()
    return await it.records.use("group", "name", 60.0)


async def _note_wordless(it: RedisStores, lose: Lose) -> Any:
    lose()
    return await it.inbox.note_wordless(THREAD)


async def _take_question(it: RedisStores, lose: Lose) -> Any:
    for number in range(3):
        await it.allowances.take_question(replace(_ASKING, question_id=f"before {number}"), _BUDGETS)
    lose()
    return await it.allowances.take_question(_ASKING, _BUDGETS)


async def _count_tokens(it: RedisStores, lose: Lose) -> Any:
    lose()
    return await it.allowances.count_tokens(_ASKING, 85, _BUDGETS)


async def _quota(it: RedisStores, lose: Lose) -> Any:
    """Of three requests a minute two are kept for ends."""
    lose()
    return await it.quota.take(is_end=True), await it.quota.take(is_end=True), await it.quota.take(is_end=True)


async def _take_a_call(it: RedisStores, lose: Lose) -> Any:
    lose()
    return await it.budgets.take(CallRequest("call 1", Priority.BETWEEN, (Budget("scope", 1, 30.0),)))


async def _lead(it: RedisStores, lose: Lose) -> Any:
    lose()
    return await it.leader.take("poll", "me", 10.0)


_OPERATIONS: list[tuple[Callable[[RedisStores, Lose], Awaitable[Any]], Any]] = [
    (_append, IntakeResult.ACCEPTED),
    (_append_to_a_full_inbox, IntakeResult.FULL),
    (_stop, IntakeResult.STOPPED),
    (_rate, IntakeResult.RATED),
    (_edit, IntakeResult.ASKED_ANEW),
    (_withdraw, IntakeResult.AMENDED),
    (_take_over, IntakeResult.ACCEPTED),
    (_give_back, IntakeResult.ACCEPTED),
    (_overhear, IntakeResult.OVERHEARD),
    (_settle, False),
    (_settle_with_more, True),
    (_begin_end, True),
    (_lost_openings, ["o1"]),
    (_use, True),
    (_note_wordless, IntakeResult.WORDLESS),
    (_take_question, Taken(levels=(Level(Limit.PERSON, "messages", 80),))),
    (_count_tokens, (Level(Limit.PERSON, "tokens", 80),)),
    (_quota, (0.0, 0.0, 0.0)),
    (_take_a_call, CallDecision(0.0, (Headroom(0, 0),))),
    (_lead, True),
]


@pytest.mark.parametrize(("operate", "expected"), _OPERATIONS, ids=[one.__name__.strip("_") for one, _ in _OPERATIONS])
async def test_a_step_whose_answer_was_lost_is_not_taken_for_anothers(
    flaky: RedisStores, network: Proxy, operate: Callable[[RedisStores, Lose], Awaitable[Any]], expected: object
) -> None:
    """R6: sent again by the client library, it answers as the first time."""

    def lose() -> None:
        network.answers_to_lose = 1

    assert await operate(flaky, lose) == expected
    assert network.answers_to_lose == 0
