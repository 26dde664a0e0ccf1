"""Opening and what follows it at once: no conversation stays open because its record failed."""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from bridge.conversation.session_manager import SessionManager
from bridge.domain.errors import AgentRateLimited, AgentUnavailable, AgentUnreachable, BridgeError, StoreUnavailable
from bridge.domain.sessions import EndReason, OpenedConversation, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease
from bridge.runtime.clock import Clock, SystemClock
from tests.fakes import THREAD, FakeAgent, FakeChannel, question
from tests.virtual_time import LoopClock, run_virtually


async def _silent(text: str) -> None:
    del text


class AwayStore:
    """A session store that cannot be reached for so many calls."""

    def __init__(self, away_for: int) -> None:
        self.away_for = away_for
        self.queued: list[tuple[str, EndReason]] = []
        self.bound: list[str] = []

    async def current(self, thread: ThreadKey) -> Session | None:
        del thread
        return None

    async def bind(self, lease: Lease, session: Session, idle_after_s: float) -> None:
        del lease, idle_after_s
        self._answer()
        self.bound.append(session.conversation.id)

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        self._answer()
        self.queued.append((session.conversation.id, reason))

    def _answer(self) -> None:
        if self.away_for:
            self.away_for -= 1
            raise StoreUnavailable("away")


class SlowAgent(FakeAgent):
    """Opens at once, and says so as late as TalkifAI does."""

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        opened = await super().open(user_identifier, metadata, agent_id)
        await asyncio.sleep(0.4)
        return opened


def _sessions(agent: FakeAgent, store: AwayStore, clock: Clock | None = None) -> SessionManager:
    return SessionManager(agent, store, clock or SystemClock(), idle_after_s=60.0)  # type: ignore[arg-type]  # what opening needs of it


async def _open(sessions: SessionManager) -> None:
    with pytest.raises(StoreUnavailable):
        await sessions.open_session(Lease(THREAD, 1), question(), FakeChannel())


async def test_an_end_that_fails_beside_the_store_is_tried_until_it_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    """P2: Redis and the agent's end both fail right after the opening; the meter is stopped once one of them works."""
    agent = FakeAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
    agent.end_errors = [AgentUnavailable("503")] * 3
    sessions = _sessions(agent, AwayStore(away_for=100))
    with caplog.at_level(logging.ERROR):
        await _open(sessions)
    assert "open without a record" in caplog.text
    await sessions.end_unrecorded()
    await sessions.end_unrecorded()
    assert agent.ended == []
    await sessions.end_unrecorded()
    assert agent.ended == ["chat_1"]
    await sessions.end_unrecorded()
    assert agent.ended == ["chat_1"]


async def test_an_end_that_fails_is_left_to_the_reaper_as_soon_as_the_store_is_back() -> None:
    """P2: the end is queued, and no longer this worker's alone."""
    agent = FakeAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
    agent.end_errors = [AgentUnavailable("503")] * 9
    store = AwayStore(away_for=2)
    sessions = _sessions(agent, store)
    await _open(sessions)
    await sessions.end_unrecorded()
    assert store.queued == [("chat_1", EndReason.UNRECORDED)]
    await sessions.end_unrecorded()
    assert len(agent.end_errors) == 7


@pytest.mark.parametrize("refusal", [AgentRateLimited(3.8), AgentUnreachable("refused")])
@pytest.mark.parametrize("cancelled_at_s", [0.1, 0.29, 0.31, 3.79, 3.81, 4.1])
def test_a_turn_cancelled_while_it_waits_to_open_leaves_nothing_open(
    refusal: BridgeError, cancelled_at_s: float
) -> None:
    """B10: in the wait nothing is opened any more, and what was being opened has its record."""

    async def cancelled() -> None:
        agent = SlowAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        agent.open_errors = [refusal]
        store = AwayStore(away_for=0)
        sessions = _sessions(agent, store, LoopClock())
        turn = asyncio.ensure_future(sessions.open_session(Lease(THREAD, 1), question(), FakeChannel()))
        await asyncio.sleep(cancelled_at_s)
        turn.cancel()
        await asyncio.wait([turn])
        await asyncio.sleep(60)
        assert store.bound == list(agent.histories)

    run_virtually(cancelled())


@pytest.mark.parametrize(
    ("refusals", "opened_after_s"),
    [
        ([AgentUnreachable("refused")] * 3, 3.3),
        ([AgentUnreachable("refused")] * 4, None),
        ([AgentRateLimited(40.0), AgentUnreachable("refused"), AgentRateLimited(40.0)], 80.3),
        ([AgentRateLimited(40.0)] * 4, None),
    ],
)
def test_an_opening_waits_for_the_limit_and_for_an_agent_that_comes_back(
    refusals: list[BridgeError], opened_after_s: float | None
) -> None:
    """B9: as long as an asker may be left waiting, and no longer."""

    async def opening() -> None:
        agent = FakeAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        agent.open_errors = list(refusals)
        clock = LoopClock()
        sessions = _sessions(agent, AwayStore(away_for=0), clock)
        if opened_after_s is None:
            with pytest.raises(type(refusals[-1])):
                await sessions.open_session(Lease(THREAD, 1), question(), FakeChannel())
            return
        await sessions.open_session(Lease(THREAD, 1), question(), FakeChannel())
        assert clock.monotonic() == pytest.approx(opened_after_s)

    run_virtually(opening())


class HangingStore(AwayStore):
    """A session store that does not answer."""

    async def bind(self, lease: Lease, session: Session, idle_after_s: float) -> None:
        await asyncio.sleep(60)
        await super().bind(lease, session, idle_after_s)


def test_a_stop_while_the_store_hangs_ends_what_was_just_opened() -> None:
    """P2, P6: nobody else could ever end it."""

    async def stopped() -> None:
        agent = SlowAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        sessions = _sessions(agent, HangingStore(away_for=0), LoopClock())
        turn = asyncio.ensure_future(sessions.open_session(Lease(THREAD, 1), question(), FakeChannel()))
        await asyncio.sleep(1.0)
        turn.cancel()
        await asyncio.wait([turn])
        assert turn.cancelled()
        assert agent.ended == list(agent.histories) == ["chat_1"]
        assert asyncio.get_running_loop().time() < 7.0

    run_virtually(stopped())
