"""Bytes of an answer to stream events, within bounds. Pure: no socket, no clock.

Lines are cut here; the rules of the fields (`data:`, `event:`, `id:`) are httpx-sse's, whose decoder is handed in.
It gives an empty event at each blank line once it has seen an `id:`; by the standard an event without data does
not exist, so those are passed over here. An event that the end of the stream cuts short is never given out.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.line_splitter import LineSplitter, OverBounds
from adapters.talkifai.payloads import SkippedEvent, fix_surrogates, read_event
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, TextDelta


class WireEvent(Protocol):
    """An event as it stood on the wire."""

    @property
    def event(self) -> str:
        """Its type."""
        ...

    @property
    def data(self) -> str:
        """Its `data:` lines, joined by LF."""
        ...


class FieldDecoder(Protocol):
    """Reads the lines of events, without their ends."""

    def decode(self, line: str) -> WireEvent | None:
        """Take one line; return the event that it completes."""
        ...


class StreamDecoder:
    """Folds an answer's bytes into events; nothing follows a `StreamEnded` or `StreamFailed`."""

    def __init__(self, fields: FieldDecoder, limits: TalkifaiLimits) -> None:
        self._fields = fields
        self._limits = limits
        self._lines = LineSplitter(limits.line_bytes)
        self._event_bytes = 0
        self._characters = 0
        self._high_surrogate = ""
        self.passed_over: Counter[SkippedEvent] = Counter()
        """How many events were passed over, by reason."""
        self.ended = False
        """True: the answer is whole or the agent gave up."""
        self.fault = ""
        """Which bound was passed; empty while all is well. Nothing is decoded after that."""

    def feed(self, chunk: bytes) -> Sequence[StreamEvent]:
        """Return the events that `chunk` completes. Passing a bound sets `fault`; earlier events still count."""
        events: list[StreamEvent] = []
        if self.ended or self.fault:
            return events
        try:
            for line in self._lines.feed(chunk):
                event = self._event_at(line)
                if event is not None:
                    events.append(event)
                if isinstance(event, StreamEnded | StreamFailed):
                    self.ended = True
                    break
        except OverBounds as bound:
            self.fault = str(bound)
        return events

    def _event_at(self, line: str) -> StreamEvent | None:
        if line.startswith(":"):
            return None
        self._event_bytes = self._event_bytes + len(line.encode()) if line else 0
        if self._event_bytes > self._limits.event_bytes:
            raise OverBounds(f"an event of the stream is over {self._limits.event_bytes} bytes")
        wire = self._fields.decode(line)
        if wire is None or not wire.data:
            return None
        event = read_event(wire.event, wire.data)
        if isinstance(event, SkippedEvent):
            self.passed_over[event] += 1
            return None
        return self._whole_text(event) if isinstance(event, TextDelta) else event

    def _whole_text(self, delta: TextDelta) -> TextDelta | None:
        """Keep back half of a character that the sender split over two chunks, and count the answer's length."""
        text = self._high_surrogate + delta.text
        self._high_surrogate = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        text = fix_surrogates(text.removesuffix(self._high_surrogate) if self._high_surrogate else text)
        self._characters += len(text)
        if self._characters > self._limits.answer_characters:
            raise OverBounds(f"the answer is over {self._limits.answer_characters} characters")
        return TextDelta(text) if text else None
