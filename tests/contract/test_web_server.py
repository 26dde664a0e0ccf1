"""The web server that channels share, and what strangers can do to it."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from adapters.web import bodies
from adapters.web.descriptors import MOST_CONNECTIONS, RESERVED, most_connections
from adapters.web.refusals import Refusals
from adapters.web.server import WebLimits, WebServer
from bridge.domain.errors import SettingWrong
from bridge.ports.http import WebAnswer, WebRequest


async def _echo(request: WebRequest) -> WebAnswer:
    return WebAnswer(201, f"{request.headers['x-a']} {request.body.decode()}")


async def _fail(request: WebRequest) -> WebAnswer:
    raise RuntimeError(f"inner matter {request.body!r}")


async def test_a_path_is_served_as_long_as_its_block_lasts() -> None:
    listening = WebServer(port=0, host="127.0.0.1", channels=["telegram"])
    async with listening as server, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}"
        with server.serve("/telegram/100", _echo, largest_body=10):
            answered = await client.post(f"{url}/telegram/100", content=b"words", headers={"X-A": "b"})
            assert (answered.status_code, answered.text) == (201, "b words")
            assert (await client.get(f"{url}/telegram/100")).status_code == 405
            with pytest.raises(ValueError, match="already"), server.serve("/telegram/100", _echo):
                pass
        assert (await client.post(f"{url}/telegram/100")).status_code == 503
        assert (await client.post(f"{url}/elsewhere")).status_code == 404
        health = await client.get(f"{url}/health")
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        assert (await client.head(f"{url}/health")).status_code == 200
        assert (await client.post(f"{url}/health")).status_code == 405


async def test_a_failure_and_a_body_without_end_are_answered_and_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with WebServer(port=0, host="127.0.0.1") as server, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}/slack/events"
        with server.serve("/slack/events", _fail, largest_body=2_000_000), caplog.at_level(logging.ERROR):
            failed = await client.post(url, content=b"x")
            assert (failed.status_code, failed.text) == (500, "")
            assert (await client.post(url, content=b"x" * 3_000_000)).status_code == 413


async def test_a_port_that_is_taken_is_named() -> None:
    async with WebServer(port=0, host="127.0.0.1") as server:
        with pytest.raises(SettingWrong, match="PORT"):
            await WebServer(port=server.port, host="127.0.0.1").__aenter__()


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_SHORT = WebLimits(connections=20, head_within_s=0.3, body_within_s=0.3)


@pytest.fixture
async def strangers() -> AsyncIterator["Strangers"]:
    async with AsyncExitStack() as stack:
        yield Strangers(stack)


class Strangers:
    """Opens connections, and closes them at the end."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def send(self, port: int, sent: bytes) -> Stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self._stack.callback(writer.close)
        writer.write(sent)
        await writer.drain()
        return reader, writer


async def until_closed(stream: Stream) -> bytes:
    """Read until the server closes; return what it answered."""
    async with asyncio.timeout(10):
        try:
            return await stream[0].read()
        except ConnectionResetError:
            return b""


def head(body_bytes: int, path: str = "/slack/events") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: {body_bytes}\r\n\r\n".encode()


@pytest.mark.parametrize("sent", [b"", b"P", b"POST /slack/events HTTP/1.1\r\nX-A: "])
async def test_a_head_that_is_never_finished_is_given_up(strangers: Strangers, sent: bytes) -> None:
    """A17: half-sent requests."""
    async with WebServer(port=0, host="127.0.0.1", limits=_SHORT) as server:
        assert await until_closed(await strangers.send(server.port, sent)) == b""


async def test_a_head_that_is_never_finished_is_given_up_on_a_used_connection_too(strangers: Strangers) -> None:
    """A17: half-sent requests."""
    async with WebServer(port=0, host="127.0.0.1", limits=_SHORT) as server:
        reader, writer = await strangers.send(server.port, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in await reader.readline()
        await reader.readuntil(b"}")
        writer.write(b"GET /hea")
        assert await until_closed((reader, writer)) == b""


async def test_a_head_that_comes_drop_by_drop_is_given_up(strangers: Strangers) -> None:
    """A17: half-sent requests."""
    async with WebServer(port=0, host="127.0.0.1", limits=_SHORT) as server:
        reader, writer = await strangers.send(server.port, b"GET /health HTTP/1.1\r\nX-A: ")

        async def drip() -> None:
            while True:
                writer.write(b"a")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        try:
            assert await until_closed((reader, writer)) == b""
        finally:
            dripping.cancel()


async def test_a_body_that_is_never_finished_is_answered_and_closed(strangers: Strangers) -> None:
    """A17: half-sent bodies."""
    async with WebServer(port=0, host="127.0.0.1", limits=_SHORT) as server:
        with server.serve("/slack/events", _echo, largest_body=1000):
            answered = await until_closed(await strangers.send(server.port, head(1000) + b"x" * 500))
    assert answered.startswith(b"HTTP/1.1 408")


async def test_however_many_connections_wait_a_further_request_is_answered(strangers: Strangers) -> None:
    """A17: more connections than there may be; those that have not said what they want make room."""
    limits = WebLimits(connections=20, head_within_s=60.0, body_within_s=60.0)
    async with WebServer(port=0, host="127.0.0.1", limits=limits) as server, httpx.AsyncClient() as proxy:
        with server.serve("/slack/events", _echo, largest_body=1000):
            url = f"http://127.0.0.1:{server.port}"
            assert (await proxy.get(f"{url}/health")).status_code == 200
            waiting = [await strangers.send(server.port, b"POST /slack/events HTTP/1.1\r\nX-A: ") for _ in range(60)]
            waiting += [await strangers.send(server.port, head(1000) + b"x" * 500) for _ in range(60)]
            async with httpx.AsyncClient() as fresh:
                assert (await fresh.get(f"{url}/health")).status_code == 200
                answered = await fresh.post(f"{url}/slack/events", content=b"words", headers={"X-A": "b"})
                assert answered.text == "b words"
            assert [await until_closed(stream) for stream in waiting[:90]] == [b""] * 90
            # A connection that has brought requests, as a proxy's, outlives those that have not.
            assert (await proxy.get(f"{url}/health")).extensions["network_stream"] is not None


async def test_bodies_that_are_not_whole_yet_take_bounded_memory(
    strangers: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A17: half-sent bodies; the one that was begun first makes room."""
    monkeypatch.setattr(bodies.Bodies.__init__, "__kwdefaults__", {"within_s": 60.0, "most_bytes": 100_000})
    async with WebServer(port=0, host="127.0.0.1", limits=WebLimits(body_within_s=60.0)) as server:
        with server.serve("/slack/events", _echo, largest_body=60_000):
            waiting = [await strangers.send(server.port, head(60_000) + b"x" * 50_000) for _ in range(4)]
            assert await until_closed(waiting[0]) == b""
            async with httpx.AsyncClient() as client:
                url = f"http://127.0.0.1:{server.port}/slack/events"
                answered = await client.post(url, content=b"w" * 20, headers={"X-A": "b"})
                assert answered.text == "b " + "w" * 20


async def test_a_request_that_cannot_be_the_senders_is_refused_before_its_body(strangers: Strangers) -> None:
    """A1: by its headers alone."""
    async with WebServer(port=0, host="127.0.0.1") as server:
        screen = {"x-a": "right"}.items().__le__
        with server.serve("/telegram/1", _echo, screen=lambda given: screen(given.items()), largest_body=1000):
            reader, _ = await strangers.send(server.port, head(1000, "/telegram/1"))
            assert await reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
            reader, _ = await strangers.send(server.port, head(1001, "/telegram/1").replace(b": b", b": right"))
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "sent",
    [
        *(
            b"\x16\x03\x01\x02\x00\x01",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        ),
        b"POST /slack/events HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /slack/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"a%d: b\r\n" % number for number in range(200)) + b"\r\n",
    ],
)
async def test_what_is_no_http_is_answered_and_logged_once_a_minute_without_a_traceback(
    strangers: Strangers, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    """A17: malformed requests."""
    async with WebServer(port=0, host="127.0.0.1") as server:
        with server.serve("/slack/events", _echo, largest_body=1000):
            for _ in range(30):
                answered = await until_closed(await strangers.send(server.port, sent))
                assert answered.startswith(b"HTTP/1.") or not answered
                assert b" 400 " in answered.split(b"\r\n")[0] or not answered
                assert b"Server:" not in answered
    lines = [record for record in caplog.records if record.levelno > logging.INFO]
    assert [line.getMessage() for line in lines] == ["the web server refused requests (malformed: 1)"]
    assert all(record.exc_info is None for record in caplog.records)


async def test_refusals_are_counted_and_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    refusals = Refusals(lambda: now)
    for _ in range(1000):
        refusals.count("unsigned")
    refusals.count("malformed")
    now = 61.0
    refusals.tell()
    refusals.tell()
    said = [record.getMessage().partition("(")[2] for record in caplog.records]
    assert said == ["unsigned: 1)", "malformed: 1, unsigned: 999)"]


async def test_no_answer_tells_what_software_runs_or_is_kept_by_a_browser() -> None:
    async with WebServer(port=0, host="127.0.0.1") as server, httpx.AsyncClient() as client:
        for path in ("health", "elsewhere"):
            answered = await client.get(f"http://127.0.0.1:{server.port}/{path}")
            assert "server" not in answered.headers
            assert answered.headers["cache-control"] == "no-store"
            assert answered.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answered.headers["content-security-policy"]


@pytest.mark.parametrize(("limit", "most"), [(100_000, MOST_CONNECTIONS), (1024, 400), (512, 256), (256, 56), (64, 16)])
def test_the_process_keeps_descriptors_for_itself(monkeypatch: pytest.MonkeyPatch, limit: int, most: int) -> None:
    """A17: more connections than descriptors."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert most_connections() == most
    assert limit - most >= min(RESERVED, limit // 2)


async def test_a_host_that_is_not_of_this_machine_is_named() -> None:
    with pytest.raises(SettingWrong, match="BRIDGE_HOST"):
        await WebServer(port=0, host="192.0.2.1").__aenter__()
