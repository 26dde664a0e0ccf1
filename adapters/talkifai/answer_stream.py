"""One running answer: the socket's events, with the time limits of each phase."""

import asyncio
from collections import deque
from typing import Self

from adapters.talkifai.error_mapping import without_secrets
from adapters.talkifai.event_reader import EventReader
from adapters.talkifai.http import HttpResponse
from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.wire_events import OverBounds, WireEvents
from bridge.domain.errors import AgentUnavailable, StreamBroken
from bridge.domain.stream_events import StreamEvent, StreamFailed, TextDelta

_SILENT, _TOO_LONG = "the stream was silent for too long", "the answer took too long"


class RunningAnswer:
    """An iterator of events that ends after the last one of the answer, and in no other way but `StreamBroken`.

    One timer watches over all of it. It is not set anew for each event: it looks, when it goes off, at how long the
    stream has been silent, and breaks the connection or sets itself again.
    """

    def __init__(
        self, response: HttpResponse, reader: EventReader, limits: TalkifaiLimits, *, sent_at: float, token: str
    ) -> None:
        """Take over an answer whose head has come.

        Args:
            response: The answer. Closing this object closes it.
            reader: A new one.
            limits: Times, counted from `sent_at`.
            sent_at: When the question was sent, in the event loop's time.
            token: The conversation's, to be kept out of what the agent says of a failure.
        """
        self._response = response
        self._token = token
        self._reader = reader
        self._limits = limits
        self._wire = WireEvents(limits.event_bytes)
        self._events: deque[StreamEvent] = deque()
        """What has been read and not taken yet."""
        self._fault = ""
        """What breaks the stream once they are taken."""
        self._gathers_from: float | None = None
        """From then on chunks are read together; None before the first text."""
        self._loop = asyncio.get_running_loop()
        self._event_by = sent_at + limits.first_event_s
        self._whole_by = sent_at + limits.stream_s
        self._is_reading = False
        self._late = ""
        self._closing: asyncio.Task[None] | None = None
        self._timer = self._loop.call_at(min(self._event_by, self._whole_by), self._look)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if not self._events:
            if self._reader.ended:
                raise StopAsyncIteration
            await self._read_on()
        return self._events.popleft()

    async def _read_on(self) -> None:
        """Wait until events have come. Raises `StreamBroken`."""
        if self._loop.time() > self._whole_by:
            raise StreamBroken(_TOO_LONG)
        self._is_reading = True
        if self._gathers_from is not None and self._loop.time() >= self._gathers_from:
            self._response.rest()
        try:
            while not (self._events or self._fault) and (chunk := await self._response.read()):
                self._take_in(chunk)
        except StreamBroken:
            if not self._late:
                raise
        finally:
            self._is_reading = False
        if not self._events:
            raise StreamBroken(self._fault or self._late or "the stream ended before the answer did")
        self._event_by = self._loop.time() + self._limits.progress_s
        if self._event_by < self._timer.when():
            # Once: the first event may take longer than any later one.
            self._timer.cancel()
            self._timer = self._loop.call_at(self._event_by, self._look)

    def _take_in(self, chunk: bytes) -> None:
        """Read a chunk's events. Those before a fault count."""
        texts: list[str] = []
        try:
            for wire in self._wire.feed(chunk):
                event = self._reader.read(wire.event, wire.data)
                if isinstance(event, TextDelta):
                    texts.append(event.text)
                elif event is not None:
                    self._add_text(texts)
                    self._events.append(self._fit_for_logs(event) if isinstance(event, StreamFailed) else event)
        except OverBounds as bound:
            self._fault = str(bound)
        self._add_text(texts)

    def _add_text(self, texts: list[str]) -> None:
        """Make one event of texts that came together: all that follows costs by the event."""
        if texts:
            if self._gathers_from is None:
                self._gathers_from = self._loop.time() + self._limits.gather_after_s
            self._events.append(TextDelta("".join(texts)))
            texts.clear()

    def _look(self) -> None:
        now = self._loop.time()
        if not self._is_reading:
            # A slow reader is no silent agent: the agent has its whole time again.
            self._event_by = now + self._limits.progress_s
        due = min(self._event_by, self._whole_by if self._whole_by > now or self._is_reading else self._event_by)
        if now < due:
            self._timer = self._loop.call_at(due, self._look)
            return
        self._late = _TOO_LONG if self._whole_by < self._event_by else _SILENT
        self._closing = self._loop.create_task(self._response.aclose())

    def _fit_for_logs(self, failed: StreamFailed) -> StreamFailed:
        return StreamFailed(without_secrets(failed.reason, [self._token]))

    async def aclose(self) -> None:
        """Let go of the connection: kept for other calls where the answer was whole, else closed at once."""
        self._timer.cancel()
        try:
            if self._reader.ended:
                await self._drain()
        finally:
            await self._response.aclose()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._limits.drain_s):
                while await self._response.read():
                    pass
        except (TimeoutError, AgentUnavailable):
            return
