"""Says whether traces are written, and makes what writes them."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

from bridge.ports.tracing import NoTracer, Tracer

log = logging.getLogger(__name__)

_EXTRA = "talkifai-bridge[otel]"
_EXPORTERS = {"otlp": "otlp_proto_http"}
"""Names of the standard, and those under which packages offer an exporter. Others stand for themselves."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@contextmanager
def open_tracer(environment: Mapping[str, str] = os.environ) -> Iterator[Tracer]:
    """Yield what the standard `OTEL_…` variables ask for. At the end of the block what is written down is sent."""
    name = _exporter_of(environment)
    exporter = _load(name) if name else None
    if exporter is None:
        if name:
            log.warning("OTEL_TRACES_EXPORTER: %s is not installed, so no traces are written. Install %s", name, _EXTRA)
        yield NoTracer()
        return
    # Imported late: they need not be there, and take a while.
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - the reason stands above

    from adapters.tracing.spans import OpenTelemetryTracer  # noqa: PLC0415 - the same

    tracer = OpenTelemetryTracer(
        BatchSpanProcessor(exporter()), environment.get("OTEL_SERVICE_NAME") or "talkifai-bridge"
    )
    log.info("traces are written: OTEL_TRACES_EXPORTER = %s", name)
    try:
        yield tracer
    finally:
        tracer.close()


def _exporter_of(environment: Mapping[str, str]) -> str:
    """Return the exporter that is asked for; empty for none. The standard's default counts where it has an address."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    default = "otlp" if any(environment.get(variable) for variable in _ENDPOINTS) else "none"
    asked = environment.get("OTEL_TRACES_EXPORTER") or default
    return "" if asked == "none" else asked


def _load(name: str) -> Any:
    """Return the class of an exporter; None where no package offers it."""
    found = entry_points(group="opentelemetry_traces_exporter", name=_EXPORTERS.get(name, name))
    return next(iter(found)).load() if found else None
