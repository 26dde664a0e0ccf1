"""Which event loop a worker runs on."""

import sys

import pytest

from bridge.app.event_loop import new_event_loop


def test_a_worker_runs_on_uvloop_where_it_is_installed_and_on_pythons_own_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("uvloop")
    for package in ("uvloop", "asyncio"):
        loop = new_event_loop()
        assert type(loop).__module__.startswith(package)
        loop.close()
        monkeypatch.setitem(sys.modules, "uvloop", None)
