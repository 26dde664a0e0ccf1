"""What the views look at while the demo runs: the stage, the threads on it, and what is happening."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.demo.people import Thread
from sandbox.stage import Stage
from sandbox.talkifai.conversations import Book, Record


@dataclass(slots=True)
class Play:
    """Everything that can be seen. Times are seconds since it began."""

    stage: Stage
    threads: list[Thread]
    idle_timeout_s: float
    phase: str = "The bridge starts…"
    note: Callable[[str], None] = field(default=lambda _: None)
    """Takes what the story says about itself. A view may put its own in place."""
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began

    @property
    def book(self) -> Book:
        """What TalkifAI has noted: the count that matters."""
        return self.stage.talkifai.book

    def enter(self, phase: str) -> None:
        """Begin the next phase."""
        self.phase = phase
        self.note(phase)

    def thread_of(self, record: Record) -> Thread | None:
        """Return the thread that a conversation was opened from."""
        return next((thread for thread in self.threads if thread.holds(record)), None)

    def title_of(self, record: Record) -> str:
        """Name the place of a conversation."""
        thread = self.thread_of(record)
        return record.user_identifier if thread is None else f"{thread.service} · {thread.title}"


def open_s(record: Record) -> float:
    """Return how long a conversation has been open, or was."""
    return (record.ended_at or time.time()) - record.opened_at
