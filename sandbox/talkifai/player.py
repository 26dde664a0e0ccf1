"""An answer on the wire: steps to server-sent events, cut off where a fault says so."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from itertools import repeat
from typing import Any, assert_never

from aiohttp import web

from sandbox.talkifai.script import Answer, End, Fail, Handoff, Hold, KeepAlive, Pause, Raw, Say, Step, Tool

KEEP_ALIVE = b": keep-alive\n\n"


def frame(event: str, data: Mapping[str, Any]) -> bytes:
    """Return one event as it stands on the wire."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def play(step: Step, pace: float) -> AsyncGenerator[bytes, None]:
    """Yield the step's part of the body piece by piece, with its pauses times `pace`."""
    if isinstance(step, Hold):
        await step.gate.hold()
    for body, pause_s in _pieces(step):
        if body:
            yield body
        await asyncio.sleep(pause_s * pace)


def stream_start(agent_name: str) -> bytes:
    """Return the event that begins every answer."""
    return frame("stream_start", {"agent_name": agent_name})


def whole_body(answer: Answer, agent_name: str) -> bytes:
    """Return the body of an answer at once."""
    pieces = (body for step in answer.steps for body, _ in _pieces(step))
    return stream_start(agent_name) + b"".join(pieces)


def _pieces(step: Step) -> Iterator[tuple[bytes, float]]:
    """Yield bytes and the seconds to wait after them."""
    match step:
        case Say(text, chunk, pause_s):
            for at in range(0, len(text), chunk):
                yield frame("chunk", {"delta": text[at : at + chunk]}), pause_s
        case Tool(name, duration_s):
            yield frame("tool_call", {"name": name, "status": "executing"}), duration_s
            yield frame("tool_result", {"name": name, "status": "completed"}), 0.0
        case Handoff(to_agent, from_agent, short):
            data = {"to": to_agent} if short else {"from_agent": from_agent, "to_agent": to_agent}
            yield frame("handoff", data), 0.0
        case Pause(seconds):
            yield b"", seconds
        case Hold():
            return
        case KeepAlive(count, every_s):
            yield from repeat((KEEP_ALIVE, every_s), count)
        case Raw(data=raw):
            yield raw, 0.0
        case Fail() | End():
            yield _last_frame(step), 0.0
        case _:
            assert_never(step)


def _last_frame(step: Fail | End) -> bytes:
    if isinstance(step, Fail):
        return frame("error", {"error": step.error})
    return frame("stream_end", {"usage": dict(step.usage), "end_session": step.end_session})


class Listener:
    """The reader's end of the stream, until it goes away or a fault cuts it off."""

    def __init__(self, request: web.Request, response: web.StreamResponse, cut_at_byte: int | None) -> None:
        self._request = request
        self._response = response
        self._left = cut_at_byte
        self.is_gone = False

    async def begin(self) -> None:
        """Send the head of the answer, where the reader is still there."""
        transport = self._request.transport
        try:
            if transport is None or transport.is_closing():
                self.is_gone = True
            else:
                await self._response.prepare(self._request)
        except ConnectionError:
            self.is_gone = True

    async def hear(self, body: bytes) -> None:
        """Write, as far as the reader is there and no cut comes first."""
        if self.is_gone:
            return
        transport = self._request.transport
        if transport is None or transport.is_closing():
            self.is_gone = True
            return
        cut = self._left is not None and len(body) >= self._left
        try:
            await self._response.write(body[: self._left] if cut else body)
        except ConnectionError:
            self.is_gone = True
            return
        if cut:
            self.cut_off()
        elif self._left is not None:
            self._left -= len(body)

    def cut_off(self) -> None:
        """Break the connection, after what was written."""
        self.is_gone = True
        break_off(self._request)


def break_off(request: web.Request) -> None:
    """Close the connection without a (further) word."""
    if request.transport is not None:
        request.transport.close()
