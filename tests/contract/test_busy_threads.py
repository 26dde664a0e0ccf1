"""What the store does with a question that comes while another one is answered."""

from adapters.redis_store import RedisStores
from adapters.redis_store.schema.codec import unpack
from bridge.domain.incoming import CommandName, IntakeResult, Withdrawal
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Outcome, Settlement
from tests.contract.store_steps import DONE, ask, begin, begun, claim, command, stopped

STOPPED = Settlement(Outcome.STOPPED, idle_timeout_s=600)
PASSED_OVER = Settlement(Outcome.SUPERSEDED, idle_timeout_s=600)


async def test_a_newer_question_stops_the_answer_and_passes_over_what_came_between(stores: RedisStores) -> None:
    """M10: each question comes to one end, in order."""
    lease = await begun(stores, "q1", "q2")
    await stores.inbox.append(command("status", CommandName.STATUS))
    assert await stores.inbox.append(ask("q3", person="U2")) is not IntakeResult.FULL
    assert await stores.inbox.append(ask("q4"), interrupts=True) in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
    assert await stopped(stores, lease) == ["q1"]
    assert await stores.queue.is_superseded(lease.thread)
    assert await stores.queue.settle(lease, STOPPED)

    found, more = {}, True
    for settlement in (PASSED_OVER, DONE, DONE, DONE):
        item = await begin(stores, lease)
        found[item.queued.id] = item.record.is_superseded
        more = await stores.queue.settle(lease, settlement)
    assert not more
    assert found == {"q2": True, "status": False, "q3": False, "q4": False}


async def test_a_question_is_superseded_also_for_the_worker_that_takes_up_its_turn(stores: RedisStores) -> None:
    """M10: whatever dies in between."""
    lease = await begun(stores, "q1")
    await stores.inbox.append(ask("q2"))
    await stores.inbox.append(ask("q3"), interrupts=True)
    await stores.queue.release(lease)
    again = await begin(stores, await claim(stores))
    assert (again.queued.id, again.record.is_stopped, again.record.is_superseded) == ("q1", True, True)


async def test_another_persons_answer_goes_on(stores: RedisStores) -> None:
    """M10: only its asker ends it by asking."""
    lease = await begun(stores, "q1")
    await stores.inbox.append(ask("q2", person="U2"), interrupts=True)
    assert await stopped(stores, lease) == []
    assert await stores.inbox.place_of(ask("q2")) == 1
    assert await stores.queue.settle(lease, DONE)
    assert not (await begin(stores, lease)).record.is_superseded
    assert await stores.inbox.place_of(ask("q2")) == 0


async def test_a_superseded_question_that_is_dropped_leaves_nothing_behind(stores: RedisStores) -> None:
    """M10: neither where it is deleted, nor where a person takes the thread over."""
    lease = await begun(stores, "q1", "q2", "q3")
    await stores.inbox.append(ask("q4"), interrupts=True)
    await stores.inbox.amend(Withdrawal(ask("q2").origin))
    assert await _kept(stores, lease.thread) == {"q1", "q3", "q4", "superseded:q3"}
    await stores.inbox.append(command("h1", CommandName.HUMAN))
    assert await _kept(stores, lease.thread) == {"q1", "h1"}
    assert await stores.queue.settle(lease, STOPPED)
    await begin(stores, lease)
    assert not await stores.queue.settle(lease, DONE)
    assert await _kept(stores, lease.thread) == set()


async def _kept(stores: RedisStores, thread: ThreadKey) -> set[str]:
    return {unpack(name) for name in await stores.commands.call("HKEYS", stores.keys.bodies(thread))}
