"""Spans by OpenTelemetry's SDK. Needs the extra `otel`.

A turn's trace has the same id in every worker: it is made from the question's id.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from threading import Thread
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision

from bridge import __version__
from bridge.ports.tracing import Attributes

_NANO = 1e9
_SENT_WITHIN_S = 2.0


class _Ids(RandomIdGenerator):
    """Random ids, but for the span that is the root of a turn."""

    def __init__(self) -> None:
        self.wanted: ContextVar[tuple[int, int] | None] = ContextVar("wanted", default=None)

    def generate_trace_id(self) -> int:
        """Return a trace's id."""
        wanted = self.wanted.get()
        return wanted[0] if wanted else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Return a span's id."""
        wanted = self.wanted.get()
        return wanted[1] if wanted else super().generate_span_id()


class OpenTelemetryTracer:
    """The `Tracer` port on OpenTelemetry's SDK."""

    is_on = True

    def __init__(self, processor: SpanProcessor, service_name: str) -> None:
        """Hand every span to the processor. The sampler is the one that `OTEL_TRACES_SAMPLER` names."""
        self._ids = _Ids()
        resource = Resource.create({"service.name": service_name, "service.version": __version__})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("talkifai-bridge", __version__)
        self._turn: ContextVar[trace.Span | None] = ContextVar("turn", default=None)

    @contextmanager
    def turn(self, question_id: str, attempt: int, asked_at: float) -> Iterator["OpenSpan"]:
        """As `Tracer.turn`. The first attempt is the root of the trace, and later ones are below it."""
        began = round(asked_at * _NANO)
        if attempt == 1:
            wanted = self._ids.wanted.set(_ids_of(question_id))
            span = self._tracer.start_span("turn", start_time=began)
            self._ids.wanted.reset(wanted)
        else:
            span = self._tracer.start_span("turn again", self._root(question_id), start_time=began)
        before = self._turn.set(span)
        try:
            with _ending(span) as opened:
                yield opened
        finally:
            self._turn.reset(before)

    def intake(self, question_id: str) -> AbstractContextManager["OpenSpan"]:
        """As `Tracer.intake`."""
        return _ending(self._tracer.start_span("intake", self._root(question_id)))

    def step(self, name: str) -> AbstractContextManager["OpenSpan"]:
        """As `Tracer.step`."""
        return _ending(self._tracer.start_span(name, self._above()))

    def past(self, name: str, began_at: float, ended_at: float) -> None:
        """As `Tracer.past`."""
        span = self._tracer.start_span(name, self._above(), start_time=round(began_at * _NANO))
        span.end(round(max(began_at, ended_at) * _NANO))

    def close(self) -> None:
        """Send what is written down, for a moment: a collector that is away must not hold up a stop."""
        sending = Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_SENT_WITHIN_S)

    def _above(self) -> Any:
        turn = self._turn.get()
        return None if turn is None else trace.set_span_in_context(turn)

    def _root(self, question_id: str) -> Any:
        """Return a context below the root span of the question's trace, which another worker may write."""
        trace_id, span_id = _ids_of(question_id)
        sampled = self._provider.sampler.should_sample(None, trace_id, "turn").decision
        flags = trace.TraceFlags.SAMPLED if sampled is Decision.RECORD_AND_SAMPLE else trace.TraceFlags.DEFAULT
        root = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(flags))
        return trace.set_span_in_context(trace.NonRecordingSpan(root))


class OpenSpan:
    """The `Span` port around one of OpenTelemetry's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, attributes: Attributes) -> None:
        """As `Span.set`."""
        self._span.set_attributes({f"talkifai.{name}": value for name, value in attributes.items()})

    def fail(self, kind: str) -> None:
        """As `Span.fail`. The words of an error stay inside: they might repeat what was said."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(trace.StatusCode.ERROR)


@contextmanager
def _ending(span: trace.Span) -> Iterator[OpenSpan]:
    opened = OpenSpan(span)
    try:
        yield opened
    except BaseException as error:
        opened.fail(type(error).__name__)
        raise
    finally:
        span.end()


def _ids_of(question_id: str) -> tuple[int, int]:
    """Return the ids of a turn's trace and of its root span."""
    digest = hashlib.sha256(question_id.encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1
