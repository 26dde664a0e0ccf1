"""Opening and what follows it at once: no conversation stays open because its record failed."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bridge.access.routes import Choices
from bridge.conversation.sessions.muted_places import MutedPlaces
from bridge.conversation.sessions.session_manager import SessionManager
from bridge.domain.errors import (
    AgentKeyRefused,
    AgentRateLimited,
    AgentUnavailable,
    AgentUnreachable,
    BridgeError,
    StoreUnavailable,
)
from bridge.domain.incoming import Question
from bridge.domain.sessions import EndReason, OpenedConversation, Opening, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease
from bridge.runtime.clock import Clock, SystemClock
from tests.fakes import THREAD, FakeAgent, FakeChannel, origin, question
from tests.virtual_time import LoopClock, run_virtually


async def _silent(text: str) -> None:
    del text


class AwayStore:
    """A session store that cannot be reached for so many calls."""

    def __init__(self, away_for: int) -> None:
        self.away_for = away_for
        self.queued: list[tuple[str, EndReason]] = []
        self.bound: list[str] = []
        self.openings: dict[str, Opening] = {}

    async def note_opening(self, opening: Opening) -> None:
        self.openings[opening.id] = opening

    async def forget_opening(self, opening_id: str) -> None:
        self.openings.pop(opening_id)

    async def current(self, thread: ThreadKey) -> Session | None:
        del thread
        return None

    async def bind(self, lease: Lease, session: Session, idle_timeout_s: float, opening_id: str = "") -> None:
        del lease, idle_timeout_s
        self._answer()
        self.bound.append(session.conversation.id)
        self.openings.pop(opening_id)

    async def queue_end(self, session: Session, reason: EndReason) -> None:
        self._answer()
        self.queued.append((session.conversation.id, reason))

    def _answer(self) -> None:
        if self.away_for:
            self.away_for -= 1
            raise StoreUnavailable("away")


class AwayMarks:
    """Marks that cannot be read: nothing is known of muted places, so conversations are opened."""

    async def is_any_used(self, *_: object) -> bool:
        raise StoreUnavailable("away")


class SlowAgent(FakeAgent):
    """Opens at once, and says so as late as TalkifAI does."""

    answers_after_s = 0.4

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        opened = await super().open(user_identifier, metadata, agent_id)
        await asyncio.sleep(self.answers_after_s)
        return opened


def _sessions(agent: FakeAgent, store: AwayStore, clock: Clock | None = None) -> SessionManager:
    muted = MutedPlaces(AwayMarks())  # type: ignore[arg-type]  # as above
    return SessionManager(agent, store, clock or SystemClock(), idle_timeout_s=60.0, muted=muted)  # type: ignore[arg-type]  # what opening needs of it


async def _open(sessions: SessionManager) -> None:
    with pytest.raises(StoreUnavailable):
        await sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices())


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
        turn = asyncio.ensure_future(sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices()))
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
                await sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices())
            return
        await sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices())
        assert clock.monotonic() == pytest.approx(opened_after_s)

    run_virtually(opening())


class HangingStore(AwayStore):
    """A session store that does not answer."""

    async def bind(self, lease: Lease, session: Session, idle_timeout_s: float, opening_id: str = "") -> None:
        await asyncio.sleep(60)
        await super().bind(lease, session, idle_timeout_s, opening_id)


def test_a_stop_while_the_store_hangs_ends_what_was_just_opened() -> None:
    """P2, P6: no other code could ever end it."""

    async def stopped() -> None:
        agent = SlowAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        sessions = _sessions(agent, HangingStore(away_for=0), LoopClock())
        turn = asyncio.ensure_future(sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices()))
        await asyncio.sleep(1.0)
        turn.cancel()
        await asyncio.wait([turn])
        assert turn.cancelled()
        assert agent.ended == list(agent.histories) == ["chat_1"]
        assert asyncio.get_running_loop().time() < 7.0

    run_virtually(stopped())


@pytest.mark.parametrize("answers_after_s", [1.5, 20.0, 50.0])
def test_an_opening_whose_turn_is_gone_goes_on_by_itself_and_is_ended(answers_after_s: float) -> None:
    """R10: Stop, or a lost lease, while TalkifAI takes long to open: the turn leaves at once, the meter is stopped."""

    async def stopped() -> None:
        agent = SlowAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        agent.answers_after_s = answers_after_s
        store = AwayStore(away_for=0)
        sessions = _sessions(agent, store, LoopClock())
        turn = asyncio.ensure_future(sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices()))
        await asyncio.sleep(0.2)
        turn.cancel()
        await asyncio.wait([turn])
        assert turn.cancelled()
        assert asyncio.get_running_loop().time() < 1.3
        await asyncio.sleep(answers_after_s)
        assert agent.ended == list(agent.histories) == ["chat_1"]
        assert store.bound == []
        assert store.openings == {}

    run_virtually(stopped())


def test_a_process_that_stops_leaves_an_opening_that_takes_too_long_on_record() -> None:
    """R11: in the seconds that are left it comes to its end, or another worker counts it as lost."""

    async def stopped() -> None:
        agent = SlowAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        store = AwayStore(away_for=0)
        sessions = _sessions(agent, store, LoopClock())
        for answers_after_s in (1.9, 30.0):
            agent.answers_after_s = answers_after_s
            turn = asyncio.ensure_future(
                sessions.open_session(Lease(THREAD, "1"), question(), FakeChannel(), Choices())
            )
            await asyncio.sleep(0.1)
            turn.cancel()
            await asyncio.wait([turn])
        began_at = asyncio.get_running_loop().time()
        await sessions.finish_openings()
        assert asyncio.get_running_loop().time() - began_at < 2.1
        assert agent.ended == ["chat_1"]
        assert [opening.person_id for opening in store.openings.values()] == ["U1"]

    run_virtually(stopped())


@pytest.mark.parametrize(
    ("error", "is_noted"),
    [
        (AgentUnavailable("the answer was lost"), True),
        (AgentUnreachable("refused"), False),
        (AgentRateLimited(600.0), False),
        (AgentKeyRefused("401"), False),
    ],
)
def test_an_opening_stays_on_record_only_where_it_may_have_had_an_effect(error: BridgeError, *, is_noted: bool) -> None:
    """R11: what surely opened nothing is no orphan."""

    async def opening() -> None:
        agent = FakeAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        agent.open_errors = [error] * 9
        store = AwayStore(away_for=0)
        with pytest.raises(type(error)):
            await _sessions(agent, store, LoopClock()).open_session(
                Lease(THREAD, "1"), question(), FakeChannel(), Choices()
            )
        assert bool(store.openings) is is_noted

    run_virtually(opening())


def test_a_conversation_carries_the_id_by_which_a_lost_opening_is_found() -> None:
    """R11: in its metadata, beside what the channel says of the place."""

    async def opening() -> None:
        agent = FakeAgent(_silent)  # type: ignore[arg-type]  # nothing is asked
        agent.open_errors = [AgentUnavailable("the answer was lost")]
        store = AwayStore(away_for=0)
        asked = Question(replace(origin(), metadata={"channel": "C1"}), "hello")
        with pytest.raises(AgentUnavailable):
            await _sessions(agent, store, LoopClock()).open_session(Lease(THREAD, "1"), asked, FakeChannel(), Choices())
        assert agent.opened_metadata == [{"channel": "C1", "bridge_opening": next(iter(store.openings))}]

    run_virtually(opening())
