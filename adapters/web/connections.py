"""Connections with bounds: how many there are, how long a request's head may take, and what is logged of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from adapters.web.refusals import Refusals

HEAD_WITHIN_S = 10.0
"""For the first line and the headers of a request, from the connection or from the first byte on."""
_IDLE_S = 75.0
"""How long a connection may wait for its next request, as in nginx: a proxy uses it again."""
_DISCARD_S = 2.0
"""How long an unwanted body is read: closed at once, the sender might not see the answer."""
_BUFFER_BYTES = 2**14
_LONGEST_LINE, _MOST_HEADERS = 8_190, 100

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(RequestHandler):
    """One connection."""

    __slots__ = ("_deadline", "_guard", "_reads_body")

    def __init__(self, guard: "GuardedServer", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            guard,
            loop=loop,
            keepalive_timeout=_IDLE_S,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
            lingering_time=_DISCARD_S,
            read_bufsize=_BUFFER_BYTES,
            auto_decompress=False,
        )
        self._guard = guard
        self._deadline: asyncio.TimerHandle | None = None
        self._reads_body = False

    @property
    def waits(self) -> bool:
        """Whether the client has to send something before there is anything to answer."""
        return self._reads_body or (self._current_request is None and not self._messages)

    @property
    def is_new(self) -> bool:
        """Whether it has brought no request yet, or no whole one."""
        return self._request_count == 0 or self._reads_body

    @contextmanager
    def reading_body(self) -> Iterator[None]:
        """Note inside a block that a body is being read."""
        self._reads_body = True
        try:
            yield
        finally:
            self._reads_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place among the connections."""
        super().connection_made(transport)
        self._start_deadline()
        self._guard.enter(self)

    def data_received(self, data: bytes) -> None:
        """Read, and see that a head that was begun is finished in time."""
        if self._deadline is None and self.waits and not self._reads_body:
            self._start_deadline()
        super().data_received(data)
        if self._messages or self._current_request is not None:
            self._stop_deadline()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place up."""
        self._stop_deadline()
        self._guard.leave(self)
        super().connection_lost(exc)

    def log_exception(self, *args: object, **kw: object) -> None:
        """Count what aiohttp could not answer. What is wrong on our side was logged by the server."""
        del args, kw
        self._guard.refusals.count("unanswerable")

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP with the status alone."""
        del exc, message
        self._guard.refusals.count("malformed")
        if request.writer.output_size > 0:
            raise ConnectionError("the answer was begun already")
        answer = web.Response(status=status)
        answer.force_close()
        return answer

    def drop(self, reason: str) -> None:
        """Close the connection at once, and count why."""
        self._guard.refusals.count(reason)
        self._guard.leave(self)
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()

    def _start_deadline(self) -> None:
        self._stop_deadline()
        self._deadline = self._loop.call_later(self._guard.head_within_s, self._on_deadline)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if self.waits and not self._reads_body:
            self.drop("unfinished head")


class Request(web.BaseRequest):
    """A request whose answer does not tell what software we run."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)


class GuardedServer(web.Server):
    """Makes the connections. One too many takes the place of the oldest of which the client has to send something.

    Args:
        answer: Answers a request.
        most: How many connections there may be.
        refusals: Counts what is refused.
        head_within_s: As `HEAD_WITHIN_S`.
    """

    def __init__(self, answer: Answer, *, most: int, refusals: Refusals, head_within_s: float = HEAD_WITHIN_S) -> None:
        super().__init__(answer, request_factory=self._request)
        self.refusals = refusals
        self.head_within_s = head_within_s
        self._most = most
        self._open: dict[Connection, None] = {}

    def __call__(self) -> RequestHandler:
        """Make a connection, for asyncio."""
        return Connection(self, self._loop)

    def enter(self, connection: Connection) -> None:
        """Count a connection; where there are too many drop one that waits, those without a whole request first."""
        self._open[connection] = None
        if len(self._open) <= self._most:
            return
        waiting = [one for one in self._open if one.waits and one is not connection]
        oldest = next((one for one in waiting if one.is_new), waiting[0] if waiting else connection)
        oldest.drop("too many connections")

    def leave(self, connection: Connection) -> None:
        """Count it no longer."""
        self._open.pop(connection, None)

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> Request:
        return Request(message, payload, protocol, writer, task, self._loop)
