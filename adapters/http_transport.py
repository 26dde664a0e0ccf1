"""HTTP on aiohttp's connections, and httpx on top of them: a stream costs a third of the CPU of httpx's own.

All errors are httpx's. None holds an address: Telegram's have the bot's token in them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext, get_default_verify_paths
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from bridge.domain.errors import SettingWrong

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""What is raised where nothing of a request has left the process. Anything else leaves open whether it arrived."""
_NOT_SENT_CAUSES = (
    aiohttp.ClientConnectorError,  # no address, refused, TLS, a proxy that cannot be reached
    aiohttp.ClientHttpProxyError,  # a proxy that refuses
    aiohttp.InvalidURL,
)
_NO_TYPE = ("Content-Type",)
"""aiohttp calls a body that is not there bytes; some servers refuse these."""
_TURNS_OF_THE_LOOP = 2
"""So the loop sees which connections have been closed meanwhile: whether a request on such a one arrived is unknown."""


BODY = "body"
"""The extension of a response that holds its `Body`: its own stream passes each chunk through more steps."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long a request may wait for each of its steps, in seconds; None for without end."""

    pool: float | None = None
    """For a connection, one that has to be made included."""
    connect: float | None = None
    read: float | None = None
    """For the next bytes of the answer."""


class _Beats:
    """Moments at which all are read that let their bytes gather: one timer for all, and none while nothing gathers."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next: asyncio.Event | None = None
        self._paused: list[asyncio.Transport] = []

    def next(self) -> asyncio.Event:
        """Return what is set at the next beat."""
        if self._next is None:
            self._next = asyncio.Event()
            asyncio.get_running_loop().call_later(self._every_s, self._strike)
        return self._next

    def pause(self, transport: asyncio.Transport) -> None:
        """Leave what comes to the kernel until the next beat. Safe where it is closed meanwhile."""
        self.next()
        transport.pause_reading()
        self._paused.append(transport)

    def _strike(self) -> None:
        if self._next is not None:
            self._next.set()
        paused, self._next, self._paused = self._paused, None, []
        for transport in paused:
            transport.resume_reading()


class Connections:
    """A pool of connections. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.

    It may be closed and used again. Redirects, cookies and encodings are not followed, kept or undone.

    Args:
        most: How many there are; further requests wait as long as for a connection that is made.
        idle_s: How long an unused one is kept: less than servers do, so that no request meets one that is being closed.
        gather_s: How long at most a body that rests waits for its next read.
    """

    def __init__(self, most: int, idle_s: float = 4.0, gather_s: float = 0.05) -> None:
        self._most = most
        self._idle_s = idle_s
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[tuple[str, ...], httpx.Proxy | None] = {}
        self._answers: set[aiohttp.ClientResponse] = set()
        self._gather_s = gather_s
        self.beats = _Beats(gather_s)
        """When bodies that rest are read again."""

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | aiohttp.FormData | None, times: Times
    ) -> aiohttp.ClientResponse:
        """Send a request and return when the head of its answer has come. The caller releases it.

        Raises `httpx.HTTPError`: one of `NOT_SENT` where nothing was sent.
        """
        proxy = self._proxy_for(url)
        for _ in range(_TURNS_OF_THE_LOOP):
            await asyncio.sleep(0)
        with true_errors():
            answer = await self._opened().request(
                method,
                url,
                headers=headers,
                data=body,
                skip_auto_headers=_NO_TYPE if body is None else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(connect=times.pool, sock_connect=times.connect, sock_read=times.read),
                proxy=None if proxy is None else str(proxy.url),
                proxy_auth=None if proxy is None or proxy.auth is None else aiohttp.BasicAuth(*proxy.auth),
            )
        self._answers.add(answer)
        return answer

    def release(self, answer: aiohttp.ClientResponse) -> None:
        """Let go of a connection: closed at once where the body was not read to its end. Safe to repeat."""
        self._answers.discard(answer)
        answer.release()

    async def aclose(self) -> None:
        """Close all connections. Who reads an answer hears of it: aiohttp alone would leave them waiting."""
        for answer in tuple(self._answers):
            self.release(answer)
        self.beats = _Beats(self._gather_s)
        closing, self._session = self._session, None
        if closing is not None:
            await closing.close()

    def _opened(self) -> aiohttp.ClientSession:
        """Make the session on first use.

        Its own look for proxies is left off: it reads them, and a `.netrc` file, anew for every request, in a thread.
        """
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._most, keepalive_timeout=self._idle_s, ssl=_certificates())
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    def _proxy_for(self, url: str) -> httpx.Proxy | None:
        """Return the proxy that the environment names for an address. It is read once."""
        origin = tuple(url.split("/", 3)[:3])
        if origin not in self._proxies:
            parsed = httpx.URL("/".join(origin))
            address = None if proxy_bypass(parsed.host) else getproxies().get(parsed.scheme)
            self._proxies[origin] = httpx.Proxy(address) if address else None
        return self._proxies[origin]


class HttpTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient(transport=…)`. It may be closed and used again."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return when the head of its answer has come."""
        wanted = request.extensions.get("timeout", {})
        times = Times(wanted.get("pool"), wanted.get("connect"), wanted.get("read"))
        body = await request.aread() or None
        answer = await self._connections.send(request.method, str(request.url), request.headers, body, times)
        answered = Body(answer, self._connections)
        # A name that comes several times is one entry for each.
        return httpx.Response(
            answer.status, headers=list(answer.raw_headers), stream=answered, extensions={BODY: answered}
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()


class Body(httpx.AsyncByteStream):
    """A body."""

    def __init__(self, answer: aiohttp.ClientResponse, connections: Connections) -> None:
        self._answer = answer
        self._content = answer.content
        self._connections = connections
        self._beats = connections.beats
        self._beat: asyncio.Event | None = None
        """What the next read waits for."""

    def rest(self) -> None:
        """Let what comes gather: the next read waits for the next beat. Not where the end has been read."""
        connection = self._answer.connection
        transport = None if connection is None else connection.transport
        if transport is None:
            return
        if transport.get_extra_info("ssl_object") is None:
            self._beats.pause(transport)
        else:
            # Not paused: uvloop drops what has come over TLS when the other side hangs up meanwhile.
            self._beat = self._beats.next()

    async def read(self) -> bytes:
        """Return what has come, once something has; nothing at the end. Raises `httpx.HTTPError`."""
        if self._beat is not None:
            beat, self._beat = self._beat, None
            await beat.wait()
        try:
            return await self._content.readany()
        except aiohttp.ClientError as error:
            raise _true_error(error) from None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come."""
        while chunk := await self.read():
            yield chunk

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._connections.release(self._answer)


@cache
def _certificates() -> SSLContext | bool:
    """Trust the system's file of certificates, which aiohttp has read; else those of httpx. A second set takes 1 MB.

    Raises `SettingWrong` where the environment names certificates that cannot be read.
    """
    if get_default_verify_paths().cafile:
        return True
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        remedy = "Name a readable file of PEM certificates, or unset it"
        raise SettingWrong("SSL_CERT_FILE", f"its certificates cannot be read ({error.strerror})", remedy) from None


@contextmanager
def true_errors() -> Iterator[None]:
    """Turn aiohttp's errors into httpx's, without their causes."""
    try:
        yield
    except aiohttp.ClientError as error:
        raise _true_error(error) from None


def _true_error(cause: aiohttp.ClientError) -> httpx.HTTPError:
    """Tell whether a request was sent. The order counts: some errors are of several kinds."""
    kind = type(cause).__name__
    if isinstance(cause, aiohttp.ConnectionTimeoutError):  # no connection in time, or none free
        return httpx.ConnectTimeout(kind)
    if isinstance(cause, _NOT_SENT_CAUSES):
        reason = f": {cause.strerror}" if isinstance(cause, OSError) and cause.strerror else ""
        return httpx.ConnectError(f"{kind}{reason}")
    if isinstance(cause, aiohttp.SocketTimeoutError):
        return httpx.ReadTimeout(kind)
    return httpx.ReadError(kind)
