"""The count at the end of a soak. It reads nothing but the stand-ins' own books, and when which fault was done."""

from collections import Counter
from dataclasses import dataclass

from bench.soak.crowd import Asked, Crowd, notices, shown, times_shown
from bench.soak.misfortune import Misfortune
from bench.soak.workers import Workers
from sandbox.talkifai.carried import split_carried
from sandbox.talkifai.conversations import Book, Record
from tests.fault.talks import Talk

_OPENS_WITHIN_S = 1.5
_CLAIMED_WITHIN_S = 3.0
_NEAR_S = 30.0


@dataclass(frozen=True, slots=True)
class Count:
    """One soak, at its end."""

    book: Book
    crowd: Crowd
    workers: Workers
    misfortune: Misfortune

    @property
    def is_well(self) -> bool:
        """Nothing twice, nothing never, nothing left open."""
        return not (self.twice or self.never or self.left_open or self.asked_twice)

    def of(self, talk: Talk) -> list[Asked]:
        """Return what was asked there."""
        return [asked for asked in self.crowd.asked if asked.talk is talk]

    def standing(self, talk: Talk) -> list[int]:
        """Return how often each answer of a talk stands there."""
        return [times_shown(asked) for asked in self.of(talk)]

    @property
    def once(self) -> int:
        """Answers that stand there once."""
        return sum(self.standing(talk).count(1) for talk in self.crowd.talks)

    @property
    def twice(self) -> int:
        """Answers that stand there more than once."""
        return sum(count > 1 for talk in self.crowd.talks for count in self.standing(talk))

    @property
    def told(self) -> int:
        """Questions without a whole answer whose askers see why."""
        return sum(min(notices(talk), self.standing(talk).count(0)) for talk in self.crowd.talks)

    @property
    def lost_with_redis(self) -> int:
        """Questions that no worker had when Redis forgot them: the documented gap."""
        return sum(
            asked.done_after_s is None
            and any(0 <= at - asked.asked_at < _CLAIMED_WITHIN_S for at in self.misfortune.forgot_at)
            for talk in self.crowd.talks
            if self.standing(talk).count(0) > notices(talk)
            for asked in self.of(talk)
        )

    @property
    def never(self) -> int:
        """Questions that came to no end."""
        return sum(self.standing(talk).count(0) for talk in self.crowd.talks) - self.told - self.lost_with_redis

    @property
    def asked_twice(self) -> int:
        """Questions that reached TalkifAI again though no stop or refused token of ours had cut their answer."""
        sent = self._sent
        ours = [*((at, at) for at in self.workers.stopped_at), *self.misfortune.refused]
        return sum(
            sent[asked.text] > 1 + sum(asked.was_at_work_in(*time) for time in ours)
            for asked in self.crowd.asked
            if sent[asked.text] > 1
        )

    @property
    def asked_again(self) -> int:
        """Questions that reached TalkifAI more than once."""
        return sum(count > 1 for count in self._sent.values())

    @property
    def _sent(self) -> Counter[str]:
        """How often each question reached TalkifAI."""
        return Counter(split_carried(text)[1] for record in self.book.records for text in record.posted)

    @property
    def fragments(self) -> int:
        """Messages that show the beginning of an answer that stands whole below them."""
        found = 0
        for asked in self.crowd.asked:
            begins = "".join(f"Answer to {asked.text}:".split())
            beginnings = sum(text.startswith(begins) for text in shown(asked.talk))
            found += max(0, beginnings - times_shown(asked)) if times_shown(asked) else 0
        return found

    @property
    def still_open(self) -> list[Record]:
        """Conversations that were not ended and have no excuse."""
        return [
            record
            for record in self.book.records
            if record.ended_at is None and not self.is_orphan(record) and record.id not in self.misfortune.forgotten
        ]

    @property
    def left_open(self) -> int:
        """How many these are."""
        return len(self.still_open)

    def is_orphan(self, record: Record) -> bool:
        """Say whether a worker died so near that it may have opened the conversation without noting it.

        While Redis is away nothing can be noted.
        """
        if record.ended_at is not None or record.posted:
            return False
        opened_at, away = record.opened_at, self.misfortune.redis_was_away
        noted_at = max([opened_at, *(end for begin, end in away if begin - _OPENS_WITHIN_S < opened_at < end)])
        killed_at = self.workers.killed_at
        return any(opened_at - _OPENS_WITHIN_S < at < noted_at + _OPENS_WITHIN_S for at in killed_at)

    def table(self) -> list[tuple[str, str]]:
        """Return the rows."""
        open_now = [record for record in self.book.records if record.ended_at is None]
        slowest = max((asked.done_after_s or 0.0 for asked in self.crowd.asked), default=0.0)
        done = sorted(self.misfortune.done.items())
        return [
            ("questions", str(len(self.crowd.asked))),
            ("answered once", str(self.once)),
            ("answered twice", str(self.twice)),
            ("told that there is no whole answer", str(self.told)),
            ("gone with an emptied Redis before a worker had them (documented gap)", str(self.lost_with_redis)),
            ("never answered", str(self.never)),
            (
                "asked again because a stop or a refused token of ours cut the answer",
                str(self.asked_again - self.asked_twice),
            ),
            ("sent to TalkifAI twice", str(self.asked_twice)),
            ("beginnings that stand beside their answer (documented gap)", str(self.fragments)),
            ("sessions opened", str(self.book.opened)),
            ("sessions ended", str(self.book.ended)),
            ("opened and killed before it was noted (documented gap)", str(sum(map(self.is_orphan, open_now)))),
            (
                "known to an emptied Redis only (documented gap)",
                str(sum(one.id in self.misfortune.forgotten for one in open_now)),
            ),
            ("sessions left open", str(self.left_open)),
            ("longest time to an answer", f"{slowest:.1f} s"),
            ("starts that were not ready within a minute", str(self.workers.not_ready)),
            ("faults", ", ".join(f"{count} x {name}" for name, count in done)),
        ]

    def complaints(self) -> list[str]:
        """Name the slowest questions, the threads in which something went wrong and the conversations left open."""
        slow = sorted(self.crowd.asked, key=lambda one: one.done_after_s or 0.0)[-3:]
        lines = [f"slow: {one.talk.thread} {one.text!r} {one.done_after_s or 0.0:.1f} s, {one.at}" for one in slow]
        for record in self.still_open:
            near = [
                round(at - record.opened_at, 1) for at in self.workers.killed_at if abs(at - record.opened_at) < _NEAR_S
            ]
            lines.append(f"--- open: {record.id}, {record.posted}, workers killed after {near} s")
        for talk in self.crowd.talks:
            counts = self.standing(talk)
            if max(counts, default=0) > 1 or counts.count(0) > notices(talk):
                lines.append(f"--- {talk.thread}: {counts}, asked at {[one.at for one in self.of(talk)]}")
                lines += [f"    {text[:100]!r} ({len(text)})" for text in talk.texts]
        return lines
