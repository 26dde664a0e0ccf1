"""What a person in each thread would have seen at every instant, with time stamps.

Every stand-in channel writes here; tests and the demo read here, never the bridge's insides.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Frame:
    """One change of one message on the screen."""

    at: float
    """Seconds since the ledger began."""
    place: str
    thread: str
    """Empty where the place has no threads."""
    message_id: str
    author: Literal["bot", "person"]
    change: Literal["posted", "edited", "deleted"]
    text: str
    """The whole visible text after the change, as a person reads it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it stands now."""

    message_id: str
    author: Literal["bot", "person"]
    text: str
    posted_at: float
    changed_at: float
    edits: int


class Ledger:
    """An append-only list of frames, and the views that tests ask for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.frames: list[Frame] = []
        self._by_place: defaultdict[str, list[Frame]] = defaultdict(list)
        self._changed = asyncio.Event()

    def record(
        self,
        place: str,
        thread: str,
        message_id: str,
        text: str,
        *,
        change: Literal["posted", "edited", "deleted"] = "posted",
        author: Literal["bot", "person"] = "bot",
    ) -> None:
        """Append one change."""
        at = self._clock() - self._began
        frame = Frame(at, place, thread, message_id, author, change, text)
        self.frames.append(frame)
        self._by_place[place].append(frame)
        self._changed.set()
        self._changed = asyncio.Event()

    def shown(
        self, place: str, thread: str | None = None, author: Literal["bot", "person"] | None = "bot"
    ) -> list[Shown]:
        """Return the messages that stand in a thread now, oldest first. `thread=None`: the whole place."""
        standing: dict[str, Shown] = {}
        for frame in self._by_place[place]:
            if thread is not None and frame.thread != thread:
                continue
            if author is not None and frame.author != author:
                continue
            before = standing.get(frame.message_id)
            if frame.change == "deleted":
                standing.pop(frame.message_id, None)
            elif before is None:
                standing[frame.message_id] = Shown(frame.message_id, frame.author, frame.text, frame.at, frame.at, 0)
            else:
                standing[frame.message_id] = Shown(
                    frame.message_id, frame.author, frame.text, before.posted_at, frame.at, before.edits + 1
                )
        return list(standing.values())

    def versions(self, message_id: str) -> list[Frame]:
        """Return every frame of one message, oldest first."""
        return [frame for frame in self.frames if frame.message_id == message_id]

    async def until(self, true: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until `true()` holds; it is asked again after every change. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while not true():
                changed = self._changed
                # A condition may also depend on something besides the ledger: look again now and then.
                try:
                    async with asyncio.timeout(0.1):
                        await changed.wait()
                except TimeoutError:
                    continue
