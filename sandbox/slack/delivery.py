"""Events go out, over one socket each or to the app's address, again until acknowledged."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web

from sandbox.slack.assumptions import Assumptions
from sandbox.slack.delivery_models import Attempt, Delivery
from sandbox.slack.event_requests import RequestUrl
from sandbox.slack.facts import ACK_WITHIN_S, REDELIVERY_AFTER_S, SOCKETS_PER_APP


@dataclass(slots=True)
class _Socket:
    number: int
    ws: web.WebSocketResponse
    is_leaving: bool = False
    """A disconnect frame was sent: it gets no further events."""


class SocketHub:
    """The open sockets of the app, and what is sent over them."""

    def __init__(self, app_id: str, assumptions: Assumptions) -> None:
        self.ack_within_s = ACK_WITHIN_S
        self.redelivery_after_s: tuple[float, ...] = REDELIVERY_AFTER_S
        self.time_scale = 1.0
        """Multiplies both, so that a test need not wait six minutes."""
        self.answers_pings = True
        """False: sockets opened from now on are silent, as when the peer is gone without a notice."""
        self.request_url: RequestUrl | None = None
        """Set: the app has events over HTTP, and none over sockets."""
        self.deliveries: list[Delivery] = []
        self.stray_acks: list[str] = []
        self._app_id = app_id
        self._assumptions = assumptions
        self._tickets: set[str] = set()
        self._sockets: dict[int, _Socket] = {}
        self._numbers = 0
        self._turn = 0
        self._waiting: dict[str, tuple[int, asyncio.Future[Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    @property
    def connections(self) -> int:
        """How many sockets take events."""
        return len(self._ready())

    def new_ticket(self) -> str:
        """Return what lets one socket in, once."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return ticket

    def deliver(self, payload: Any, envelope_type: str = "events_api") -> Delivery:
        """Begin to deliver a payload."""
        delivery = Delivery(payload, envelope_type)
        self.deliveries.append(delivery)
        self._start(self._until_acked(delivery))
        return delivery

    async def until_connected(self, count: int = 1, timeout_s: float = 10.0) -> None:
        """Wait until that many sockets take events."""
        await self._until(lambda: self.connections >= count, timeout_s)

    async def settled(self, timeout_s: float = 10.0) -> None:
        """Wait until every event is acknowledged or given up."""
        async with asyncio.timeout(timeout_s):
            for delivery in list(self.deliveries):
                await delivery.settled.wait()

    async def send_raw(self, frame: str) -> None:
        """Send any text over one socket."""
        socket = self._pick()
        if socket is not None:
            await socket.ws.send_str(frame)

    async def disconnect(
        self, reason: str = "refresh_requested", *, everyone: bool = True, after_s: float = 0.2
    ) -> None:
        """Ask clients to reconnect, as Slack does every few hours; close the sockets a little later."""
        for socket in self._ready() if everyone else self._ready()[:1]:
            socket.is_leaving = True
            await socket.ws.send_str(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {}}))
            self._start(self._close_later(socket, after_s))

    def drop(self) -> None:
        """Cut every socket without a word."""
        for socket in self._sockets.values():
            socket.is_leaving = True
            if socket.ws._req is not None and socket.ws._req.transport is not None:  # noqa: SLF001 - a cut has no public name
                socket.ws._req.transport.abort()  # noqa: SLF001 - as above

    async def close(self) -> None:
        """Stop delivering and close all sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self._sockets.values()):
            await socket.ws.close()
        if self.request_url is not None:
            await self.request_url.aclose()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one socket."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="unknown ticket")
        self._tickets.discard(ticket)
        ws = web.WebSocketResponse(max_msg_size=1 << 20, timeout=1.0, autoping=self.answers_pings)
        await ws.prepare(request)
        if len(self._sockets) >= SOCKETS_PER_APP:
            await ws.send_str(json.dumps({"type": "disconnect", "reason": "too_many_websockets"}))
            return ws
        self._numbers += 1
        socket = _Socket(self._numbers, ws)
        self._sockets[socket.number] = socket
        try:
            await ws.send_str(json.dumps(self._hello()))
            await self._notify()
            async for message in ws:
                if message.type is web.WSMsgType.TEXT:
                    self._read_ack(socket, message.data)
        finally:
            del self._sockets[socket.number]
            await self._notify()
        return ws

    def _hello(self) -> dict[str, Any]:
        info = {"app_id": self._app_id}
        debug = {"host": "sandbox", "approximate_connection_time": 3600}
        return {"type": "hello", "num_connections": len(self._sockets), "connection_info": info, "debug_info": debug}

    def _read_ack(self, socket: _Socket, data: str) -> None:
        try:
            ack = json.loads(data)
            envelope_id = str(ack.get("envelope_id", ""))
        except (AttributeError, ValueError):
            ack, envelope_id = {}, ""
        number, acked = self._waiting.get(envelope_id, (0, None))
        if acked is None or (number != socket.number and not self._assumptions.takes_late_acks):
            self.stray_acks.append(envelope_id)
        elif not acked.done():
            acked.set_result(ack.get("payload"))

    async def _until_acked(self, delivery: Delivery) -> None:
        try:
            is_press = delivery.envelope_type == "interactive"
            comes_once = delivery.envelope_type == "slash_commands" or (
                is_press and not self._assumptions.repeats_presses
            )
            again = () if comes_once else self.redelivery_after_s
            for number, wait_s in enumerate((0.0, *again)):
                await asyncio.sleep(wait_s * self.time_scale)
                if await self._attempt(delivery, number):
                    return
        finally:
            delivery.settled.set()

    async def _attempt(self, delivery: Delivery, number: int) -> bool:
        return await (self._post(delivery, number) if self.request_url else self._send(delivery, number))

    async def _post(self, delivery: Delivery, number: int) -> bool:
        attempt = Attempt(uuid4().hex, time.monotonic(), 0)
        late = not delivery.attempts or delivery.attempts[-1].status == 0
        reason = "http_timeout" if late else "http_error"
        delivery.attempts.append(attempt)
        if self.request_url is None:
            return False
        try:
            async with asyncio.timeout(self.ack_within_s * self.time_scale):
                was_taken = await self.request_url.post(delivery, attempt, number, reason)
        except TimeoutError:
            return False
        if was_taken:
            attempt.acked_after_s = time.monotonic() - attempt.at
        return was_taken

    async def _send(self, delivery: Delivery, number: int) -> bool:
        socket = self._pick()
        attempt = Attempt(uuid4().hex, time.monotonic(), socket.number if socket else 0)
        delivery.attempts.append(attempt)
        if socket is None:
            return False
        acked: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[attempt.envelope_id] = (socket.number, acked)
        try:
            await socket.ws.send_str(json.dumps(_envelope(delivery, attempt, number)))
            delivery.response = await asyncio.wait_for(acked, self.ack_within_s * self.time_scale)
        except (TimeoutError, ConnectionError):
            return False
        else:
            attempt.acked_after_s = time.monotonic() - attempt.at
            return True
        finally:
            del self._waiting[attempt.envelope_id]

    def _ready(self) -> list[_Socket]:
        return [socket for socket in self._sockets.values() if not socket.is_leaving and not socket.ws.closed]

    def _pick(self) -> _Socket | None:
        ready = self._ready()
        self._turn += 1
        return ready[self._turn % len(ready)] if ready else None

    async def _close_later(self, socket: _Socket, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await socket.ws.close()

    async def _until(self, true: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(true)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _envelope(delivery: Delivery, attempt: Attempt, number: int) -> dict[str, Any]:
    return {
        "envelope_id": attempt.envelope_id,
        "payload": delivery.payload,
        "type": delivery.envelope_type,
        "accepts_response_payload": delivery.envelope_type == "slash_commands",
        "retry_attempt": number,
        "retry_reason": "timeout" if number else "",
    }
