"""HTTP to TalkifAI. The one module that knows httpx and httpx-sse, and that translates httpx's errors.

httpx runs on aiohttp's connections (httpx-aiohttp): a stream costs half the CPU of httpx's own. What that transport
says of an error is not enough: it calls a connection that the server closed in the middle of an answer one that did not
come about. So its cause is looked at here, since it decides whether a question may be sent again.

httpx logs every URL at INFO; conversation ids are in those URLs, keys and tokens never are.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_sse import EventSource, ServerSentEvent

from adapters.talkifai.error_mapping import Call
from adapters.talkifai.event_reader import BoundedText
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.errors import AgentUnavailable, AgentUnreachable, SettingWrong, StreamBroken

_ERROR_CHARACTERS = 200
_NOT_SENT = (
    aiohttp.ClientConnectorError,  # no address, refused, TLS, a proxy that cannot be reached
    aiohttp.ClientHttpProxyError,  # a proxy that refuses
    aiohttp.ConnectionTimeoutError,  # no connection in time, or none free
    aiohttp.InvalidURL,
)
"""What aiohttp raises before a request leaves. Anything else leaves open whether it arrived."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call, ready to be sent."""

    call: Call
    method: str
    path: str
    """Below the base address, already quoted."""
    headers: Mapping[str, str]
    payload: Mapping[str, Any] | None = None
    query: Mapping[str, int] | None = None


@contextmanager
def _translated(call: Call) -> Iterator[None]:
    """Turn httpx's and aiohttp's errors into ours. `from None`: a protocol error may quote a header."""
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, aiohttp.ClientError) as error:
        if isinstance(error.__cause__ or error, _NOT_SENT):
            raise AgentUnreachable(_sentence(call, "cannot be reached", error)) from None
        kind = StreamBroken if call is Call.ASK else AgentUnavailable
        raise kind(_sentence(call, "broke off", error)) from None


def _sentence(call: Call, what: str, error: Exception) -> str:
    cause = error.__cause__ or error
    return f"TalkifAI {what} ({call}): {type(cause).__name__}: {error}"[:_ERROR_CHARACTERS]


class HttpResponse:
    """An answer whose head has come. The body is read once, as events or whole; then it must be closed."""

    def __init__(self, call: Call, response: httpx.Response, is_open: "set[HttpResponse] | None" = None) -> None:
        """`is_open`: holds this answer until it is closed."""
        self._call = call
        self._response = response
        self._is_open = set() if is_open is None else is_open
        self._is_open.add(self)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with names in lower case."""
        return dict(self._response.headers.items())

    def events(self, text: BoundedText) -> AsyncGenerator[ServerSentEvent, None]:
        """Read the body as an event stream. Raises `OverBounds`, `AgentUnavailable`, for an ask `StreamBroken`."""
        return EventSource(_EventResponse(self._call, self._response, text)).aiter_sse()

    async def body(self, max_bytes: int) -> bytes:
        """Read the body up to just over `max_bytes`: a longer result tells that there was more.

        Raises `AgentUnavailable`, for an ask `StreamBroken`.
        """
        pieces: list[bytes] = []
        size = 0
        with _translated(self._call):
            async for chunk in self._response.aiter_raw():
                pieces.append(chunk)
                size += len(chunk)
                if size > max_bytes:
                    break
        return b"".join(pieces)

    async def aclose(self) -> None:
        """Let go of the connection: closed at once where the body was not read to its end."""
        self._is_open.discard(self)
        with suppress(httpx.HTTPError, httpx.StreamError, aiohttp.ClientError):
            await self._response.aclose()


class _EventResponse(httpx.Response):
    """What httpx-sse reads events from: the chunks as they come, as text within bounds."""

    def __init__(self, call: Call, response: httpx.Response, text: BoundedText) -> None:
        super().__init__(response.status_code, headers=response.headers, stream=response.stream)
        self._call = call
        self._bounded = text

    async def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """Yield the text of each chunk. httpx's own passes each chunk through three more steps."""
        del chunk_size
        if not isinstance(self.stream, httpx.AsyncByteStream):
            raise TypeError("an answer of an asynchronous client has an asynchronous stream")
        with _translated(self._call):
            async for chunk in self.stream:
                text = self._bounded.feed(chunk)
                if text:
                    yield text


class Transport:
    """One pool of connections to one address. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`."""

    def __init__(self, base_url: str, limits: TalkifaiLimits) -> None:
        # No read limit here: how long an answer may be silent is a matter of events, not of bytes.
        timeout = httpx.Timeout(connect=limits.connect_s, pool=limits.connect_s, write=None, read=None)
        self._limits = limits
        self._base_url = _checked_base(base_url)
        self._open: set[HttpResponse] = set()
        self._aiohttp = AiohttpTransport(client=self._new_session)
        # Compressed events would wait in the compressor, and a compressed body has no bound.
        headers = {"Accept-Encoding": "identity", "User-Agent": "talkifai-bridge"}
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.AsyncClient(
            headers=headers, timeout=timeout, transport=self._aiohttp, trust_env=False, cookies=no_cookies
        )

    def _new_session(self) -> aiohttp.ClientSession:
        """Make what the transport would make, but with proxies from the environment, and without cookies."""
        connector = aiohttp.TCPConnector(
            limit=self._limits.connections,
            keepalive_timeout=self._limits.idle_connection_s,
            ssl=self._aiohttp.ssl_context,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)

    async def send(self, request: Request) -> HttpResponse:
        """Send a request, once, and return when the head of the answer has come.

        Raises `AgentUnreachable`, or `AgentUnavailable`, which for an ask is `StreamBroken`.
        """
        content = None if request.payload is None else json.dumps(request.payload).encode()
        headers = dict(request.headers)
        if content is not None:
            headers["Content-Type"] = "application/json"
        with _translated(request.call):
            outgoing = self._client.build_request(
                request.method, self._base_url + request.path, headers=headers, content=content, params=request.query
            )
            return HttpResponse(request.call, await self._client.send(outgoing, stream=True), self._open)

    async def aclose(self) -> None:
        """Close all connections. Who reads an answer hears of it: aiohttp alone would leave them waiting."""
        for response in tuple(self._open):
            await response.aclose()
        await self._client.aclose()


def _checked_base(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingWrong("TALKIFAI_BASE_URL", "it is not an address", "Use https://api.talkifai.dev")
    return base_url.rstrip("/")
