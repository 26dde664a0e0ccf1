"""An inbox that can fail or take its time."""

import asyncio
from dataclasses import dataclass, field

from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Incoming, IntakeResult
from tests.wishes import words_of


@dataclass
class Inbox:
    """Keeps what is accepted once per key, as the real one does; can be made to fail or to take its time."""

    failures: int = 0
    kept: list[Incoming] = field(default_factory=list)
    offered: list[Incoming] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def accept(self, incoming: Incoming) -> IntakeResult:
        self.offered.append(incoming)
        self.arrived.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("down")
        seen = {key for kept in self.kept for key in kept.origin.dedupe_keys}
        if seen & set(incoming.origin.dedupe_keys):
            return IntakeResult.DUPLICATE
        self.kept.append(incoming)
        return IntakeResult.ACCEPTED

    @property
    def texts(self) -> list[str]:
        return [words_of(kept) for kept in self.kept]
