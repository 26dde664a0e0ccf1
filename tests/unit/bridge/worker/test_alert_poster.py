"""What an operator has to know is posted once an hour, whatever it is, and so is that it is over."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bridge.domain.errors import AgentKeyRefused, AgentNotText, AgentOutOfCredits, ChannelUnavailable, Misconfigured
from bridge.ports.stores.coordination import MemoryUse, StoreFigures
from bridge.runtime.operator_alerts import CLEAR_AFTER_S, REPEAT_AFTER_S, OperatorAlerts
from bridge.worker.alert_poster import LOOK_EVERY_S, AlertPoster
from tests.fakes import FakeChannel, FakeMarks
from tests.unit.bridge.worker.test_health import WELL, SteadyClock, health_of


class _Marks(FakeMarks):
    """Marks that are over after their time."""

    def __init__(self, clock: SteadyClock) -> None:
        super().__init__()
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    async def use(self, group: str, name: str, kept_s: float) -> bool:
        if self._until.get((group, name), 0.0) > self._clock.monotonic():
            return False
        self._until[group, name] = self._clock.monotonic() + kept_s
        return True


class _Desk:
    """Two workers and one place where operators talk."""

    def __init__(self) -> None:
        self.clock = SteadyClock()
        self.clock.at = 1.0
        self.channel = FakeChannel(latency_s=0.0)
        marks = _Marks(self.clock)
        self.alarms = OperatorAlerts(self.clock)
        self.posters = [AlertPoster(["fake:ops"], [self.channel], marks, self.clock) for _ in range(2)]

    async def look(self, troubles: Mapping[str, str] | None = None, *, times: int = 2) -> list[str]:
        """Let both workers look, as often as a trouble has to be seen; return all that was posted."""
        for _ in range(times):
            for poster in self.posters:
                await poster.look(self.alarms.current(), troubles or {})
        return [view.notice for view in self.channel.standing.values()]


@pytest.fixture
def desk() -> _Desk:
    return _Desk()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AgentOutOfCredits("the TalkifAI account has no credits left. Add credits (… 402 …)"), "no credits left"),
        (AgentKeyRefused("TALKIFAI_API_KEY: TalkifAI refuses this key (… 401 …)"), "TALKIFAI_API_KEY"),
        (AgentNotText("TALKIFAI_AGENT_ID: this is a voice agent"), "voice agent"),
    ],
)
async def test_what_only_a_question_can_meet_is_posted_once_and_clear_after_ten_minutes(
    desk: _Desk, error: Misconfigured, said: str
) -> None:
    """B8: the operator sees the cause once, not per message."""
    for _ in range(5):
        desk.alarms.tell(error)
        await desk.look()
    posted = await desk.look()
    assert len(posted) == 1
    assert posted[0].startswith("An operator has to act: ")
    assert said in posted[0]
    desk.clock.at += CLEAR_AFTER_S + 1
    assert (await desk.look())[1:] == [f"All clear: {error}"]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (replace(WELL, stuck_ends=1), "1 conversation cannot be ended"),
        (replace(WELL, recent_orphans=2), "2 conversations may be open that cannot be ended"),
        (replace(WELL, dead_letters=3), "3 questions are set aside"),
        (replace(WELL, memory=MemoryUse(8_000_000, 10_000_000)), "Redis uses 8.0 MB of its memory, of 10.0 MB"),
        (None, "Redis does not answer"),
    ],
    ids=["stuck ends", "orphans", "dead letters", "memory", "redis away"],
)
async def test_what_the_store_shows_is_posted_once_and_so_is_its_end(
    desk: _Desk, figures: StoreFigures | None, said: str
) -> None:
    health = health_of(figures)
    troubles = {**await health.troubles(), **await health.warnings()}
    posted = await desk.look(troubles, times=5)
    assert len(posted) == 1
    assert said in posted[0]
    assert (await desk.look())[1:] == [posted[0].replace("An operator has to act: ", "All clear: ")]


async def test_a_channel_that_is_down_for_a_moment_is_no_alert(desk: _Desk) -> None:
    down = {"slack 0": "Slack: no socket is open"}
    assert await desk.look(down, times=1) == []
    assert await desk.look() == []
    assert await desk.look(down) == ["An operator has to act: Slack: no socket is open"]


async def test_a_cause_that_lasts_is_posted_again_after_an_hour(desk: _Desk) -> None:
    troubles = {"stuck ends": "1 conversation cannot be ended"}
    assert len(await desk.look(troubles)) == 1
    desk.clock.at += REPEAT_AFTER_S - 1
    assert len(await desk.look(troubles)) == 1
    desk.clock.at += 2
    assert len(await desk.look(troubles)) == 2


async def test_a_cause_that_comes_and_goes_is_posted_once_an_hour(desk: _Desk) -> None:
    troubles = {"slack 0": "Slack: no socket is open"}
    for _ in range(3):
        await desk.look(troubles)
        await desk.look()
    posted = await desk.look()
    assert [line.partition(":")[0] for line in posted] == ["An operator has to act", "All clear"]


async def test_what_cannot_be_posted_now_is_posted_later(desk: _Desk) -> None:
    desk.channel.failures = [ChannelUnavailable("Slack does not answer")] * 3
    troubles = {"redis": "Redis does not answer"}
    for _ in range(4):
        assert await desk.look(troubles) == []
        desk.clock.at += LOOK_EVERY_S
    desk.clock.at += 3 * LOOK_EVERY_S
    posted = await desk.look(troubles)
    assert posted == ["An operator has to act: Redis does not answer"]
    assert (await desk.look())[1:] == ["All clear: Redis does not answer"]


async def test_a_place_that_takes_nothing_is_tried_less_and_less_often(desk: _Desk) -> None:
    """B8: its service is not called every five seconds for as long as the cause lasts."""
    desk.channel.failures = [ChannelUnavailable("there is no such place")] * 1000
    for _ in range(int(REPEAT_AFTER_S / LOOK_EVERY_S)):
        await desk.look({"redis": "Redis does not answer"}, times=1)
        desk.clock.at += LOOK_EVERY_S
    assert 10 < 1000 - len(desk.channel.failures) < 25
