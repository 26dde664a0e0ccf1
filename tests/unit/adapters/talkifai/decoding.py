"""The real way from bytes to events, httpx-sse included, without a socket."""

from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.talkifai.error_mapping import Call
from adapters.talkifai.event_reader import BoundedText, EventReader, OverBounds
from adapters.talkifai.http import HttpResponse
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.stream_events import StreamEvent


class _Chunks(httpx.AsyncByteStream):
    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


@dataclass
class Decoded:
    """What came of some chunks."""

    reader: EventReader
    events: list[StreamEvent] = field(default_factory=list)
    fault: str = ""
    """Which bound was passed."""


def decoded(*chunks: bytes, limits: TalkifaiLimits | None = None) -> Decoded:
    """Decode all of it."""
    return _without_waiting(_decode(chunks, limits or TalkifaiLimits()))


async def _decode(chunks: Sequence[bytes], limits: TalkifaiLimits) -> Decoded:
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Chunks(chunks))
    text = BoundedText(limits.event_bytes)
    result = Decoded(EventReader(limits))
    try:
        async for wire in HttpResponse(Call.ASK, response).events(text):
            text.restart()
            event = result.reader.read(wire.event, wire.data)
            if event is not None:
                result.events.append(event)
    except OverBounds as bound:
        result.fault = str(bound)
    return result


def _without_waiting(work: Coroutine[Any, Any, Decoded]) -> Decoded:
    """Run a coroutine that waits for nothing: an event loop for each of thousands of examples would take long."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Decoded = end.value
        return result
    raise AssertionError("it waits for something")
