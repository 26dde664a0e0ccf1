"""An event on its way to the app, and each attempt."""

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Attempt:
    """One envelope on its way."""

    envelope_id: str
    at: float
    connection: int
    """Which socket, counted from 1; 0 where none was open."""
    acked_after_s: float | None = None
    status: int = 0
    """What the app answered in HTTP mode; 0 where nothing came."""


@dataclass(slots=True)
class Delivery:
    """One event and every attempt to deliver it."""

    payload: Any
    envelope_type: str
    attempts: list[Attempt] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is acknowledged or given up."""
    response: Any = None
    """What the acknowledgement carried."""

    @property
    def acked(self) -> bool:
        """Whether any attempt was acknowledged in time."""
        return any(attempt.acked_after_s is not None for attempt in self.attempts)

    @property
    def event_id(self) -> str:
        """The event's id, as in the payload."""
        return str(self.payload.get("event_id", "")) if isinstance(self.payload, dict) else ""
