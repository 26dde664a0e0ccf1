"""httpx on aiohttp's connections: a stream costs half the CPU of httpx's own, a small call a quarter.

httpx-aiohttp does the work. It falls short in one thing that decides whether a question or a post may be sent again: it
calls a connection that the server closed in the middle of an answer one that did not come about. So the cause of each
error is looked at here. No error holds an address: Telegram's have the bot's token in them.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from ssl import SSLContext

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""What is raised where nothing of a request has left the process. Anything else leaves open whether it arrived."""
_NOT_SENT_CAUSES = (
    aiohttp.ClientConnectorError,  # no address, refused, TLS, a proxy that cannot be reached
    aiohttp.ClientHttpProxyError,  # a proxy that refuses
    aiohttp.InvalidURL,
)


class HttpTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient(transport=…)`. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.

    It may be closed and used again, as python-telegram-bot does.

    Args:
        connections: How many there are at most; further requests wait as long as for a connection that is made.
        idle_connection_s: How long an unused one is kept: less than servers do, so that no request meets one that is
            being closed.
    """

    def __init__(self, *, connections: int, idle_connection_s: float = 4.0) -> None:
        self._connections = connections
        self._idle_connection_s = idle_connection_s
        self._aiohttp = self._new_transport()
        self._streams: set[_Stream] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return when the head of its answer has come."""
        with _true_errors():
            response = await self._aiohttp.handle_async_request(request)
        stream = _Stream(response, self._streams)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close all connections. Who reads an answer hears of it: aiohttp alone would leave them waiting."""
        for stream in tuple(self._streams):
            await stream.aclose()
        closing, self._aiohttp = self._aiohttp, self._new_transport()
        await closing.aclose()

    def _new_transport(self) -> AiohttpTransport:
        return AiohttpTransport(verify=_ssl_context(), client=self._new_session)

    def _new_session(self) -> aiohttp.ClientSession:
        """Make what the transport would make, but with proxies from the environment, and without cookies."""
        connector = aiohttp.TCPConnector(
            limit=self._connections, keepalive_timeout=self._idle_connection_s, ssl=_ssl_context()
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)


class _Stream(httpx.AsyncByteStream):
    """A body, with true errors."""

    def __init__(self, response: httpx.Response, is_open: "set[_Stream]") -> None:
        self._response = response
        self._is_open = is_open
        is_open.add(self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the chunks as they come."""
        stream = self._response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport has asynchronous streams")
        with _true_errors():
            async for chunk in stream:
                yield chunk

    async def aclose(self) -> None:
        """Let go of the connection: closed at once where the body was not read to its end."""
        self._is_open.discard(self)
        with _true_errors():
            await self._response.aclose()


@cache
def _ssl_context() -> SSLContext:
    """Make one for all: it takes tens of milliseconds, and some memory."""
    return httpx.create_ssl_context()


@contextmanager
def _true_errors() -> Iterator[None]:
    """Raise httpx's errors as they truly are, without their causes."""
    try:
        yield
    except (httpx.HTTPError, aiohttp.ClientError) as error:
        raise _true_error(error.__cause__ or error) from None


def _true_error(cause: BaseException) -> httpx.HTTPError:
    kind = type(cause).__name__
    if isinstance(cause, aiohttp.ConnectionTimeoutError):  # no connection in time, or none free
        return httpx.ConnectTimeout(kind)
    if isinstance(cause, _NOT_SENT_CAUSES):
        reason = f": {cause.strerror}" if isinstance(cause, OSError) and cause.strerror else ""
        return httpx.ConnectError(f"{kind}{reason}")
    if isinstance(cause, aiohttp.SocketTimeoutError):
        return httpx.ReadTimeout(kind)
    return httpx.ReadError(kind)
