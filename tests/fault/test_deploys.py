"""Workers are stopped in the middle of long answers, as a deploy does, and TalkifAI does one of three things then."""

import asyncio
import itertools
import time

import pytest

from bridge.domain.notices import Notice, Status
from sandbox.talkifai.script import Answer, Say
from sandbox.talkifai.when_unread import WhenUnread
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, Talk, talk_on, without_status

_STORY = " ".join(f"Sentence number {number} of a long answer." for number in range(1, 46))
_TAKES_S = 9.0
_KILLED_AFTER_S = 30.0
"""A platform kills a process that is still there so long after SIGTERM."""


async def _ask(cluster: Cluster, talks: list[Talk], takes_s: float = _TAKES_S) -> None:
    """Ask for an answer that takes long; return when each has begun to show."""
    cluster.stage.talkifai.pace = 1.0
    cluster.answers["tell me"] = Answer.of(Say(_STORY, chunk=12, pause_s=takes_s * 12 / len(_STORY)))
    for talk in talks:
        await talk.ask("tell me")
    for talk in talks:
        await talk.until_shown("Sentence number 1")


async def _until_asked(talks: list[Talk], *, times: int) -> None:
    for talk in talks:
        await talk.stage.talkifai.book.until(lambda talk=talk: len(talk.posted) == times, 40.0)  # type: ignore[misc]


def _never_shrank(talk: Talk) -> bool:
    """Say whether no one saw less of the text than before, leaving out the status line below it."""
    looks = [without_status(frame.text) for frame in talk.versions()]
    return all(len(after) >= len(before) for before, after in itertools.pairwise(looks))


async def _deploy(cluster: Cluster, when_unread: WhenUnread, *, asked: int) -> None:
    """Stop a worker in the middle of four answers and let another one, which runs already, take them over."""
    cluster.stage.talkifai.when_unread = when_unread
    first = await cluster.start_worker(BRIDGE_DRAIN_S="1")
    talks = [talk_on(cluster.stage, channel) for channel in TALKS for _ in range(2)]
    await _ask(cluster, talks)
    await cluster.start_worker()
    assert await first.stop() == 0

    for talk in talks:
        await talk.until_texts(_STORY, within_s=60.0)
        assert _never_shrank(talk)
        seen = [frame.text for frame in talk.versions()]
        assert not [text for text in seen if english(Notice.INTERRUPTED) in text]
        assert any(english(Status.THINKING) in text and "Sentence" in text for text in seen)
        assert talk.posted == ["tell me"] * asked
        assert len(talk.records) == 1


async def test_a_long_answer_that_talkifai_writes_on_is_shown_after_a_deploy(cluster: Cluster) -> None:
    """R12: and not asked again."""
    await _deploy(cluster, WhenUnread.WRITE_ON, asked=1)


@pytest.mark.parametrize("when_unread", [WhenUnread.KEEP_THE_PART, WhenUnread.KEEP_THE_QUESTION])
async def test_a_long_answer_that_talkifai_stops_is_asked_again_after_a_deploy(
    hasty: Cluster, when_unread: WhenUnread
) -> None:
    """R12: once, by the bridge itself, and nothing is said of it."""
    await _deploy(hasty, when_unread, asked=2)


async def test_a_question_after_an_answer_that_was_asked_for_again_is_sent_once(cluster: Cluster) -> None:
    """R12, R9: the history holds the question twice, and the part of an answer."""
    cluster.stage.talkifai.when_unread = WhenUnread.KEEP_THE_PART
    first = await cluster.start_worker(BRIDGE_DRAIN_S="0")
    talk = talk_on(cluster.stage, "telegram")
    await _ask(cluster, [talk])
    await cluster.start_worker()
    await first.stop()
    await talk.until_texts(_STORY, within_s=60.0)
    await cluster.until_let_go(talk.thread)
    cluster.answers["and then"] = Answer.of("Then it ends.")
    await talk.ask("and then")
    await talk.until_texts(_STORY, "Then it ends.")
    assert talk.posted == ["tell me", "tell me", "and then"]


@pytest.mark.parametrize("when_unread", WhenUnread)
async def test_three_deploys_within_one_answer_do_not_lose_it(hasty: Cluster, when_unread: WhenUnread) -> None:
    """R12: each stop is ours, so each may be followed by asking again."""
    hasty.stage.talkifai.when_unread = when_unread
    worker = await hasty.start_worker(BRIDGE_DRAIN_S="0")
    talks = [talk_on(hasty.stage, channel) for channel in TALKS]
    await _ask(hasty, talks, takes_s=4.0)
    for deploys in range(1, 4):
        assert await worker.stop() == 0
        worker = await hasty.start_worker(BRIDGE_DRAIN_S="0")
        if when_unread is not WhenUnread.WRITE_ON:
            await _until_asked(talks, times=deploys + 1)

    for talk in talks:
        await talk.until_texts(_STORY, within_s=60.0)
        assert _never_shrank(talk)
        assert not [frame for frame in talk.versions() if english(Notice.INTERRUPTED) in frame.text]
        assert len(talk.posted) == (1 if when_unread is WhenUnread.WRITE_ON else 4)
        assert len(talk.records) == 1


async def test_an_answer_that_every_worker_cuts_ends_with_a_notice(hasty: Cluster) -> None:
    """R12: workers that are stopped again and again do not ask for ever."""
    hasty.stage.talkifai.when_unread = WhenUnread.KEEP_THE_QUESTION
    worker = await hasty.start_worker(BRIDGE_DRAIN_S="0")
    talk = talk_on(hasty.stage, "telegram")
    await _ask(hasty, [talk], takes_s=4.0)
    for asked in range(2, 5):
        await worker.stop()
        worker = await hasty.start_worker(BRIDGE_DRAIN_S="0")
        await _until_asked([talk], times=asked)
    await worker.stop()
    await hasty.start_worker()
    await talk.ledger.until(lambda: english(Notice.INTERRUPTED) in talk.texts[-1], 60.0)
    assert talk.posted == ["tell me"] * 4


async def test_two_hundred_live_replies_are_let_go_in_time(cluster: Cluster) -> None:
    """R12, P6: the whole stop is over before a platform kills, with the time that is the default."""
    cluster.stage.talkifai.when_unread = WhenUnread.KEEP_THE_QUESTION
    cluster.stage.talkifai.pace = 1.0
    cluster.answers["tell me"] = Answer.of(Say(_STORY, chunk=12, pause_s=0.5))
    first = await cluster.start_worker()
    talks = [talk_on(cluster.stage, "telegram") for _ in range(200)]
    await asyncio.gather(*(talk.ask("tell me") for talk in talks))
    book = cluster.stage.talkifai.book
    await book.until(lambda: sum(len(record.posted) for record in book.records) == 200, 60.0)
    stopped_at = time.monotonic()
    assert await first.stop() == 0
    took_s = time.monotonic() - stopped_at
    print(f"a worker with 200 live replies stopped after {took_s:.1f} s")  # noqa: T201 - worth watching
    assert took_s < _KILLED_AFTER_S
    assert await cluster.redis.hlen(cluster.stores.keys.leases) == 0
    cut = [await cluster.redis.hexists(cluster.stores.keys.turn(talk.thread), "cut_at") for talk in talks]
    assert sum(map(bool, cut)) > 150
