"""python-telegram-bot's HTTP, on aiohttp's connections: calls as JSON, only those with files as forms.

The library's own encodes every value twice and builds a request and a response of httpx for each call.
"""

import json
from typing import Any

import aiohttp
import httpx
import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from adapters.http_transport import Connections, Times, true_errors
from adapters.telegram import limits

_HEADERS = {"User-Agent": BaseRequest.USER_AGENT}
_JSON = {**_HEADERS, "Content-Type": "application/json"}


class AiohttpRequest(BaseRequest):
    """`telegram.request.BaseRequest` with at most so many connections."""

    def __init__(self, connections: int) -> None:
        self._connections = Connections(connections)
        self._is_open = True

    @property
    def read_timeout(self) -> float:
        """The usual one, in seconds."""
        return limits.READ_TIMEOUT_S

    async def initialize(self) -> None:
        """Take calls. Safe to repeat."""
        self._is_open = True

    async def shutdown(self) -> None:
        """Take no calls and close all connections, until it is initialised again. Safe to repeat."""
        self._is_open = False
        await self._connections.aclose()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Send a call; return its status and body. Raises `TimedOut`, `NetworkError`, each caused by httpx's error."""
        if not self._is_open:
            raise NetworkError("the client is closed")
        headers, body = _headers_and_body(request_data)
        del write_timeout  # no step of its own: an answer that does not come ends it
        times = Times(
            pool=_given(pool_timeout, limits.POOL_TIMEOUT_S),
            connect=_given(connect_timeout, limits.CONNECT_TIMEOUT_S),
            read=_given(read_timeout, limits.READ_TIMEOUT_S),
        )
        try:
            answer = await self._connections.send(method, url, headers, body, times)
            try:
                with true_errors():
                    return answer.status, await answer.read()
            finally:
                self._connections.release(answer)
        except httpx.TimeoutException as error:
            raise TimedOut from error
        except httpx.HTTPError as error:
            raise NetworkError(str(error)) from error

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer. Raises `TelegramError`. The library's own logs what it cannot read."""
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            answer = _leniently(payload)
        if not isinstance(answer, dict) or (answer.get("ok") and "result" not in answer):
            raise TelegramError("Invalid server response")
        return answer


def _headers_and_body(data: RequestData | None) -> tuple[dict[str, str], bytes | aiohttp.FormData | None]:
    if data is None:
        return _HEADERS, None
    if not data.contains_files:
        return _JSON, orjson.dumps(data.parameters)
    form = aiohttp.FormData(data.json_parameters)
    for name, (file_name, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=kind)
    return _HEADERS, form


def _leniently(payload: bytes) -> Any:
    """Read JSON with bytes that are not UTF-8, or with half characters."""
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except ValueError:
        return None


def _given(value: Any, usual: float) -> float | None:
    seconds: float | None = usual if value is BaseRequest.DEFAULT_NONE else value
    return seconds
