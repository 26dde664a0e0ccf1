"""Chunks that come within a moment are read together, and nothing is lost or late by more than that."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
import trustme
from aiohttp import web

from adapters.talkifai.limits import TalkifaiLimits
from bridge.app.event_loop import new_event_loop
from bridge.domain.errors import StreamBroken
from bridge.domain.sessions import Conversation
from bridge.domain.stream_events import StreamEnded, StreamEvent, TextDelta, ToolStarted
from tests.unit.adapters.talkifai.conftest import Building, Serving

Listening = Callable[[bytes, asyncio.Event, bytes], AbstractAsyncContextManager[str]]

_CONVERSATION = Conversation("c", "t")
_AT_ONCE = TalkifaiLimits(gather_after_s=0, gather_s=0.3)
_NEVER = TalkifaiLimits(gather_after_s=0, gather_s=60)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
_END = b"event: stream_end\ndata: {}\n\n"


def chunk(text: str) -> bytes:
    return f'event: chunk\ndata: {{"delta": "{text}"}}\n\n'.encode()


@pytest.fixture(params=["plain", "tls"])
def listening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Listening:
    """Serve one answer: its beginning, after an event the rest, and at once the end of the connection."""
    context = None
    if request.param == "tls":
        authority = trustme.CA()
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        monkeypatch.setattr("adapters.http_transport._certificates", lambda: trusting)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)

    @asynccontextmanager
    async def listen(begins: bytes, seen: asyncio.Event, rest: bytes) -> AsyncIterator[str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"hello")
            writer.write(_HEAD + begins)
            await seen.wait()
            for piece in rest.splitlines(keepends=True):
                writer.write(piece)
                await writer.drain()
            writer.transport.abort()  # over TLS without its goodbye, as a load balancer does

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        async with server:
            yield f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    return listen


async def _read(events: AsyncIterator[StreamEvent], seen: asyncio.Event) -> list[StreamEvent]:
    """Read all; the server goes on once the first event has been read, while the reader rests."""
    read = [await anext(events)]
    asyncio.get_running_loop().call_later(0.02, seen.set)
    return [*read, *[event async for event in events]]


def test_what_comes_before_the_other_side_hangs_up_is_read_together_and_whole(
    listening: Listening, build: Building
) -> None:
    """S1: on the worker's own loop; uvloop would drop it over TLS, were the connection itself made to wait."""

    async def run() -> list[StreamEvent]:
        seen = asyncio.Event()
        async with listening(chunk("a"), seen, chunk("b") + chunk("c") + _END) as base_url:
            agent = build(base_url, limits=_AT_ONCE)
            async with agent.ask(_CONVERSATION, "hello") as events:
                read = await _read(events, seen)
            await agent.aclose()
            return read

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(run()) == [TextDelta("a"), TextDelta("bc"), StreamEnded()]


def _sends(*pieces: bytes, goes_on: bool = False) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.01)
        while goes_on and request.transport is not None and not request.transport.is_closing():
            await response.write(chunk("more"))
            await asyncio.sleep(0.01)
        return response

    return answer


async def test_the_first_texts_are_read_when_they_come(serving: Serving, build: Building) -> None:
    limits = TalkifaiLimits(gather_after_s=60, gather_s=60)
    async with (
        serving(_sends(chunk("a"), chunk("b"), chunk("c"), _END)) as base_url,
        build(base_url, limits=limits).ask(_CONVERSATION, "hello") as events,
        asyncio.timeout(5),
    ):
        assert "".join([event.text async for event in events if isinstance(event, TextDelta)]) == "abc"


async def test_what_comes_before_the_first_text_does_not_make_it_wait(serving: Serving, build: Building) -> None:
    tool = b'event: tool_call\ndata: {"name": "search"}\n\n'
    async with (
        serving(_sends(tool, tool, chunk("a"), _END)) as base_url,
        build(base_url, limits=_NEVER).ask(_CONVERSATION, "hello") as events,
        asyncio.timeout(5),
    ):
        assert [await anext(events) for _ in range(3)] == [ToolStarted("search"), ToolStarted("search"), TextDelta("a")]


async def test_an_answer_that_is_given_up_while_its_chunks_gather_lets_go_at_once(
    serving: Serving, build: Building
) -> None:
    """S3: the server notices, and the connection's place is free for another call."""
    async with serving(_sends(goes_on=True)) as base_url:
        agent = build(base_url, limits=replace(_NEVER, connections=1))

        async def ask() -> None:
            async with agent.ask(_CONVERSATION, "hello") as events:
                async for _ in events:
                    begun.set()

        for _ in range(2):
            begun = asyncio.Event()
            asking = asyncio.ensure_future(ask())
            async with asyncio.timeout(5):
                await begun.wait()
                await asyncio.sleep(0.05)
                asking.cancel()
                await asyncio.wait([asking])
            assert asking.cancelled()


async def test_an_answer_whose_chunks_gather_breaks_when_the_client_is_closed(
    serving: Serving, build: Building
) -> None:
    """S3: and does not wait for them."""
    async with serving(_sends(goes_on=True)) as base_url:
        agent = build(base_url, limits=_NEVER)
        async with agent.ask(_CONVERSATION, "hello") as events:
            await anext(events)
            reading = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0.05)
            await agent.aclose()
            with pytest.raises(StreamBroken):
                await asyncio.wait_for(reading, 5)


async def test_a_server_that_falls_silent_is_noticed_though_chunks_gather(serving: Serving, build: Building) -> None:
    """S3: the limit of silence counts on."""

    async def silent(request: web.Request) -> web.StreamResponse:
        response = await _sends(chunk("a"))(request)
        await asyncio.sleep(5)
        return response

    limits = TalkifaiLimits(gather_after_s=0, gather_s=0.05, progress_s=0.2)
    async with (
        serving(silent) as base_url,
        build(base_url, limits=limits).ask(_CONVERSATION, "hello") as events,
        asyncio.timeout(3),
    ):
        assert await anext(events) == TextDelta("a")
        with pytest.raises(StreamBroken, match="silent"):
            await anext(events)
