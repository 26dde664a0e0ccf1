"""Port to what is kept of people. As `bridge.ports`."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.limits.retention import Forgotten, PersonKey
from bridge.domain.threads import ThreadKey


class Retention(Protocol):
    """Finds and deletes what is kept. Raises `StoreUnavailable`."""

    async def sessions_of(self, person: PersonKey) -> Sequence[tuple[ThreadKey, str]]:
        """Return the threads with a conversation that the person began, each with its conversation's id."""
        ...

    async def waiting_of(self, person: PersonKey) -> Sequence[tuple[ThreadKey, str]]:
        """Return the questions of the person that wait, by thread and id."""
        ...

    async def forget(self, person: PersonKey) -> Forgotten:
        """Delete what is kept of the person, but for work and conversations that are not over yet. Safe to repeat."""
        ...

    async def drop_old(self) -> None:
        """Delete what is older than the operator wants it to become."""
        ...
