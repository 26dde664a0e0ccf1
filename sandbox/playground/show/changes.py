"""When each message changed last and how often: read once from a stand-in's ledger, frame by frame."""

import time
from dataclasses import dataclass

from sandbox.ledger import Ledger

_MOST_FRAMES = 20_000


@dataclass(slots=True)
class Change:
    """What became of one message."""

    edits: int = 0
    at: float = 0.0
    """Seconds since the epoch, of the newest version."""


class Changes:
    """Follows a ledger. Frames that were read are forgotten once there are many: texts are long."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._read = 0
        self._of: dict[str, Change] = {}

    def read(self) -> None:
        """Take in what is new."""
        now = time.time()
        for frame in self._ledger.frames[self._read :]:
            change = self._of.setdefault(frame.message_id, Change())
            change.edits += frame.change == "edited"
            change.at = now
        self._read = len(self._ledger.frames)
        if self._read > _MOST_FRAMES:
            del self._ledger.frames[: _MOST_FRAMES // 2]
            self._read -= _MOST_FRAMES // 2

    def of(self, message_id: str) -> Change:
        """Return what became of a message."""
        return self._of.get(message_id, Change())
