"""Why a worker is not ready, and what an operator should know although it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bridge.domain.errors import ChannelTokenRefused, StoreUnavailable
from bridge.ports.stores.coordination import MemoryUse, StoreFigures
from bridge.runtime.clock import SystemClock
from bridge.runtime.meter import Meter
from bridge.runtime.supervisor import Supervisor
from bridge.worker.health import Health

WELL = StoreFigures(0, 0, 0, 0, 0, 0.0, 0, {}, MemoryUse(1, 0))


class _Store:
    errors = 0

    def __init__(self, figures: StoreFigures | None) -> None:
        self._figures = figures

    async def figures(self) -> StoreFigures:
        if self._figures is None:
            raise StoreUnavailable("Redis does not answer (ConnectionError)")
        return self._figures

    async def memory(self) -> MemoryUse:
        return (await self.figures()).memory

    async def session_ages(self) -> Sequence[float]:
        await self.figures()
        return [1.0]


class _Channel:
    name = "fake"
    trouble = ""


class _Reaper:
    looked_at = 0.0


class SteadyClock(SystemClock):
    at = 0.0

    def monotonic(self) -> float:
        return self.at


def health_of(
    figures: StoreFigures | None = WELL,
    *,
    waiting: Mapping[int, Exception | None] | None = None,
    trouble: str = "",
    now: float = 1.0,
) -> Health:
    channel, clock = _Channel(), SteadyClock()
    channel.trouble, clock.at = trouble, now
    return Health(
        store=_Store(figures),
        reaper=_Reaper(),  # type: ignore[arg-type]  # only when it last looked is asked
        supervisor=Supervisor(clock),
        clock=clock,
        meter=Meter(),
        receivers=[channel],  # type: ignore[list-item]  # a receiver that no one starts
        waiting_for=lambda: waiting or {},
        live_turns=lambda: 0,
    )


async def test_a_worker_without_trouble_is_ready() -> None:
    assert await health_of().troubles() == {}
    assert await health_of().warnings() == {}


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (health_of(None), "Redis does not answer"),
        (health_of(waiting={0: None}), "fake: not connected"),
        (health_of(waiting={0: ChannelTokenRefused("FAKE_TOKEN: refused")}), "FAKE_TOKEN: refused"),
        (health_of(trouble="Slack: no socket is open"), "Slack: no socket is open"),
        (health_of(now=31.0), "no session was looked at for 31 s: idle ones stay open"),
        (health_of(replace(WELL, stuck_ends=2)), "2 conversations cannot be ended"),
        (health_of(replace(WELL, recent_orphans=1)), "1 conversation may be open that cannot be ended"),
    ],
    ids=["store", "not connected", "refused", "trouble", "reaper", "stuck ends", "orphans"],
)
async def test_each_trouble_is_said(health: Health, said: str) -> None:
    """P7: health says so."""
    assert list((await health.troubles()).values()) == [said]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (replace(WELL, memory=MemoryUse(71, 100)), "of 0.0 MB: when it is full, no question is taken any more"),
        (replace(WELL, dead_letters=1), "1 question is set aside: see `talkifai-bridge dead list`"),
    ],
    ids=["memory", "dead letters"],
)
async def test_what_is_no_trouble_yet_is_a_warning(figures: StoreFigures, said: str) -> None:
    assert said in next(iter((await health_of(figures).warnings()).values()))
    assert await health_of(figures).troubles() == {}


async def test_figures_are_none_while_the_store_is_away() -> None:
    assert await health_of(None).figures() is None
    assert await health_of(None).session_ages() == ()
    assert await health_of().session_ages() == [1.0]
