import asyncio

from bridge.domain.errors import StoreUnavailable
from bridge.worker.leader_election import LEASE_S, Leadership
from tests.virtual_time import LoopClock, run_virtually


class FakeLease:
    """A lease on the loop's time; `away` stands for a store that does not answer."""

    def __init__(self) -> None:
        self.holder = ""
        self.until = 0.0
        self.away = False

    async def take(self, name: str, holder: str, lease_s: float, *, can_wait_s: float = 0.0) -> bool:
        del name, can_wait_s
        if self.away:
            raise StoreUnavailable
        now = asyncio.get_running_loop().time()
        if self.holder not in ("", holder) and now < self.until:
            return False
        self.holder, self.until = holder, now + lease_s
        return True

    async def give_up(self, name: str, holder: str) -> None:
        del name
        if self.holder == holder:
            self.holder = ""


class Follower:
    """Notes when it works."""

    def __init__(self, lease: FakeLease) -> None:
        self.leadership = Leadership(lease, LoopClock(), "telegram:1")
        self.working = False
        self.stood_by = 0
        self.stopped = 0

    async def work(self) -> None:
        self.working = True
        try:
            await asyncio.Event().wait()
        finally:
            self.working = False
            self.stopped += 1

    async def run(self) -> None:
        def standing_by() -> None:
            self.stood_by += 1

        await self.leadership.lead(self.work, standing_by)


def test_one_of_two_workers_leads_and_the_other_follows_at_once_when_it_stops() -> None:
    """P6: the leader hands over when it is stopped."""

    async def play() -> None:
        lease = FakeLease()
        first, second = Follower(lease), Follower(lease)
        one, two = asyncio.ensure_future(first.run()), asyncio.ensure_future(second.run())
        await asyncio.sleep(60)
        assert (first.working, second.working, second.stood_by) == (True, False, 1)
        one.cancel()
        await asyncio.sleep(2.5)
        assert (first.working, second.working) == (False, True)
        two.cancel()
        await asyncio.wait([one, two])

    run_virtually(play())


def test_a_leader_that_was_killed_is_replaced_within_15_s() -> None:
    """P9: taken over within 15 s of a SIGKILL."""

    async def play() -> None:
        lease = FakeLease()
        lease.holder, lease.until = "killed", LEASE_S
        second = Follower(lease)
        task = asyncio.ensure_future(second.run())
        await asyncio.sleep(15)
        assert second.working
        task.cancel()
        await asyncio.wait([task])

    run_virtually(play())


def test_a_leader_that_cannot_renew_stops_working_when_its_lease_is_over() -> None:
    async def play() -> None:
        lease = FakeLease()
        first = Follower(lease)
        task = asyncio.ensure_future(first.run())
        await asyncio.sleep(1)
        lease.away = True
        await asyncio.sleep(LEASE_S - 4)
        assert first.working
        await asyncio.sleep(10)
        assert first.stopped == 1
        lease.away = False
        await asyncio.sleep(5)
        assert lease.holder
        task.cancel()
        await asyncio.wait([task])

    run_virtually(play())
