"""One small web server for all channels: they take paths of it, and `/health` says that the process is alive."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from aiohttp import web

from bridge.domain.errors import SettingWrong
from bridge.ports.http import WebAnswer, WebHandler, WebRequest

log = logging.getLogger(__name__)

_LARGEST_BODY = 2 * 2**20
"""Bytes; a larger body is answered with 413. An update of Telegram has a few kilobytes."""
_CLOSE_WITHIN_S = 3.0


class WebServer:
    """`WebRoutes` over HTTP. Use as an async context manager; TLS is left to the platform or a proxy.

    Args:
        port: Zero takes a free one.
        host: The address to listen on.
        setting: The setting of the port.
        channels: Names below which paths belong to a channel, also while it does not serve them.
    """

    def __init__(
        self,
        *,
        port: int,
        host: str = "0.0.0.0",  # noqa: S104 - it is there to be reached
        setting: str = "PORT",
        channels: Iterable[str] = (),
    ) -> None:
        self._setting = setting
        self._channels = tuple(f"/{name}/" for name in channels)
        self._host = host
        self._port = port
        self._handlers: dict[str, tuple[str, WebHandler]] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen. Raises `SettingWrong` where the port is taken."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_get("/health", self._health)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_WITHIN_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SettingWrong(
                self._setting, f"cannot be listened on ({error.strerror})", "Choose a free one"
            ) from None
        self._port = self._runner.addresses[0][1]
        log.info("the web server listens", extra={"port": self._port})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @contextmanager
    def serve(self, path: str, handler: WebHandler, method: str = "POST") -> Iterator[None]:
        """Give requests for this path to the handler inside a block. Raises `ValueError` where somebody has it."""
        if path in self._handlers:
            raise ValueError(f"{path} is served already")
        self._handlers[path] = (method, handler)
        try:
            yield
        finally:
            del self._handlers[path]

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _answer(self, request: web.Request) -> web.Response:
        method_and_handler = self._handlers.get(request.path)
        if method_and_handler is None:
            # A channel that is starting or stopping: whoever sends has to come again.
            return web.Response(status=503 if request.path.startswith(self._channels) else 404)
        method, handler = method_and_handler
        if request.method != method:
            return web.Response(status=405, headers={"Allow": method})
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            answer = await handler(WebRequest(headers, body, request.query_string))
        except Exception:  # the web's edge: whatever it is, the sender comes again and sees nothing of it
            log.exception("a request could not be handled")
            answer = WebAnswer(500)
        return web.Response(status=answer.status, body=answer.body.encode(), headers=answer.headers)
