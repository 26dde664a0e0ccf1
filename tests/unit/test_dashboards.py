"""The dashboard and the alert rules ask for metrics that there are."""

import re
from pathlib import Path

import pytest

from adapters.metrics import Snapshot, metrics_answer
from bridge.ports.stores.coordination import MemoryUse, StoreFigures
from bridge.runtime.meter import Meter

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def _figures() -> StoreFigures:
    counters = {"turn.answered": 1, "question.accepted": 1, "session.idle": 1}
    return StoreFigures(1, 0, 0, 0, 0, 0.0, 0, counters, MemoryUse(1, 2), {"messages": 3})


def _shown() -> str:
    """Return what `/metrics` answers where everything has happened."""
    meter = Meter()
    for counted in ("calls", "limited", "recoveries", "end_failures"):
        meter.count(counted, "slack")
    return metrics_answer(Snapshot(_figures(), meter, 1, 0, budgets={"messages": 9})).body


@pytest.mark.parametrize("name", ["prometheus-rules.yml", "grafana-dashboard.json"])
def test_every_metric_that_is_asked_for_exists(name: str) -> None:
    shown = _shown()
    asked = set(re.findall(r"talkifai_bridge_\w+", (_DOCS / name).read_text(encoding="utf-8")))

    assert len(asked) > 9
    assert {metric for metric in asked if not re.search(rf"^{metric}[ {{]", shown, re.MULTILINE)} == set()


def test_every_metric_is_in_the_docs_and_every_one_in_the_docs_exists() -> None:
    page = (_DOCS / "operating.md").read_text(encoding="utf-8")
    table = page.partition("| metrics | scope |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    shown = set(re.findall(r"^# TYPE talkifai_bridge_(\w+)", _shown(), re.MULTILINE))
    assert named == {name for name in shown if not name.endswith("_created")}


def test_the_age_of_open_sessions_is_shown_by_quantiles() -> None:
    ages = [float(age) for age in range(1, 11)]
    shown = metrics_answer(Snapshot(_figures(), Meter(), 0, 0, session_ages_s=ages)).body
    for quantile, age in (("0.5", 5.0), ("0.9", 9.0), ("1", 10.0)):
        assert f'talkifai_bridge_open_session_age_seconds{{quantile="{quantile}"}} {age}' in shown
