"""A turn of the real bridge is one trace at a collector, without a word of what was said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.scenario.messengers import SlackMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_TURN = {"turn", "intake", "queue wait", "open", "stream", "first text", "final text"}


@asynccontextmanager
async def _collector() -> AsyncIterator[tuple[str, list[Span]]]:
    """Take OTLP over HTTP; yields the address and the spans that come."""
    spans: list[Span] = []

    async def take(request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        spans.extend(span for one in sent.resource_spans for part in one.scope_spans for span in part.spans)
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", spans
    await runner.cleanup()


async def test_a_turn_is_one_trace_and_its_attributes_are_ids_and_counts(own_scene: Scene) -> None:
    slack = SlackMessenger(own_scene)
    async with _collector() as (address, spans):
        bridge = await own_scene.start_bridge(
            "run --end-sessions", OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_EXPORTER_OTLP_COMPRESSION="none"
        )
        talk = await slack.ask_directly("hello canary")
        await slack.until_said(talk, "You asked: hello canary")
        await slack.book.until(lambda: "turn settled" in own_scene.log)
        assert await bridge.stop() == 0

    (record,) = own_scene.stage.talkifai.book.records
    (turn,) = [span for span in spans if span.name == "turn"]
    of_turn = [span for span in spans if span.trace_id == turn.trace_id]
    assert {span.name for span in of_turn} >= _TURN
    assert all(span.parent_span_id == turn.span_id for span in of_turn if span is not turn)
    (end,) = [span for span in spans if span.name == "end"]
    assert record.id in str(end)
    facts = {one.key: one.value for one in turn.attributes}
    assert facts["talkifai.outcome"].string_value == "answered"
    assert facts["talkifai.conversation"].string_value == record.id
    assert facts["talkifai.attempt"].int_value == 1
    assert "canary" not in str(spans)
    (stream,) = [span for span in of_turn if span.name == "stream"]
    assert {one.key: one.value.int_value for one in stream.attributes}["talkifai.characters"] > 0
