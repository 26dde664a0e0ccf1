"""What the transport under httpx must not get wrong: whether a request was sent, proxies, the pool, cancellation."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.errors import AgentUnreachable, StreamBroken
from bridge.domain.sessions import Conversation
from sandbox.talkifai.player import whole_body
from sandbox.talkifai.script import Answer
from tests.unit.adapters.talkifai.conftest import Building, Serving

_CONVERSATION = Conversation("c", "t")


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """A port at which connections stand and nothing is ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


async def _ask(base_url: str, build: Building, limits: TalkifaiLimits | None = None) -> None:
    async with build(base_url, limits=limits).ask(_CONVERSATION, "hello") as events:
        async for _ in events:
            continue


async def test_a_call_without_a_body_names_no_kind_of_one(serving: Serving, build: Building) -> None:
    """Some servers refuse bytes, which aiohttp would call it."""
    sent: list[tuple[str | None, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        sent.append((request.headers.get("Content-Type"), request.headers.get("Content-Length")))
        return web.json_response({"success": True})

    async with serving(answer) as base_url:
        await build(base_url).end(_CONVERSATION)
    assert sent == [(None, "0")]


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"no HTTP at all\r\n\r\n"])
async def test_a_connection_closed_after_the_request_leaves_open_whether_it_arrived(
    build: Building, said: bytes
) -> None:
    """S1: else the question would be sent twice."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"hello")
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(StreamBroken):
            await _ask(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", build)


async def test_a_connection_reset_after_the_request_leaves_open_whether_it_arrived(build: Building) -> None:
    """S1: with a reset instead of an end."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"hello")
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    async with server:
        with pytest.raises(StreamBroken):
            await _ask(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", build)


async def test_a_tls_handshake_that_fails_means_that_nothing_arrived(serving: Serving, build: Building) -> None:
    async def answer(_request: web.Request) -> web.Response:
        raise AssertionError("it is not asked")

    async with serving(answer) as base_url:
        with pytest.raises(AgentUnreachable):
            await _ask(base_url.replace("http:", "https:"), build)


async def test_a_name_without_an_address_means_that_nothing_arrived(build: Building) -> None:
    with pytest.raises(AgentUnreachable):
        await _ask("http://talkifai.invalid", build)


async def test_a_connection_that_does_not_come_about_in_time_means_that_nothing_arrived(
    build: Building, silent_port: int
) -> None:
    """S3: the connection stands, and TLS gets no answer."""
    with pytest.raises(AgentUnreachable):
        await _ask(f"https://127.0.0.1:{silent_port}", build, TalkifaiLimits(connect_s=0.2))


async def test_a_call_that_finds_no_free_connection_in_time_means_that_nothing_arrived(
    build: Building, silent_port: int
) -> None:
    limits = TalkifaiLimits(connections=1, connect_s=0.2)
    agent = build(f"http://127.0.0.1:{silent_port}", limits=limits)
    first = asyncio.ensure_future(agent.history(_CONVERSATION))
    await asyncio.sleep(0.05)
    with pytest.raises(AgentUnreachable):
        await agent.history(_CONVERSATION)
    first.cancel()
    await asyncio.wait([first])


async def test_a_cancelled_call_gives_its_connection_up_at_once(serving: Serving, build: Building) -> None:
    """S3: another call can be made, and the server notices."""
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/end"):
            return web.json_response({"success": True})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        asked.set()
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b": keep-alive\n\n")
            await asyncio.sleep(0.01)
        gone.set()
        return response

    async with serving(answer) as base_url:
        agent = build(base_url, limits=TalkifaiLimits(connections=1))

        async def ask() -> None:
            async with agent.ask(_CONVERSATION, "hello") as events:
                async for _ in events:
                    continue

        asking = asyncio.ensure_future(ask())
        await asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        await asyncio.wait_for(gone.wait(), 5)
        await agent.end(_CONVERSATION)


async def test_a_proxy_of_the_environment_is_used_and_one_that_refuses_means_that_nothing_arrived(
    serving: Serving, build: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def proxy(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.method} {request.raw_path}")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(whole_body(Answer.of("fine"), "Agent"))
        return response

    async with serving(proxy) as address:
        for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", address)
        monkeypatch.setenv("HTTPS_PROXY", address)
        await _ask("http://talkifai.invalid", build)
        assert asked == ["POST http://talkifai.invalid/v1/chat/sessions/c/messages"]
        with pytest.raises(AgentUnreachable):
            await _ask("https://talkifai.invalid", build)
        monkeypatch.setenv("NO_PROXY", "talkifai.invalid")
        with pytest.raises(AgentUnreachable):
            await _ask("http://talkifai.invalid", build)
    assert len([line for line in asked if line.startswith("POST")]) == 1


async def test_an_answer_that_runs_breaks_when_the_client_is_closed(serving: Serving, build: Building) -> None:
    """S3: aiohttp alone would leave its reader waiting for good."""
    begun = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        begun.set()
        await asyncio.sleep(5)
        return response

    async with serving(answer) as base_url:
        agent = build(base_url)

        async def ask() -> None:
            async with agent.ask(_CONVERSATION, "hello") as events:
                async for _ in events:
                    continue

        asking = asyncio.ensure_future(ask())
        await begun.wait()
        await asyncio.sleep(0.05)
        await agent.aclose()
        with pytest.raises(StreamBroken):
            await asyncio.wait_for(asking, 5)
