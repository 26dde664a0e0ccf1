"""What a worker may do while it cannot ask for its leases."""

import asyncio
from collections.abc import Sequence

import pytest

from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.domain.turns import Lease, Renewal
from bridge.worker.lease import HeldThread, LeaseKeeper
from tests.fakes import THREAD
from tests.virtual_time import LoopClock, run_virtually

LEASE_S = 30.0
TEN_MINUTES_S = 600.0


class _Leases:
    """The part of the queue that a keeper asks."""

    def __init__(self) -> None:
        self.is_away = False
        self.hangs_for_s = 0.0
        self.is_alone = False
        self.has_been_taken = False

    async def renew(self, leases: Sequence[Lease], *, can_wait_s: float = 0.0) -> Renewal:
        del can_wait_s
        await asyncio.sleep(self.hangs_for_s)
        if self.is_away:
            raise StoreUnavailable("away")
        return Renewal(leases if self.has_been_taken else (), ())


def _keeper(leases: _Leases) -> tuple[LeaseKeeper, HeldThread]:
    keeper = LeaseKeeper(leases, LoopClock(), lease_s=LEASE_S)  # type: ignore[arg-type]  # it asks for nothing else
    return keeper, keeper.take(Lease(THREAD, "1-a"), asyncio.get_running_loop().time())


async def _waits(keeper: LeaseKeeper, held: HeldThread, *, shows: bool) -> bool:
    try:
        async with asyncio.timeout(20.0):
            await keeper.guard(held, shows=shows)
    except TimeoutError:
        return True
    return False


def test_an_answer_is_shown_for_as_long_as_the_store_is_away_though_there_are_other_workers() -> None:
    """P2, R5: ten minutes, twenty leases long; nothing is asked of the agent meanwhile."""

    async def run() -> None:
        leases = _Leases()
        keeper, held = _keeper(leases)
        beating = asyncio.ensure_future(keeper.beat())
        await asyncio.sleep(LEASE_S)
        leases.is_away = True
        until = asyncio.get_running_loop().time() + TEN_MINUTES_S
        while asyncio.get_running_loop().time() < until:
            assert not await _waits(keeper, held, shows=True)
            await asyncio.sleep(1.2)
        assert await _waits(keeper, held, shows=False)
        beating.cancel()

    run_virtually(run())


def test_an_answer_is_shown_while_the_store_hangs_though_no_request_to_it_has_failed_yet() -> None:
    """P2, R5: the renewal was sent in time; it is given up on after several leases."""

    async def run() -> None:
        leases = _Leases()
        keeper, held = _keeper(leases)
        beating = asyncio.ensure_future(keeper.beat())
        await asyncio.sleep(LEASE_S * 0.9)
        leases.is_away, leases.hangs_for_s = True, TEN_MINUTES_S
        await asyncio.sleep(3 * LEASE_S)
        assert not await _waits(keeper, held, shows=True)
        assert await _waits(keeper, held, shows=False)
        beating.cancel()

    run_virtually(run())


def test_a_thread_that_another_worker_took_meanwhile_is_not_written_over_when_the_store_is_back() -> None:
    """D8, P2: a worker that alone did not reach the store."""

    async def run() -> None:
        leases = _Leases()
        keeper, held = _keeper(leases)
        leases.is_away = True
        await asyncio.sleep(LEASE_S * 0.9)
        assert not await _waits(keeper, held, shows=True)
        await asyncio.sleep(LEASE_S)
        leases.is_away, leases.has_been_taken = False, True
        with pytest.raises(LeaseLost):
            await keeper.guard(held, shows=True)

    run_virtually(run())


def test_a_worker_that_stood_still_waits_for_the_store_before_it_shows_anything() -> None:
    """D8: that the store is away now says nothing of the time in which the lease ran out."""

    async def run() -> None:
        leases = _Leases()
        keeper, held = _keeper(leases)
        await asyncio.sleep(2 * LEASE_S)
        leases.is_away = True
        assert await _waits(keeper, held, shows=True)
        leases.is_alone = True
        assert not await _waits(keeper, held, shows=True)

    run_virtually(run())


def test_an_outage_that_ended_before_a_thread_was_claimed_says_nothing_of_its_lease() -> None:
    """D8: a request that failed before the claim is no sign that the store went away before the worker stood still."""

    async def run() -> None:
        leases = _Leases()
        keeper, held = _keeper(leases)
        leases.is_away = True
        await keeper.renew_all()
        keeper.let_go(held.lease)
        held = keeper.take(held.lease, asyncio.get_running_loop().time())
        await asyncio.sleep(2 * LEASE_S)
        assert await _waits(keeper, held, shows=True)

    run_virtually(run())
