"""Traces by OpenTelemetry: what is written down, and that nothing is where no one asked."""

import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.tracing.factory import open_tracer
from adapters.tracing.spans import OpenTelemetryTracer


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[OpenTelemetryTracer]:
    tracer = OpenTelemetryTracer(SimpleSpanProcessor(exporter), "talkifai-bridge")
    yield tracer
    tracer.close()


def _named(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def _trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def test_all_steps_of_a_question_are_one_trace_below_its_turn(
    tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter
) -> None:
    with tracer.intake("slack:1") as kept:
        kept.set({"became": "accepted"})
    with tracer.turn("slack:1", 1, 100.0) as turn:
        tracer.past("queue wait", 100.0, 101.5)
        with tracer.step("stream") as stream:
            stream.set({"events": 3})
        turn.set({"outcome": "answered"})
    spans = _named(exporter)
    root = spans["turn"]
    assert root.parent is None
    assert root.start_time == 100 * 10**9
    assert root.context is not None
    for name in ("intake", "queue wait", "stream"):
        assert _trace_of(spans[name]) == _trace_of(root)
        parent = spans[name].parent
        assert parent is not None
        assert parent.span_id == root.context.span_id
    assert (spans["queue wait"].start_time, spans["queue wait"].end_time) == (100 * 10**9, 1015 * 10**8)
    assert dict(spans["stream"].attributes or {}) == {"talkifai.events": 3}
    assert root.resource.attributes["service.name"] == "talkifai-bridge"


def test_a_turn_that_is_taken_up_again_is_in_the_same_trace(
    tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter
) -> None:
    with tracer.turn("slack:1", 1, 100.0):
        pass
    with tracer.turn("slack:1", 2, 100.0):
        pass
    with tracer.turn("slack:2", 1, 100.0):
        pass
    first, again, other = exporter.get_finished_spans()
    assert again.name == "turn again"
    assert _trace_of(first) == _trace_of(again) != _trace_of(other)
    assert again.parent is not None
    assert first.context is not None
    assert again.parent.span_id == first.context.span_id


def test_a_step_that_fails_says_how_and_keeps_the_words_inside(
    tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(RuntimeError), tracer.step("open"):
        raise RuntimeError("what a person wrote")
    span = _named(exporter)["open"]
    assert dict(span.attributes or {}) == {"error.type": "RuntimeError"}
    assert not span.status.is_ok
    assert "person wrote" not in span.to_json()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_nothing_is_written_where_no_one_asked(environment: dict[str, str]) -> None:
    with open_tracer(environment) as tracer:
        assert not tracer.is_on
        with tracer.turn("q", 1, 0.0) as turn, tracer.intake("q"), tracer.step("open") as step:
            turn.set({"a": 1})
            step.fail("x")
            tracer.past("queue wait", 0.0, 1.0)


def test_an_exporter_that_is_not_installed_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), open_tracer({"OTEL_TRACES_EXPORTER": "zipkin"}) as tracer:
        assert not tracer.is_on
    assert "zipkin is not installed, so no traces are written. Install talkifai-bridge[otel]" in caplog.text


@pytest.mark.parametrize("environment", [{"OTEL_TRACES_EXPORTER": "console"}, {"OTEL_TRACES_EXPORTER": "otlp"}])
def test_the_exporters_of_the_extra_are_found_by_their_standard_names(environment: dict[str, str]) -> None:
    with open_tracer(environment) as tracer:
        assert tracer.is_on
