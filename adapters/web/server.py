"""One small web server for all channels: they take paths of it, and `/health` says that the process is alive."""

import asyncio
import errno
import logging
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from adapters.web.bodies import BODY_WITHIN_S, Bodies, BodyRefused
from adapters.web.connections import HEAD_WITHIN_S, GuardedServer
from adapters.web.descriptors import most_connections
from adapters.web.refusals import LINE_EVERY_S, Refusals
from bridge.domain.errors import SettingWrong
from bridge.ports.http import Screen, WebAnswer, WebHandler, WebRequest

log = logging.getLogger(__name__)

_CLOSE_WITHIN_S = 3.0
_PORT_ERRORS = (errno.EADDRINUSE, errno.EACCES)
_JSON = ("Content-Type", "application/json; charset=utf-8")
_SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer: nothing of it is kept, framed, or read as something else, and no script of it runs."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """Bounds of what strangers may do."""

    connections: int = 0
    """How many may be open at once; 0: as many as the process can spare."""
    head_within_s: float = HEAD_WITHIN_S
    body_within_s: float = BODY_WITHIN_S


@dataclass(frozen=True, slots=True)
class _Route:
    handler: WebHandler
    method: str
    screen: Screen | None
    largest_body: int


class WebServer:
    """`WebRoutes` over HTTP. Use as an async context manager; TLS is left to the platform or a proxy.

    Args:
        port: Zero takes a free one.
        host: The address to listen on.
        settings: The settings of the port and the host, for errors.
        channels: Names below which paths belong to a channel, also while it does not serve them.
        limits: Bounds of what strangers may do.
    """

    def __init__(
        self,
        *,
        port: int,
        host: str,
        settings: tuple[str, str] = ("PORT", "BRIDGE_HOST"),
        channels: Iterable[str] = (),
        limits: WebLimits | None = None,
    ) -> None:
        self._settings = settings
        self._channels = tuple(f"/{name}/" for name in channels)
        self._host = host
        self._port = port
        self._limits = limits or WebLimits()
        self._routes: dict[str, _Route] = {}
        self._refusals = Refusals()
        self._bodies = Bodies(self._refusals, within_s=self._limits.body_within_s)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen. Raises `SettingWrong` where the port is taken, or the host is not this machine's."""
        most = self._limits.connections or most_connections()
        server = GuardedServer(
            self._answer, most=most, refusals=self._refusals, head_within_s=self._limits.head_within_s
        )
        runner = web.ServerRunner(server, shutdown_timeout=_CLOSE_WITHIN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            name = self._settings[error.errno not in _PORT_ERRORS]
            raise SettingWrong(name, f"cannot be listened on ({error.strerror})", "Choose a free one") from None
        self._stack.push_async_callback(runner.cleanup)
        self._port = runner.addresses[0][1]
        teller = asyncio.get_running_loop().create_task(self._tell_refusals())
        self._stack.push_async_callback(_cancelled, teller)
        log.info("the web server listens", extra={"host": self._host, "port": self._port, "connections": most})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @contextmanager
    def serve(
        self,
        path: str,
        handler: WebHandler,
        method: str = "POST",
        *,
        screen: Screen | None = None,
        largest_body: int = 0,
    ) -> Iterator[None]:
        """Give requests for this path to the handler inside a block. Raises `ValueError` where it is taken."""
        if path in self._routes:
            raise ValueError(f"{path} is served already")
        self._routes[path] = _Route(handler, method, screen, largest_body)
        try:
            yield
        finally:
            del self._routes[path]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await self._answered(request)
        headers = [*_SAFE_HEADERS.items(), *answer.headers]
        return web.Response(status=answer.status, body=answer.body.encode(), headers=headers)

    async def _answered(self, request: web.BaseRequest) -> WebAnswer:
        route = self._routes.get(request.path)
        if route is None:
            return self._unrouted(request)
        if request.method != route.method and (request.method, route.method) != ("HEAD", "GET"):
            return WebAnswer(405, headers=(("Allow", route.method),))
        headers = {name.lower(): value for name, value in request.headers.items()}
        if route.screen is not None and not route.screen(headers):
            self._refusals.count("unsigned")
            return WebAnswer(401)
        try:
            body = await self._bodies.read(request, route.largest_body)
        except BodyRefused as refused:
            return WebAnswer(refused.status)
        try:
            return await route.handler(WebRequest(headers, body, request.query_string))
        except Exception:  # the web's edge: whatever it is, the sender comes again and sees nothing of it
            log.exception("a request could not be handled")
            return WebAnswer(500)

    def _unrouted(self, request: web.BaseRequest) -> WebAnswer:
        if request.path == "/health":
            is_get = request.method in {"GET", "HEAD"}
            return (
                WebAnswer(200, '{"status": "ok"}', (_JSON,)) if is_get else WebAnswer(405, headers=(("Allow", "GET"),))
            )
        # A channel that is starting or stopping: the sender has to come again.
        return WebAnswer(503 if request.path.startswith(self._channels) else 404)

    async def _tell_refusals(self) -> None:
        while True:
            await asyncio.sleep(LINE_EVERY_S)
            self._refusals.tell()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
