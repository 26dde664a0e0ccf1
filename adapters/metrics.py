"""What is watched of a worker, as Prometheus reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from bridge.ports.http import WebAnswer
from bridge.ports.stores.coordination import StoreFigures
from bridge.runtime.meter import BOUNDS_S, Durations, Meter

_PREFIX = "talkifai_bridge_"
_COUNTED = {
    "calls": ("calls", "Calls to services, by service and kind.", "scope"),
    "limited": ("limited", "Answers with 429, by service and kind.", "scope"),
    "end_failures": ("end_failures", "Tries to end a session that failed.", ""),
    "recoveries": ("recoveries", "Turns that were taken up again.", ""),
}
_SHARES = (0.5, 0.9, 1.0)
_TIMED = {
    "first_text": "Seconds from a question to its first text.",
    "final_text": "Seconds from a question to its whole answer.",
}
_SHARED = {
    "question": ("questions", "Messages taken in by all workers, by what became of them.", "became"),
    "turn": ("replies", "Questions settled by all workers, by outcome.", "outcome"),
    "session": ("sessions_ended", "Sessions ended by all workers, by reason.", "reason"),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one look at a worker has found."""

    figures: StoreFigures | None
    """None while Redis does not answer."""
    meter: Meter
    live_turns: int
    restarts: int
    store_errors: int = 0
    session_ages_s: Sequence[float] = ()
    """Of all open sessions, or of some by chance."""
    budgets: Mapping[str, int] = field(default_factory=dict)
    """What all people together may use on a day, by unit; 0: any number."""


def metrics_answer(snapshot: Snapshot) -> WebAnswer:
    """Return the answer to `GET /metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(snapshot))
    return WebAnswer(200, generate_latest(registry).decode(), (("Content-Type", CONTENT_TYPE_LATEST),))


class _Collector:
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield each metric, as the library asks for them."""
        found = self._snapshot
        yield _gauge("live_turns", "Turns that this worker has live.", found.live_turns)
        yield _gauge("redis_up", "Whether Redis answers.", int(found.figures is not None))
        yield CounterMetricFamily(f"{_PREFIX}restarts", "Background work that died and was restarted.", found.restarts)
        yield CounterMetricFamily(f"{_PREFIX}redis_errors", "Commands to Redis that failed.", found.store_errors)
        yield from _of_meter(found.meter)
        if found.figures is not None:
            yield from _of_store(found.figures)
            yield _ages(found.session_ages_s)
            yield _gauge_by("budget_used", "Used today by all people together.", "unit", found.figures.used_today)
            yield _gauge_by("budget_limit", "Allowed on a day; 0: any number.", "unit", found.budgets)


def _of_meter(meter: Meter) -> Iterator[Metric]:
    for name, (shown, help_text, label) in _COUNTED.items():
        values = {label_of: count for (counted, label_of), count in meter.counts.items() if counted == name}
        yield _counter(shown, help_text, label, values)
    for name, help_text in _TIMED.items():
        durations = meter.durations.get(name, Durations())
        buckets = zip((*map(str, BOUNDS_S), "+Inf"), durations.cumulated(), strict=True)
        family = HistogramMetricFamily(f"{_PREFIX}{name}_seconds", help_text)
        family.add_metric([], [(bound, float(count)) for bound, count in buckets], durations.total_s)
        yield family


def _of_store(figures: StoreFigures) -> Iterator[Metric]:
    for prefix, (name, help_text, label) in _SHARED.items():
        values = {
            counted.partition(".")[2]: count
            for counted, count in figures.counters.items()
            if counted.partition(".")[0] == prefix
        }
        yield _counter(name, help_text, label, values)
    yield _gauge("open_sessions", "Open sessions of all workers.", figures.open_sessions)
    yield _gauge("ends_waiting", "Sessions that are to be ended.", figures.ends_waiting)
    yield _gauge("stuck_ends", "Sessions whose end has failed twenty times.", figures.stuck_ends)
    yield _gauge("possible_orphans", "Sessions of the last 30 minutes that cannot be ended.", figures.recent_orphans)
    yield _gauge("queue_depth", "Threads that wait for a worker.", figures.queue_depth)
    yield _gauge("queue_age_seconds", "For how long the first of them waits.", figures.queue_age_s)
    yield _gauge("dead_letters", "Questions that were set aside.", figures.dead_letters)
    yield _gauge("redis_memory_used_bytes", "Memory that Redis uses.", figures.memory.used_bytes)
    yield _gauge("redis_memory_limit_bytes", "Memory that Redis may use; 0: no bound.", figures.memory.most_bytes)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", help_text, value)


def _gauge_by(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{_PREFIX}{name}", help_text, labels=[label])
    for value, amount in sorted(values.items()):
        family.add_metric([value], amount)
    return family


def _ages(ages_s: Sequence[float]) -> Metric:
    """Show how old open sessions are: the half, nine in ten, and all are at most so old."""
    ordered = sorted(ages_s)
    at = (
        {share: ordered[ceil(share * len(ordered)) - 1] for share in _SHARES}
        if ordered
        else dict.fromkeys(_SHARES, 0.0)
    )
    shown = {f"{share:g}": age for share, age in at.items()}
    return _gauge_by("open_session_age_seconds", "Age of open sessions.", "quantile", shown)


def _counter(name: str, help_text: str, label: str, values: Mapping[str, int]) -> Metric:
    if not label:
        return CounterMetricFamily(f"{_PREFIX}{name}", help_text, sum(values.values()))
    family = CounterMetricFamily(f"{_PREFIX}{name}", help_text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family
