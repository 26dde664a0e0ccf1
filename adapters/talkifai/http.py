"""HTTP to TalkifAI. The one module that knows httpx and httpx-sse, and that translates httpx's errors.

httpx logs every URL at INFO; conversation ids are in those URLs, keys and tokens never are.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

from adapters.http_transport import NOT_SENT, Connections, HttpTransport
from adapters.talkifai.error_mapping import Call
from adapters.talkifai.event_reader import BoundedText
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.errors import AgentUnavailable, AgentUnreachable, SettingWrong, StreamBroken

_ERROR_CHARACTERS = 200


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
    """Turn httpx's errors into ours. `from None`: a protocol error may quote a header."""
    try:
        yield
    except NOT_SENT as error:
        raise AgentUnreachable(_sentence(call, "cannot be reached", error)) from None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        kind = StreamBroken if call is Call.ASK else AgentUnavailable
        raise kind(_sentence(call, "broke off", error)) from None


def _sentence(call: Call, what: str, error: Exception) -> str:
    return f"TalkifAI {what} ({call}): {type(error).__name__}: {error}"[:_ERROR_CHARACTERS]


class HttpResponse:
    """An answer whose head has come. The body is read once, as events or whole; then it must be closed."""

    def __init__(self, call: Call, response: httpx.Response) -> None:
        self._call = call
        self._response = response

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
        with suppress(httpx.HTTPError, httpx.StreamError):
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
    """One pool of connections to one address."""

    def __init__(self, base_url: str, limits: TalkifaiLimits) -> None:
        # No read limit here: how long an answer may be silent is a matter of events, not of bytes.
        timeout = httpx.Timeout(connect=limits.connect_s, pool=limits.connect_s, write=None, read=None)
        self._base_url = _checked_base(base_url)
        # Compressed events would wait in the compressor, and a compressed body has no bound.
        headers = {"Accept-Encoding": "identity", "User-Agent": "talkifai-bridge"}
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=timeout,
            transport=HttpTransport(Connections(limits.connections)),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

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
            return HttpResponse(request.call, await self._client.send(outgoing, stream=True))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _checked_base(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingWrong("TALKIFAI_BASE_URL", "it is not an address", "Use https://api.talkifai.dev")
    return base_url.rstrip("/")
