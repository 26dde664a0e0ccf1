"""A TCP proxy that a test cuts, freezes and slows down: the network between two programs."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CHUNK = 65536
_CLOSE_S = 5.0
_ROUNDS_TO_ACCEPT = 3


class Proxy:
    """Passes bytes between its clients and an upstream. Use as an async context manager.

    Args:
        connect: Opens one connection to the upstream.
        latency_s: How long each piece of data is on its way, in each direction.
        tls: Clients must speak TLS; the upstream hears plain bytes.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Streams]],
        *,
        latency_s: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._connect = connect
        self._latency_s = latency_s
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._is_cut = True
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._flows: list[asyncio.Event] = []
        self._links: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.answers_to_lose = 0
        """So many pieces of data from the upstream are dropped, and their connections broken."""

    @classmethod
    def to(cls, url: str, *, latency_s: float = 0.0, tls: ssl.SSLContext | None = None) -> Self:
        """Make a proxy to an address of the form `http://host:port/...`, `redis://host:port/0` or `unix:///path`."""
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return cls(lambda: asyncio.open_unix_connection(unquote(parts.path)), latency_s=latency_s, tls=tls)
        return cls(lambda: asyncio.open_connection(parts.hostname, parts.port), latency_s=latency_s, tls=tls)

    async def __aenter__(self) -> Self:
        await self.restore()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.thaw()
        for flow in self._flows:
            flow.set()
        await self.cut()
        if self._links:
            _, late = await asyncio.wait(self._links, timeout=_CLOSE_S)
            for link in late:
                link.cancel()

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._is_cut = True
        if self._server is not None:
            server, self._server = self._server, None
            for listening in server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            # A connection that is being taken goes through first: asyncio drops it open where its server is closed.
            for _ in range(_ROUNDS_TO_ACCEPT):
                await asyncio.sleep(0)
            server.close()
        self.break_connections()

    async def restore(self) -> None:
        """Take connections again, on the same port."""
        self._thawed.set()
        self._is_cut = False
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
            self.port = self._server.sockets[0].getsockname()[1]

    def break_connections(self) -> None:
        """Break the connections that are open; new ones are taken."""
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing through any more, though all connections seem to stand: they are half-open."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Let everything through that waited, and all that follows."""
        self._thawed.set()

    def strand(self) -> None:
        """Let nothing more through the connections that are open, though they seem to stand; new ones work."""
        for flow in self._flows:
            flow.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._links.add(task)
            task.add_done_callback(self._links.discard)
        self._writers.add(writer)
        try:
            await self._thawed.wait()
            upstream_reader, upstream_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(upstream_writer)
        if self._is_cut:
            self.break_connections()
        flow = asyncio.Event()
        flow.set()
        self._flows.append(flow)
        try:
            await asyncio.gather(
                self._pass(reader, upstream_writer, flow), self._pass(upstream_reader, writer, flow, is_answer=True)
            )
        finally:
            self._flows.remove(flow)
            for end in (writer, upstream_writer):
                end.transport.abort()
                self._writers.discard(end)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flow: asyncio.Event,
        *,
        is_answer: bool = False,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._latency_s:
                    await asyncio.sleep(self._latency_s)
                await self._thawed.wait()
                await flow.wait()
                if is_answer and self.answers_to_lose:
                    self.answers_to_lose -= 1
                    break
                writer.write(data)
                await writer.drain()
            else:
                if writer.can_write_eof():
                    writer.write_eof()
                else:
                    writer.close()  # TLS knows no half-closed connection
                return
        writer.transport.abort()
