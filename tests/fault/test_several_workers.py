"""Several workers on one Redis: they share the work, hand it over, and take it over."""

import asyncio
import time

import pytest

from adapters.telegram import limits as telegram_limits
from sandbox.talkifai.script import Answer
from tests.fault.cluster import Cluster
from tests.fault.steps import BEGIN, MIDDLE, REST, WHOLE, Scene, opened_and_not_recorded, text_streams
from tests.fault.talks import TALKS, talk_on

ANSWER = "Here you are, this is the answer."
DRAIN_S = 8
EXIT_WITHIN_S = DRAIN_S + 7.0
LED_WITHIN_S = 15.0


async def test_sigterm_with_twenty_live_streams_hands_over_what_does_not_fit(cluster: Cluster) -> None:
    """P6: some finish in the time there is, the others are finished by the next worker; it exits soon after that."""
    worker = await cluster.start_worker(BRIDGE_DRAIN_S=str(DRAIN_S))
    scenes = [Scene(cluster, talk_on(cluster.stage, name), f"{n} in {name}") for name in TALKS for n in range(8)]
    await asyncio.gather(*(text_streams(scene) for scene in scenes))
    in_the_air = await _opening_and_posting(cluster)
    other = await cluster.start_worker()

    began = time.monotonic()
    stopping = asyncio.ensure_future(worker.stop())
    await cluster.until_said(worker, "finishing running replies")
    for scene in scenes[::2]:
        scene.open_all()
    # What is in the air when the drain is over lands a moment later, and is recorded.
    await asyncio.sleep(DRAIN_S - 2.0)
    for scene in in_the_air:
        for gate in scene.agent_gates[:1]:
            gate.open()
    await asyncio.sleep(2.3)
    for scene in in_the_air:
        scene.open_all()
    assert await stopping == 0
    assert time.monotonic() - began < EXIT_WITHIN_S
    assert all(scene.talk.texts == [WHOLE] for scene in scenes[::2])

    # Given back, so that no worker waits for a lease to expire.
    for scene in scenes[1::2]:
        scene.open_all()
    for scene in (*scenes, *in_the_air):
        await scene.talk.until_texts(WHOLE, within_s=15.0)
        assert scene.talk.posted == [scene.question]
        assert len(scene.talk.records) == 1
        assert scene.talk.never_went_back()
    assert other.process.returncode is None
    await cluster.at_rest()
    await cluster.end_all()
    assert cluster.stage.talkifai.book.open_now == 0


async def _opening_and_posting(cluster: Cluster) -> list[Scene]:
    """Hold the opening of a conversation, and an answer whose first post will be held, in each service."""
    opening = [Scene(cluster, talk_on(cluster.stage, name), f"opening in {name}") for name in TALKS]
    posting = [Scene(cluster, talk_on(cluster.stage, name), f"posting in {name}") for name in TALKS]
    for scene in opening:
        await opened_and_not_recorded(scene)
    for scene in posting:
        scene.answer_in_parts("", BEGIN, MIDDLE + REST)
        scene.hold(scene.talk.post_call, answer=True)
        await scene.ask()
        await scene.agent_gates[0].reached()
    for scene in opening:
        await scene.gate.reached()
    return [*opening, *posting]


async def test_two_then_five_workers_and_one_of_them_is_killed(cluster: Cluster) -> None:
    """P9: each question is answered once, on one conversation, whichever worker dies."""
    await asyncio.gather(*(cluster.start_worker() for _ in range(2)))
    scenes = [Scene(cluster, talk_on(cluster.stage, name), f"{n} in {name}") for name in TALKS for n in range(6)]
    await asyncio.gather(*(text_streams(scene) for scene in scenes))
    await asyncio.gather(*(cluster.start_worker() for _ in range(3)))
    more = [Scene(cluster, talk_on(cluster.stage, name), f"more {n} in {name}") for name in TALKS for n in range(6)]
    for scene in more:
        scene.answer_in_parts(WHOLE)
        await scene.ask()
    for scene in more:
        await scene.talk.until_texts(WHOLE)
        await cluster.until_let_go(scene.talk.thread)

    victim = next(worker for worker in cluster.workers if cluster.opened_by(worker, scenes[0].talk.thread))
    await victim.kill()
    for scene in scenes:
        scene.open_all()
    every = (*scenes, *more)
    await cluster.expire_leases(*(s.talk.thread for s in scenes if cluster.opened_by(victim, s.talk.thread)))

    for scene in every:
        await scene.talk.until_texts(WHOLE)
        assert scene.talk.posted == [scene.question]
        assert len(scene.talk.records) == 1
        assert scene.talk.never_went_back()
    await cluster.at_rest()
    await cluster.end_all()
    assert cluster.stage.talkifai.book.open_now == 0


@pytest.mark.parametrize("channel", TALKS)
async def test_two_first_questions_at_once_share_one_conversation_whoever_takes_them(
    cluster: Cluster, channel: str
) -> None:
    """D7: two replies in order, one conversation, with two workers that take events."""
    cluster.answers |= {"the first": Answer.of("This answers the first."), "the second": Answer.of("And the second.")}
    await asyncio.gather(*(cluster.start_worker() for _ in range(2)))
    talks = [talk_on(cluster.stage, channel) for _ in range(5)]

    for talk in talks:
        await talk.ask("the first")
        # Over two sockets the second could overtake it: it is written when the first was taken.
        await talk.until_taken()
        if channel == "telegram":
            # What the same person sends sooner is the rest of the first question there.
            await asyncio.sleep(telegram_limits.JOIN_S + 0.1)
        await talk.ask("the second")

    for talk in talks:
        await talk.until_texts("This answers the first.", "And the second.")
        assert [record.posted for record in talk.records] == [["the first", "the second"]]


async def test_the_lead_over_telegram_passes_on_at_sigterm_and_soon_after_sigkill(cluster: Cluster) -> None:
    """P6, P9: one worker polls; handed over at once on a stop, taken over within 15 s of a kill."""
    cluster.answers["anybody there?"] = Answer.of(ANSWER)
    first = await cluster.start_worker()
    second = await cluster.start_worker()
    await cluster.until_said(second, "standing by")
    third = await cluster.start_worker()

    await first.stop()
    began = time.monotonic()
    talk = talk_on(cluster.stage, "telegram")
    await talk.ask("anybody there?")
    await talk.until_texts(ANSWER)
    assert time.monotonic() - began < 8.0

    leader = next(worker for worker in (second, third) if any("Telegram: connected" in line for line in worker.log))
    await leader.kill()
    began = time.monotonic()
    talk = talk_on(cluster.stage, "telegram")
    await talk.ask("anybody there?")
    await talk.until_texts(ANSWER)
    assert time.monotonic() - began < LED_WITHIN_S
    assert talk.posted == ["anybody there?"]
