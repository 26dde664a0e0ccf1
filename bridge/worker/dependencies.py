"""What a worker needs from outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from bridge.ports.agent import Agent
from bridge.ports.channel import WholeChannel
from bridge.ports.stores.stores import Stores
from bridge.ports.tracing import NoTracer, Tracer
from bridge.runtime.clock import Clock
from bridge.runtime.meter import Meter

Every = Callable[[float, Callable[[], Any]], AbstractAsyncContextManager[None]]
"""Calls a job every so many seconds inside a block."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the composition root hands over."""

    agent: Agent
    stores: Stores
    channels: Sequence[WholeChannel]
    """Any number of one service, each with its own account."""
    clock: Clock
    every: Every
    meter: Meter = field(default_factory=Meter)
    tracer: Tracer = field(default_factory=NoTracer)
