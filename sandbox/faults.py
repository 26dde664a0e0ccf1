"""Faults that a test scripts into a stand-in: status, delay, 429, cut at a byte, answer lost after the effect."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field


class Gate:
    """Holds what comes to it until it is opened: a test then knows that a step is under way, and does its worst."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()

    @property
    def was_reached(self) -> bool:
        """True once something has come."""
        return self._reached.is_set()

    async def reached(self, timeout_s: float = 30.0) -> None:
        """Wait until something has come. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            await self._reached.wait()

    def open(self) -> None:
        """Let through what waits, and all that comes later."""
        self._opened.set()

    async def hold(self) -> None:
        """Say that something has come, and wait until the gate is opened."""
        self.mark_reached()
        await self._opened.wait()

    def mark_reached(self) -> None:
        """Say that something has come, without holding it."""
        self._reached.set()


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, for the next `times` calls that match."""

    call: str
    """The stand-in's name of the call (`chat.update`, `sendMessage`, `ask`), or `*` for any."""
    where: Mapping[str, str] = field(default_factory=dict)
    """Facts of the call that must be equal, such as `{"channel": "C1"}`."""
    times: int = 1
    """How many matching calls are hit; -1 for all."""
    after: int = 0
    """How many matching calls pass first."""
    delay_s: float = 0.0
    """Wait before anything else happens."""
    hold: Gate | None = None
    """Wait at this gate before anything else happens."""
    hold_answer: Gate | None = None
    """Let the call have its effect, then wait at this gate with the answer."""
    status: int | None = None
    """Answer with this HTTP status instead, without the effect."""
    error: str = ""
    """The error's code or description in the service's own form."""
    page: str = ""
    """The body of that answer in place of the service's own form, as from a firewall before it."""
    retry_after_s: int | None = None
    """The `Retry-After` that goes with 429 or 503."""
    lose_answer: bool = False
    """Let the call have its effect, then break the connection before the answer."""
    refuse: bool = False
    """Break the connection before the call has its effect."""
    cut_at_byte: int | None = None
    """Break a stream after this many bytes of its body."""


async def wait_before(fault: Fault) -> None:
    """Wait as the fault says for the time before the effect."""
    await asyncio.sleep(fault.delay_s)
    if fault.hold is not None:
        await fault.hold.hold()


async def wait_after(fault: Fault | None) -> None:
    """Wait as the fault says for the time between the effect and the answer."""
    if fault is not None and fault.hold_answer is not None:
        await fault.hold_answer.hold()


class Faults:
    """The faults that are armed, in order. The first that matches a call is used up by it."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self.hit: list[tuple[str, Fault]] = []

    def arm(self, fault: Fault) -> None:
        """Script a fault."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def take(self, call: str, **facts: str) -> Fault | None:
        """Return the fault that hits this call, counting it, or None."""
        for fault in self._armed:
            if fault.call not in (call, "*"):
                continue
            if any(facts.get(name) != value for name, value in fault.where.items()):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times == 0:
                continue
            if fault.times > 0:
                fault.times -= 1
            self.hit.append((call, fault))
            return fault
        return None
