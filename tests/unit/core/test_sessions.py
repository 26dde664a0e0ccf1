"""Opening and what follows it at once: no conversation stays open because its record failed."""

import logging

import pytest

from bridge.clock import SystemClock
from bridge.errors import AgentUnavailable, StoreUnavailable
from bridge.models import EndReason, Lease, Session, ThreadKey
from bridge.sessions import Sessions
from tests.fakes import THREAD, FakeAgent, FakeChannel, question


async def _silent(text: str) -> None:
    del text


class AwayStore:
    """A session store that cannot be reached for so many calls."""

    def __init__(self, away_for: int) -> None:
        self.away_for = away_for
        self.queued: list[tuple[str, EndReason]] = []

    async def current(self, thread: ThreadKey) -> Session | None:
        del thread
        return None

    async def bind(self, lease: Lease, session: Session, idle_after_s: float) -> None:
        del lease, session, idle_after_s
        self._answer()

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        self._answer()
        self.queued.append((session.conversation.id, reason))

    def _answer(self) -> None:
        if self.away_for:
            self.away_for -= 1
            raise StoreUnavailable("away")


def _sessions(agent: FakeAgent, store: AwayStore) -> Sessions:
    return Sessions(agent, store, SystemClock(), idle_after_s=60.0)  # type: ignore[arg-type]  # what opening needs of it


async def _open(sessions: Sessions) -> None:
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
