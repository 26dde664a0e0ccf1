"""The page over HTTP, and one WebSocket for each page: what changed goes out, what the visitor wants comes in."""

import asyncio
import json
import mimetypes
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from sandbox.listening import Listening
from sandbox.playground.guard import is_from_here, security_headers
from sandbox.playground.people.wishes import Wish, WishRefused
from sandbox.playground.show.feed import Feed

Act = Callable[[Wish], Awaitable[Mapping[str, Any] | None]]

_STATIC = files("sandbox.playground") / "static"
_SUFFIXES = {".html", ".css", ".js", ".svg"}
_LARGEST_WISH = 128 * 1024
_MOST_PAGES = 20


class PageServer:
    """Serves the page on 127.0.0.1 under a path that cannot be guessed.

    Args:
        acts: What the page may ask for, by name.
    """

    def __init__(self, feed: Feed, acts: Mapping[str, Act], port: int = 0) -> None:
        self._feed = feed
        self._acts = acts
        self._port = port
        self._token = secrets.token_urlsafe(18)
        self._server: Listening | None = None
        self._pages: set[web.WebSocketResponse] = set()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self._port}/{self._token}/"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/{token}/feed", self._serve_feed)
        app.router.add_get("/{token}/{path:.*}", self._serve_file)
        self._server = Listening(app, port=self._port)
        await self._server.start()
        self._port = self._server.port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for page in list(self._pages):
            await page.close()
        if self._server is not None:
            await self._server.stop()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse other origins, other host names and unknown paths."""
        given = request.match_info.get("token", "")
        if not is_from_here(request.headers, self._port) or not secrets.compare_digest(
            given.encode(), self._token.encode()
        ):
            raise web.HTTPNotFound(headers=security_headers(self._port))
        response = await handler(request)
        if not response.prepared:
            response.headers.update(security_headers(self._port))
        return response

    async def _serve_file(self, request: web.Request) -> web.Response:
        path = PurePosixPath(request.match_info["path"] or "index.html")
        if path.suffix not in _SUFFIXES or any(part.startswith(".") for part in path.parts):
            raise web.HTTPNotFound(headers=security_headers(self._port))
        file = _STATIC.joinpath(*path.parts)
        if not file.is_file():
            raise web.HTTPNotFound(headers=security_headers(self._port))
        kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
        return web.Response(body=file.read_bytes(), content_type=kind or "text/plain", charset="utf-8")

    async def _serve_feed(self, request: web.Request) -> web.StreamResponse:
        if len(self._pages) >= _MOST_PAGES:
            raise web.HTTPServiceUnavailable(headers=security_headers(self._port))
        page = web.WebSocketResponse(max_msg_size=_LARGEST_WISH, heartbeat=20.0)
        await page.prepare(request)
        self._pages.add(page)
        sending = asyncio.create_task(self._send_changes(page))
        acting: set[asyncio.Task[None]] = set()
        try:
            async for message in page:
                if message.type is WSMsgType.TEXT:
                    task = asyncio.create_task(self._act(page, message.data))
                    acting.add(task)
                    task.add_done_callback(acting.discard)
        finally:
            self._pages.discard(page)
            sending.cancel()
            await asyncio.wait([sending, *acting], timeout=1.0)
        return page

    async def _send_changes(self, page: web.WebSocketResponse) -> None:
        board, calls = 0, 0
        with suppress(ConnectionError):
            while True:
                changes, board_number = self._feed.board.since(board), self._feed.board.number
                new_calls, calls_number = self._feed.timeline.since(calls), self._feed.timeline.number
                said = json.dumps({"now": time.time(), "calls": new_calls}, ensure_ascii=False)
                await page.send_str(f'{said[:-1]},"set":{changes}}}')
                board, calls = board_number, calls_number
                await self._feed.until_changed(board, calls)

    async def _act(self, page: web.WebSocketResponse, data: str) -> None:
        try:
            fields = json.loads(data)
        except ValueError:
            return
        if not isinstance(fields, dict):
            return
        answer: dict[str, Any] = {"re": fields.get("id")}
        act = self._acts.get(str(fields.get("do")), _refuse)
        try:
            answer["ok"] = dict(await act(Wish(fields)) or {})
        except WishRefused as refused:
            answer["refused"] = str(refused)
        with suppress(ConnectionError):
            await page.send_str(json.dumps(answer))


async def _refuse(_wish: Wish) -> None:
    raise WishRefused("that cannot be done here")
