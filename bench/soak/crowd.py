"""The people of a soak: each asks, waits for the whole answer or for a notice instead, thinks, and asks again."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.domain.notices import Notice
from bridge.texts.catalog import texts_in
from sandbox.talkifai.script import Answer, Say
from tests.fault.cluster import Cluster
from tests.fault.talks import Talk

INSTEAD = tuple(
    texts_in("en")(notice) for notice in (Notice.INTERRUPTED, Notice.FAILED, Notice.UNAVAILABLE, Notice.UNSURE)
)
REST_WITHIN_S = 300.0
_SETTLED_WITHIN_S = 3.0
"""TalkifAI's end of an answer comes after its last words: a stop in between cuts it all the same."""


@dataclass(slots=True)
class Asked:
    """One question and what is known of its answer."""

    talk: Talk
    text: str
    answer: str
    asked_at: float
    done_after_s: float | None = None

    @property
    def at(self) -> str:
        """When it was asked, as the logs write it."""
        ago_s = time.monotonic() - self.asked_at
        return datetime.fromtimestamp(time.time() - ago_s, UTC).isoformat(timespec="seconds")

    def was_at_work_in(self, begin: float, end: float) -> bool:
        """Say whether it was asked and not settled yet at some time between the two."""
        return self.asked_at <= end and (
            self.done_after_s is None or begin <= self.asked_at + self.done_after_s + _SETTLED_WITHIN_S
        )


@dataclass(slots=True)
class Crowd:
    """All of them, and all that they asked."""

    cluster: Cluster
    chance: random.Random
    talks: list[Talk]
    until: float
    asked: list[Asked] = field(default_factory=list)

    async def person(self, talk: Talk) -> None:
        """Ask, wait for the answer, think, ask again, until the time is over."""
        number = 0
        await asyncio.sleep(self.chance.uniform(0.0, min(20.0, (self.until - time.monotonic()) / 4)))
        while time.monotonic() < self.until:
            number += 1
            text = f"question {number} of {talk.place} in {talk.name}"
            answer = f"Answer to {text}: " + " ".join(f"word{n}" for n in range(self.chance.randrange(5, 250)))
            self.cluster.answers[text] = Answer.of(Say(answer, chunk=24, pause_s=0.15))
            asked = Asked(talk, text, answer, time.monotonic())
            self.asked.append(asked)
            await talk.ask(text)
            await self._wait_for(asked)
            await asyncio.sleep(self.chance.uniform(5.0, 40.0))

    async def _wait_for(self, asked: Asked) -> None:
        """Wait until the whole answer is shown, or a notice instead; a while after the end at most."""
        before = sum(one.talk is asked.talk for one in self.asked)
        while time.monotonic() < self.until + REST_WITHIN_S:
            if times_shown(asked):
                asked.done_after_s = time.monotonic() - asked.asked_at
                return
            answered = sum(one.talk is asked.talk and one.done_after_s is not None for one in self.asked)
            if answered + notices(asked.talk) >= before:
                return
            await asyncio.sleep(0.5)


def shown(talk: Talk) -> list[str]:
    """Return what the bot's messages say, without white space and what the bridge says below it."""
    return ["".join(text.partition("\n\n")[0].split()) for text in talk.texts]


def times_shown(asked: Asked) -> int:
    """Return how often the whole answer stands there. Where edits had no room its rest is another message."""
    return "".join(shown(asked.talk)).count("".join(asked.answer.split()))


def notices(talk: Talk) -> int:
    """Return how many messages of the bot tell that a question was not answered in full."""
    return sum(any(notice in text for notice in INSTEAD) for text in talk.texts)
