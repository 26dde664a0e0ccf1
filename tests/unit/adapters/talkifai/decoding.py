"""The real way from bytes to events, httpx-sse included, without a socket."""

from dataclasses import dataclass, field

from adapters.talkifai.event_reader import EventReader
from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.wire_events import OverBounds, WireEvents
from bridge.domain.stream_events import StreamEvent


@dataclass
class Decoded:
    """What came of some chunks."""

    reader: EventReader
    events: list[StreamEvent] = field(default_factory=list)
    fault: str = ""
    """Which bound was passed."""


def decoded(*chunks: bytes, limits: TalkifaiLimits | None = None) -> Decoded:
    """Decode all of it."""
    limits = limits or TalkifaiLimits()
    wire = WireEvents(limits.event_bytes)
    result = Decoded(EventReader(limits))
    try:
        for chunk in chunks:
            for event in wire.feed(chunk):
                read = result.reader.read(event.event, event.data)
                if read is not None:
                    result.events.append(read)
    except OverBounds as bound:
        result.fault = str(bound)
    return result
