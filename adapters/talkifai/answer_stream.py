"""One running answer: the socket's chunks through the decoder, with the time limits of each phase."""

import asyncio
from collections import deque
from typing import Self

from adapters.talkifai.error_mapping import without_secrets
from adapters.talkifai.http import HttpResponse
from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.sse_decoder import StreamDecoder
from bridge.domain.errors import AgentUnavailable, StreamBroken
from bridge.domain.stream_events import StreamEvent, StreamFailed


class RunningAnswer:
    """An iterator of events that ends after the last one of the answer, and in no other way but `StreamBroken`."""

    def __init__(
        self, reply: HttpResponse, decoder: StreamDecoder, limits: TalkifaiLimits, *, sent_at: float, token: str
    ) -> None:
        """Take over an answer whose head has come.

        Args:
            reply: The answer. Closing this object closes it.
            decoder: A new one.
            limits: Times, counted from `sent_at`.
            sent_at: When the question was sent, in the event loop's time.
            token: The conversation's, to be kept out of what the agent says of a failure.
        """
        self._reply = reply
        self._token = token
        self._decoder = decoder
        self._limits = limits
        self._first_event_by = sent_at + limits.first_event_s
        self._whole_by = sent_at + limits.stream_s
        self._began = False
        self._ready: deque[StreamEvent] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        if not self._ready:
            await self._read_on()
        return self._ready.popleft()

    async def _read_on(self) -> None:
        """Read until there is an event. Raises `StopAsyncIteration` after the last one."""
        if self._decoder.ended:
            raise StopAsyncIteration
        now = asyncio.get_running_loop().time()
        event_by = now + self._limits.progress_s if self._began else self._first_event_by
        try:
            async with asyncio.timeout_at(min(event_by, self._whole_by)):
                while not self._ready:
                    await self._read_chunk()
        except TimeoutError:
            over = "the answer took too long" if self._whole_by < event_by else "the stream was silent for too long"
            raise StreamBroken(over) from None
        self._began = True

    async def _read_chunk(self) -> None:
        if self._decoder.fault:
            raise StreamBroken(self._decoder.fault)
        chunk = await self._reply.next_chunk()
        if chunk is None:
            raise StreamBroken("the stream ended before the answer did")
        for event in self._decoder.feed(chunk):
            self._ready.append(self._fit_for_logs(event) if isinstance(event, StreamFailed) else event)

    def _fit_for_logs(self, failed: StreamFailed) -> StreamFailed:
        return StreamFailed(without_secrets(failed.reason, [self._token]))

    async def aclose(self) -> None:
        """Let go of the connection: kept for other calls where the answer was whole, else closed at once."""
        try:
            if self._decoder.ended:
                await self._drain()
        finally:
            await self._reply.aclose()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._limits.drain_s):
                while await self._reply.next_chunk() is not None:
                    pass
        except (TimeoutError, AgentUnavailable):
            return
