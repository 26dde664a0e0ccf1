"""Faults that a test scripts into a stand-in: status, delay, 429, cut at a byte, answer lost after the effect."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    status: int | None = None
    """Answer with this HTTP status instead, without the effect."""
    error: str = ""
    """The error's code or description in the service's own form."""
    retry_after_s: int | None = None
    """The `Retry-After` that goes with 429 or 503."""
    lose_answer: bool = False
    """Let the call have its effect, then break the connection before the answer."""
    refuse: bool = False
    """Break the connection before the call has its effect."""
    cut_at_byte: int | None = None
    """Break a stream after this many bytes of its body."""


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
