"""Port to traces: what a turn did, step by step, and how long each took.

Attributes are ids and counts, never what people or agents wrote.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Attributes = Mapping[str, str | int | float]


class Span(Protocol):
    """One step that is under way."""

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        ...

    def fail(self, kind: str) -> None:
        """Say that it did not succeed, and how it ended."""
        ...


class Tracer(Protocol):
    """Times steps. Nothing of it raises, and nothing waits for the network. Times are seconds since the epoch, UTC.

    All that is done for one question is one trace, whichever workers do it.
    """

    @property
    def is_on(self) -> bool:
        """Whether anything is written down."""
        ...

    def turn(self, question_id: str, attempt: int, asked_at: float) -> AbstractContextManager[Span]:
        """Time a turn inside a block, from the time when it was asked; what is timed in the block belongs to it."""
        ...

    def intake(self, question_id: str) -> AbstractContextManager[Span]:
        """Time how a question is kept."""
        ...

    def step(self, name: str) -> AbstractContextManager[Span]:
        """Time a step of the turn that is under way, or one by itself where none is."""
        ...

    def past(self, name: str, began_at: float, ended_at: float) -> None:
        """Note a step of the turn that is under way whose times are known."""
        ...


class _NoSpan:
    def set(self, attributes: Attributes) -> None:
        """Do nothing."""

    def fail(self, kind: str) -> None:
        """Do nothing."""


class NoTracer:
    """Writes nothing down."""

    is_on = False
    _nothing = nullcontext(_NoSpan())

    def turn(self, question_id: str, attempt: int, asked_at: float) -> AbstractContextManager[Span]:
        """As `Tracer.turn`."""
        del question_id, attempt, asked_at
        return self._nothing

    def intake(self, question_id: str) -> AbstractContextManager[Span]:
        """As `Tracer.intake`."""
        del question_id
        return self._nothing

    def step(self, name: str) -> AbstractContextManager[Span]:
        """As `Tracer.step`."""
        del name
        return self._nothing

    def past(self, name: str, began_at: float, ended_at: float) -> None:
        """As `Tracer.past`."""
