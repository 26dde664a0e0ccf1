"""Ports for what a channel knows of its places as a whole, and of the messages in them. As `bridge/ports.py`."""

from typing import Protocol


class Places(Protocol):
    """What happens to a place as a whole. Raises `StoreUnavailable`. Each call is safe to repeat."""

    async def move(self, channel: str, account: str, place: str, new_place: str) -> int:
        """Give all that the threads of a place have to the same threads of another; return how many were moved.

        Sessions, waiting questions and turns half-done go along; the ids of messages do not, since they mean
        nothing at the new place. A turn that is at work loses its lease and is taken up again at the new place.
        """
        ...

    async def last_active_thread(self, channel: str, account: str, place: str) -> str | None:
        """Return the thread that was active last of those moved here, until `consume_move` is called. For some days."""
        ...

    async def consume_move(self, channel: str, account: str, place: str) -> None:
        """Forget the thread that `last_active_thread` named: a question continued it."""
        ...

    async def leave(self, channel: str, account: str, place: str) -> int:
        """Drop what waits in a place that is gone and begin to end its sessions (`GONE`); return how many.

        A thread that is at work is left alone: its turn finds out by itself.
        """
        ...


class Accounts(Protocol):
    """What happens to an account as a whole, such as a workspace. Raises `StoreUnavailable`. Safe to repeat."""

    async def leave_account(self, channel: str, account: str) -> int:
        """Do as `Places.leave` in all places of an account that is gone; return how many sessions begin to end."""
        ...


class ReplyRoots(Protocol):
    """Which thread a channel message belongs to, where the channel has only chains of replies."""

    async def remember(self, account: str, place: str, message_id: str, root: str) -> None:
        """Note that a message belongs to the thread under `root`. Kept for some days."""
        ...

    async def root_of(self, account: str, place: str, message_id: str) -> str | None:
        """Return the root that the message belongs to, or None."""
        ...
