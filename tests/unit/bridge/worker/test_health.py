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

_WELL = StoreFigures(0, 0, 0, 0, 0, 0.0, 0, {}, MemoryUse(1, 0))


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


class _Clock(SystemClock):
    at = 0.0

    def monotonic(self) -> float:
        return self.at


def _health(
    figures: StoreFigures | None = _WELL,
    *,
    waiting: Mapping[int, Exception | None] | None = None,
    trouble: str = "",
    now: float = 1.0,
) -> Health:
    channel, clock = _Channel(), _Clock()
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
    assert await _health().troubles() == {}
    assert await _health().warnings() == {}


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (_health(None), "Redis does not answer"),
        (_health(waiting={0: None}), "fake: not connected"),
        (_health(waiting={0: ChannelTokenRefused("FAKE_TOKEN: refused")}), "FAKE_TOKEN: refused"),
        (_health(trouble="Slack: no socket is open"), "Slack: no socket is open"),
        (_health(now=31.0), "no session was looked at for 31 s: idle ones stay open"),
        (_health(replace(_WELL, stuck_ends=2)), "2 conversations cannot be ended"),
        (_health(replace(_WELL, recent_orphans=1)), "1 conversation may be open that cannot be ended"),
    ],
    ids=["store", "not connected", "refused", "trouble", "reaper", "stuck ends", "orphans"],
)
async def test_each_trouble_is_said(health: Health, said: str) -> None:
    """P7: health says so."""
    assert list((await health.troubles()).values()) == [said]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (replace(_WELL, memory=MemoryUse(71, 100)), "of 0.0 MB: when it is full, no question is taken any more"),
        (replace(_WELL, dead_letters=1), "1 question is set aside: see `talkifai-bridge dead list`"),
    ],
    ids=["memory", "dead letters"],
)
async def test_what_is_no_trouble_yet_is_a_warning(figures: StoreFigures, said: str) -> None:
    assert said in next(iter((await _health(figures).warnings()).values()))
    assert await _health(figures).troubles() == {}


async def test_figures_are_none_while_the_store_is_away() -> None:
    assert await _health(None).figures() is None
    assert await _health(None).session_ages() == ()
    assert await _health().session_ages() == [1.0]
