"""The soak's own count: what it would not see, it could not report."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from bench.soak.count import Count
from bench.soak.crowd import Asked, Crowd
from bench.soak.misfortune import Misfortune
from bench.soak.redis_pair import RedisPair
from bench.soak.workers import Workers
from bridge.domain.notices import Notice
from sandbox.stage import Stage
from sandbox.talkifai.conversations import Book, Record
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.talks import Talk

_ANSWER = "Answer to q1: word0 word1"


@dataclass
class _Talk:
    texts: list[str]
    thread: str = "telegram:100:1"
    place: str = "1"


@dataclass
class _Stage:
    """Nothing of it is touched by the count."""


@dataclass
class _Facts:
    """What happened in a soak of one question."""

    texts: Sequence[str] = (_ANSWER,)
    posted: Sequence[str] = ("q1",)
    ended_at: float | None = 9.0
    stopped_at: list[float] = field(default_factory=list)

    def count(self) -> Count:
        cluster, chance = cast("Cluster", None), random.Random(1)  # noqa: S311 - nothing is drawn
        talk = cast("Talk", _Talk(list(self.texts)))
        asked = Asked(talk, "q1", _ANSWER, asked_at=1.0, done_after_s=4.0)
        crowd = Crowd(cluster, chance, [talk], 0.0, [asked])
        workers = Workers(cluster, "", stopped_at=self.stopped_at)
        misfortune = Misfortune(cast("Stage", _Stage()), cast("RedisPair", None), workers, chance, 0.0)
        book = Book(lambda: 0.0)
        record = Record("c1", "a", "Agent", "u", {}, 1.0, 1.0)
        record.posted.extend(self.posted)
        record.ended_at = self.ended_at
        book.conversations["c1"] = record
        return Count(book, crowd, workers, misfortune)


@pytest.mark.parametrize(
    "facts",
    [
        _Facts(),
        _Facts(texts=[f"{_ANSWER}\n\n_Continues from a minute ago._"]),
        _Facts(texts=["Answer to q1: word0 w", "ord1"]),
        _Facts(texts=[f"Answer to q1\n\n{english(Notice.INTERRUPTED)}"]),
        _Facts(posted=["q1", "q1"], stopped_at=[3.0]),
    ],
    ids=["once", "with a line below it", "in two messages", "told why not", "asked again after a stop of ours"],
)
def test_what_is_as_promised_is_well(facts: _Facts) -> None:
    assert facts.count().is_well


@pytest.mark.parametrize(
    ("facts", "row"),
    [
        (_Facts(texts=[_ANSWER, _ANSWER]), "answered twice"),
        (_Facts(texts=["Answer to q1"]), "never answered"),
        (_Facts(texts=[]), "never answered"),
        (_Facts(posted=["q1", "q1"]), "sent to TalkifAI twice"),
        (_Facts(posted=["q1", "q1"], stopped_at=[9.0]), "sent to TalkifAI twice"),
        (_Facts(ended_at=None), "sessions left open"),
    ],
)
def test_what_is_not_as_promised_is_seen(facts: _Facts, row: str) -> None:
    count = facts.count()
    assert not count.is_well
    assert dict(count.table())[row] == "1"
