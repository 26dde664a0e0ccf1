import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.domain.errors import AgentRateLimited, StoreUnavailable
from bridge.domain.limits.rate_limits import RateLimit
from bridge.domain.sessions import Conversation
from bridge.domain.stream_events import StreamEnded, StreamEvent
from bridge.rate_limits.agent_limiter import RateLimitedAgent
from tests.fakes import FakeAgent
from tests.virtual_time import LoopClock, run_virtually


async def _ends(text: str) -> AsyncIterator[StreamEvent]:
    del text
    yield StreamEnded()


class MeteredFake(FakeAgent):
    rate_limit: RateLimit | None = None


class FakeQuota:
    def __init__(self, waits: list[float] | None = None, *, away: bool = False) -> None:
        self.waits = waits or []
        self.away = away
        self.asked: list[bool] = []
        self.refused: list[float] = []
        self.observed: list[RateLimit] = []

    async def take(self, *, is_end: bool) -> float:
        if self.away:
            raise StoreUnavailable
        self.asked.append(is_end)
        return self.waits.pop(0) if self.waits else 0.0

    async def observe(self, seen: RateLimit) -> None:
        self.observed.append(seen)

    async def refuse(self, retry_after_s: float) -> None:
        self.refused.append(retry_after_s)


def _paced(quota: FakeQuota) -> tuple[RateLimitedAgent, MeteredFake]:
    agent = MeteredFake(_ends)
    return RateLimitedAgent(agent, quota, LoopClock()), agent


def test_a_request_waits_its_turn() -> None:
    """B9: answers wait their turn."""

    async def play() -> float:
        paced, agent = _paced(FakeQuota([3.0, 2.0]))
        agent.histories["chat_1"] = []
        await paced.history(Conversation("chat_1", "t"))
        return asyncio.get_running_loop().time()

    assert run_virtually(play()) == pytest.approx(5.0)


def test_a_wait_that_is_too_long_is_told_like_a_429() -> None:
    async def play() -> None:
        paced, agent = _paced(FakeQuota([500.0]))
        with pytest.raises(AgentRateLimited):
            await paced.open("u", {})
        assert agent.histories == {}

    run_virtually(play())


def test_a_429_and_the_limit_are_told_to_the_other_workers() -> None:
    """B9: the headers are obeyed before it comes to a 429, and a 429 stops everybody."""

    async def play() -> FakeQuota:
        quota = FakeQuota()
        paced, agent = _paced(quota)
        agent.rate_limit = RateLimit(60, 12, 10.0, 0.0)
        await paced.open("u", {})
        agent.ask_errors = [AgentRateLimited(9.0)]
        with pytest.raises(AgentRateLimited):
            async with paced.ask(Conversation("chat_1", "t"), "q"):
                pass
        return quota

    quota = run_virtually(play())
    assert quota.refused == [9.0]
    assert quota.observed == [RateLimit(60, 12, 10.0, 0.0)]


def test_an_end_asks_for_the_share_of_ends() -> None:
    async def play() -> FakeQuota:
        quota = FakeQuota()
        paced, _ = _paced(quota)
        await paced.end(Conversation("chat_1", "t"))
        return quota

    assert run_virtually(play()).asked == [True]


def test_a_worker_that_stood_still_while_it_asked_the_quota_does_not_send() -> None:
    """D8: paused between its last look at the lease and the request: another worker may have asked by now."""

    class Paused(FakeQuota):
        async def take(self, *, is_end: bool) -> float:
            await asyncio.sleep(40.0)
            return await super().take(is_end=is_end)

    async def play() -> MeteredFake:
        paced, agent = _paced(Paused())
        with pytest.raises(AgentRateLimited):
            async with paced.ask(Conversation("chat_1", "t"), "q"):
                pass
        return agent

    assert run_virtually(play()).sent == []


def test_a_store_that_is_away_holds_nothing_back() -> None:
    """P2: a running answer does not need the store."""

    async def play() -> None:
        paced, agent = _paced(FakeQuota(away=True))
        await paced.open("u", {})
        assert len(agent.histories) == 1

    run_virtually(play())
