"""Port to what people use, counted for all workers together. As `bridge.ports`."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.limits.allowances import Allowances, Asking, Level, Taken


class AllowanceStore(Protocol):
    """Counts, exactly, however many workers ask at once. Raises `StoreUnavailable`."""

    async def take_question(self, asking: Asking, limits: Allowances) -> Taken:
        """Count a question, once however often it is asked for, or say what is used up and when it comes back.

        In the hour it was counted when the inbox stored it, but for one that is asked anew with other words.
        """
        ...

    async def hour_wait_s(self, asking: Asking, at_most: int) -> float:
        """Return after how many seconds the person may ask again under this limit of an hour: 0 for at once."""
        ...

    async def count_tokens(self, asking: Asking, tokens: int, limits: Allowances) -> Sequence[Level]:
        """Count the tokens of an answer, once; return what has reached a level by it."""
        ...

    async def take_turn(self, asking: Asking, at_most: int) -> bool:
        """Count the thread as one in which the person is answered, for half a minute from now; False: it has to wait.

        To be repeated while the answer lasts. One that waits is due again when another of the person's turns is over.
        """
        ...

    async def leave_turn(self, asking: Asking) -> None:
        """Count the thread as such no more."""
        ...

    async def take_session(self, asking: Asking, at_most: int) -> Taken:
        """Count a conversation that is about to be opened for the person, while it is open; or say when one ends."""
        ...
