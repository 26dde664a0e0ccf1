"""What people saw of each answer: when its first and its whole text stood there, and whether it is right."""

import time
from dataclasses import dataclass, field

from bench.compare.words import BEGINS, Work, answer_to, said
from sandbox.ledger import Frame, Ledger

_NEARLY = 0.9
"""A shorter text is not compared: that would cost more than the bots do."""


@dataclass(slots=True)
class Asked:
    """One question and what was seen of its answer. Times are those of the ledger."""

    number: int
    asked_at: float
    answer: str
    first_at: float | None = None
    whole_at: float | None = None
    lasts_s: float = 0.0
    """How long the agent speaks."""
    messages: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[float, int]] = field(default_factory=list)
    """How many letters and digits stood there, and from when on."""

    @property
    def is_right(self) -> bool:
        """Whether what stands there now is the answer."""
        return said("".join(self.messages.values())) == said(self.answer)

    def staleness(self) -> float:
        """Return how much was written and not yet seen, averaged over the time that the agent speaks, of all of it.

        The agent is taken to write evenly from the question on, so what a bot loses before it asks counts too.
        """
        letters = len(said(self.answer))
        ends = [at for at, _ in self.seen[1:]] + [max(self.seen[-1][0], self.asked_at + self.lasts_s)]
        stretches = [(self.asked_at, self.seen[0][0], 0)]
        stretches += [(at, end, seen) for (at, seen), end in zip(self.seen, ends, strict=True)]
        return sum(self._unseen(*stretch, letters) for stretch in stretches) / (letters * self.lasts_s)

    def _unseen(self, start: float, end: float, seen: int, letters: int) -> float:
        """Return the letters that were written and not seen, times seconds, where so many are seen."""
        total = 0.0
        spoken = self.asked_at + self.lasts_s
        for since, until in ((start, min(end, spoken)), (max(start, spoken), end)):
            if until > since:
                middle = min(1.0, ((since + until) / 2 - self.asked_at) / self.lasts_s)
                total += max(0.0, middle * letters - seen) * (until - since)
        return total


class Watch:
    """Follows a ledger, which is only ever appended to."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # The ledger begins with the stand-in, at an unknown time.
        probe = time.monotonic()
        ledger.record("", "", "", "", author="person")
        self._began = probe - ledger.frames[-1].at
        self._read = 0
        self.asked: dict[str, Asked] = {}

    def now(self) -> float:
        """Return the time as frames have it."""
        return time.monotonic() - self._began

    def expect(self, place: str, number: int, work: Work, asked_at: float) -> None:
        """Watch a place for an answer."""
        self.asked[place] = Asked(number, asked_at, answer_to(number, work), lasts_s=work.lasts_s)

    def look(self) -> bool:
        """Read what is new. Returns whether every answer stands there whole."""
        frames = self._ledger.frames
        while self._read < len(frames):
            frame = frames[self._read]
            self._read += 1
            asked = self.asked.get(frame.place)
            if asked is not None and frame.author == "bot":
                _see(asked, frame)
        return all(asked.whole_at is not None for asked in self.asked.values())


def _see(asked: Asked, frame: Frame) -> None:
    before = len(said(asked.messages.get(frame.message_id, "")))
    after = 0 if frame.change == "deleted" else len(said(frame.text))
    if after or before:
        asked.seen.append((frame.at, (asked.seen[-1][1] if asked.seen else 0) + after - before))
    if frame.change == "deleted":
        asked.messages.pop(frame.message_id, None)
        return
    asked.messages[frame.message_id] = frame.text
    if asked.first_at is None and frame.text.startswith(BEGINS):
        asked.first_at = frame.at
    if sum(map(len, asked.messages.values())) < _NEARLY * len(asked.answer):
        return
    if asked.whole_at is None and asked.is_right:
        asked.whole_at = frame.at
