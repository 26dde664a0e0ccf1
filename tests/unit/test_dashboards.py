"""The dashboard and the alert rules ask for metrics that there are."""

import re
from pathlib import Path

import pytest

from adapters.metrics import Snapshot, metrics_answer
from bridge.ports.stores.coordination import MemoryUse, StoreFigures
from bridge.runtime.meter import Meter

_DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", ["prometheus-rules.yml", "grafana-dashboard.json"])
def test_every_metric_that_is_asked_for_exists(name: str) -> None:
    counters = {"turn.answered": 1, "question.accepted": 1, "session.idle": 1}
    figures = StoreFigures(1, 0, 0, 0, 0, 0.0, 0, counters, MemoryUse(1, 2))
    meter = Meter()
    for counted in ("calls", "limited", "recoveries"):
        meter.count(counted, "slack")
    shown = metrics_answer(Snapshot(figures, meter, 1, 0)).body
    asked = set(re.findall(r"talkifai_bridge_\w+", (_DOCS / name).read_text(encoding="utf-8")))

    assert len(asked) > 7
    assert {metric for metric in asked if not re.search(rf"^{metric}[ {{]", shown, re.MULTILINE)} == set()
