"""A port for the few things that a channel has to keep by itself. As `bridge.ports`."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class KeyValueStore(Protocol):
    """Texts by group and name, for good; and marks of what was used. Raises `StoreUnavailable`.

    The writer seals secrets.
    """

    async def read(self, group: str, name: str) -> str | None:
        """Return what is written there, or None."""
        ...

    async def read_all(self, group: str) -> Mapping[str, str]:
        """Return all of a group, by name."""
        ...

    async def write(self, group: str, name: str, text: str) -> None:
        """Write, over what is there."""
        ...

    async def remove(self, group: str, name: str) -> None:
        """Forget it. Does nothing where nothing is there."""
        ...

    async def use(self, group: str, name: str, kept_s: float) -> bool:
        """Mark something as used, for that long; say whether it was not. Of several calls at once one gets True."""
        ...

    async def is_any_used(self, group: str, names: Sequence[str]) -> bool:
        """Say whether one of them is marked as used."""
        ...
