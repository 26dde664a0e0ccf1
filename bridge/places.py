"""The port through which the core's stores hear what happens to whole places. As `bridge/ports.py`."""

from typing import Protocol


class Places(Protocol):
    """What happens to a place as a whole. Raises `StoreUnavailable`. Each call is safe to repeat."""

    async def move(self, channel: str, account: str, place: str, new_place: str) -> int:
        """Give all that the threads of a place have to the same threads of another; return how many were moved.

        Sessions, waiting questions and turns half-done go along; the ids of messages do not, since they mean
        nothing at the new place. A turn that is at work loses its lease and is taken up again at the new place.
        """
        ...

    async def heir(self, channel: str, account: str, place: str) -> str | None:
        """Return the thread that was active last of those moved here, until `inherit` is called. For some days."""
        ...

    async def inherit(self, channel: str, account: str, place: str) -> None:
        """Note that somebody goes on with the thread that `heir` named."""
        ...

    async def leave(self, channel: str, account: str, place: str) -> int:
        """Drop what waits in a place that is gone and begin to end its sessions (`GONE`); return how many.

        A thread that is at work is left alone: its turn finds out by itself.
        """
        ...
