"""A web server on this machine that stops without a connection left over."""

import asyncio
import socket
from typing import Final

from aiohttp import web

_BACKLOG: Final = 1024
_ROUNDS_TO_ACCEPT: Final = 3


class Listening:
    """A running web application.

    Args:
        app: What is served.
        host: Where it listens.
        port: 0 takes a free one.
        shutdown_s: How long requests under way may take at the stop.
    """

    def __init__(
        self, app: web.Application, *, host: str = "127.0.0.1", port: int = 0, shutdown_s: float = 0.5
    ) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_s)
        self._at = (host, port)
        self._socket: socket.socket | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises `OSError` where the port is taken."""
        await self._runner.setup()
        family = socket.AF_INET6 if ":" in self._at[0] else socket.AF_INET
        self._socket = socket.create_server(self._at, family=family, backlog=_BACKLOG)
        await web.SockSite(self._runner, self._socket, backlog=_BACKLOG).start()
        self.port = int(self._socket.getsockname()[1])

    async def stop(self) -> None:
        """Close the server and every connection. Safe to repeat."""
        listening, self._socket = self._socket, None
        if listening is None:
            return
        # A connection that is being taken goes through first: asyncio drops it open where its server is closed.
        asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(_ROUNDS_TO_ACCEPT):
            await asyncio.sleep(0)
        await self._runner.cleanup()
