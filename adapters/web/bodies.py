"""Reads the bodies of requests whose sender may be anybody: in a bounded time, and all together in bounded memory."""

import asyncio

from aiohttp import web

from adapters.web.connections import Connection
from adapters.web.refusals import Refusals

BODY_WITHIN_S = 10.0
"""For a whole body, from the end of the head."""
MOST_BYTES = 16 * 2**20
"""Of all bodies that are not whole yet."""


class BodyRefused(Exception):
    """The body is not read. Holds the status to answer with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Bodies:
    """All bodies that are being read.

    Args:
        refusals: Counts what is refused.
        within_s: As `BODY_WITHIN_S`.
        most_bytes: As `MOST_BYTES`. Beyond it the body that was begun first is dropped.
    """

    def __init__(self, refusals: Refusals, *, within_s: float = BODY_WITHIN_S, most_bytes: int = MOST_BYTES) -> None:
        self._refusals = refusals
        self._within_s = within_s
        self._most_bytes = most_bytes
        self._held: dict[Connection, int] = {}
        self._bytes = 0

    async def read(self, request: web.BaseRequest, largest: int) -> bytes:
        """Return a body of at most `largest` bytes. Raises `BodyRefused`, `ConnectionError`."""
        if (request.content_length or 0) > largest:
            raise self._refused("body too large", 413)
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101 - the server makes no other
        try:
            with connection.reading_body():
                async with asyncio.timeout(self._within_s):
                    return await self._whole(request, connection, largest)
        except TimeoutError:
            raise self._refused("unfinished body", 408) from None
        except web.RequestPayloadError:
            raise self._refused("malformed", 400) from None
        finally:
            self._bytes -= self._held.pop(connection, 0)

    async def _whole(self, request: web.BaseRequest, connection: Connection, largest: int) -> bytes:
        body = bytearray()
        self._held[connection] = 0
        try:
            while chunk := await request.content.readany():
                if len(body) + len(chunk) > largest:
                    raise self._refused("body too large", 413)
                body += chunk
                self._held[connection] += len(chunk)
                self._bytes += len(chunk)
                if self._bytes > self._most_bytes:
                    next(iter(self._held)).drop("too many bodies")
            return bytes(body)
        finally:
            body.clear()  # an error's traceback holds this frame until the collector comes by, which is seldom

    def _refused(self, reason: str, status: int) -> BodyRefused:
        self._refusals.count(reason)
        return BodyRefused(status)
