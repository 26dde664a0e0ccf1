import pytest

from bridge.domain.errors import ChannelTokenRefused
from bridge.runtime.supervisor import Supervisor
from tests.virtual_time import LoopClock, run_virtually


def test_background_work_that_dies_is_started_again_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """P7: a background task dies: restarted and counted."""
    tries: list[int] = []

    async def work() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise ZeroDivisionError

    async def run() -> Supervisor:
        supervisor = Supervisor(LoopClock())
        await supervisor.keep_running("worker bee", work)
        return supervisor

    supervisor = run_virtually(run())
    assert len(tries) == 4
    assert supervisor.restarts["worker bee"] == 3
    assert caplog.text.count("started again") == 3


def test_a_misconfiguration_is_not_tried_again() -> None:
    async def work() -> None:
        raise ChannelTokenRefused("SLACK_BOT_TOKEN: refused")

    async def run() -> None:
        await Supervisor(LoopClock()).keep_running("receiver", work)

    with pytest.raises(ChannelTokenRefused):
        run_virtually(run())
