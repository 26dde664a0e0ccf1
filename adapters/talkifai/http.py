"""HTTP to TalkifAI. The one module that sends with httpx, and that translates httpx's errors.

httpx logs every URL at INFO; conversation ids are in those URLs, keys and tokens never are.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import orjson

from adapters.http_transport import BODY, NOT_SENT, Body, Connections, HttpTransport
from adapters.talkifai.error_mapping import Call
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.errors import AgentUnavailable, AgentUnreachable, SettingWrong, StreamBroken

_ERROR_CHARACTERS = 200
# Compressed events would wait in the compressor, and a compressed body has no bound.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "talkifai-bridge"}
_JSON = {"Content-Type": "application/json"}


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


def _translated(call: Call, error: httpx.HTTPError | httpx.InvalidURL) -> AgentUnavailable:
    """Return what httpx's error is to us. Raise it `from None`: a protocol error may quote a header."""
    if isinstance(error, NOT_SENT):
        return AgentUnreachable(_sentence(call, "cannot be reached", error))
    kind = StreamBroken if call is Call.ASK else AgentUnavailable
    return kind(_sentence(call, "broke off", error))


def _sentence(call: Call, what: str, error: Exception) -> str:
    return f"TalkifAI {what} ({call}): {type(error).__name__}: {error}"[:_ERROR_CHARACTERS]


class HttpResponse:
    """An answer whose head has come. The body is read once; then it must be closed."""

    def __init__(self, call: Call, response: httpx.Response) -> None:
        self._call = call
        self._response = response
        self._body: Body = response.extensions[BODY]
        self.status = response.status_code
        """The HTTP status."""
        self.headers: Mapping[str, str] = dict(response.headers.items())
        """The headers, with names in lower case."""

    async def read(self) -> bytes:
        """Return what has come of the body, once something has; nothing at its end.

        Raises `AgentUnavailable`, for an ask `StreamBroken`.
        """
        try:
            return await self._body.read()
        except httpx.HTTPError as error:
            raise _translated(self._call, error) from None

    def rest(self) -> None:
        """Let what comes gather for a moment: several chunks then cost one read."""
        self._body.rest()

    async def body(self, max_bytes: int) -> bytes:
        """Read the body up to just over `max_bytes`: a longer result tells that there was more. Raises as `read`."""
        pieces: list[bytes] = []
        size = 0
        while size <= max_bytes and (piece := await self.read()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    async def aclose(self) -> None:
        """Let go of the connection: closed at once where the body was not read to its end."""
        with suppress(httpx.HTTPError, httpx.StreamError):
            await self._response.aclose()


class _Cookies(httpx.Cookies):
    """None. httpx's own reads each answer in search of them, even where the jar may keep none."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them."""


class _Client(httpx.AsyncClient):
    """A client without cookies."""

    @property
    def cookies(self) -> httpx.Cookies:
        """None."""
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        del cookies
        raise AttributeError("this client keeps no cookies")


_NO_COOKIES = _Cookies()


class Transport:
    """One pool of connections to one address."""

    def __init__(self, base_url: str, limits: TalkifaiLimits) -> None:
        self._base_url = _checked_base(base_url)
        # No read limit here: how long an answer may be silent is a matter of events, not of bytes.
        timeout = httpx.Timeout(connect=limits.connect_s, pool=limits.connect_s, write=None, read=None)
        self._extensions = {"timeout": timeout.as_dict()}
        self._client = _Client(transport=HttpTransport(Connections(limits.connections, gather_s=limits.gather_s)))

    async def send(self, request: Request) -> HttpResponse:
        """Send a request, once, and return when the head of the answer has come.

        Raises `AgentUnreachable`, or `AgentUnavailable`, which for an ask is `StreamBroken`.
        """
        headers, body = {**_HEADERS, **request.headers}, b""
        if request.payload is not None:
            headers, body = {**_JSON, **headers}, orjson.dumps(request.payload)
        url = self._base_url + request.path
        try:
            # As a stream: what the client would add to address and headers, aiohttp adds anyway.
            outgoing = httpx.Request(
                request.method,
                _parsed(url) if request.query is None else url,
                params=request.query,
                headers=headers,
                stream=httpx.ByteStream(body),
                extensions=self._extensions,
            )
            return HttpResponse(request.call, await self._client.send(outgoing, stream=True))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translated(request.call, error) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


@lru_cache(256)
def _parsed(url: str) -> httpx.URL:
    """Read an address: that takes as long as all else of a request."""
    return httpx.URL(url)


def _checked_base(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingWrong("TALKIFAI_BASE_URL", "it is not an address", "Use https://api.talkifai.dev")
    return base_url.rstrip("/")
