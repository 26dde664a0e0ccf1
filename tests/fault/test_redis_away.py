"""Redis goes away, comes back, restarts."""

import asyncio
import time

import pytest

from adapters.slack.inbound.http_mode import EVENTS_PATH
from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold, Say
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import BEGIN, MIDDLE, REST, WHOLE, Scene, text_streams
from tests.fault.talks import TALKS, talk_on
from tests.ports import free_port

ANSWER = "Here you are, this is the answer."
OUTAGE_S = 30.0
NORMAL_WITHIN_S = 10.0


@pytest.mark.parametrize("channel", TALKS)
async def test_an_event_that_comes_while_redis_is_down_is_delivered_again(cluster: Cluster, channel: str) -> None:
    """P1: not acknowledged, so the service delivers it again."""
    stage = cluster.stage
    stage.slack.sockets.redelivery_after_s = (0.0, 4.0, 4.0, 4.0)
    cluster.answers["are you there?"] = Answer.of(ANSWER)
    await cluster.start_worker()
    talk = talk_on(stage, channel)
    await cluster.stop_redis()

    await talk.ask("are you there?")
    if channel == "slack":
        await talk.ledger.until(lambda: len(stage.slack.deliveries[-1].attempts) >= 2, 30.0)
        assert not stage.slack.deliveries[-1].acked
    else:
        await talk.ledger.until(lambda: "the store is away" in cluster.log, 30.0)
        assert stage.telegram.pending()
    await cluster.start_redis()

    await talk.until_texts(ANSWER)
    assert talk.posted == ["are you there?"]
    if channel == "telegram":
        await talk.ledger.until(lambda: not stage.telegram.pending(), 30.0)
    else:
        await talk.ledger.until(lambda: stage.slack.deliveries[0].acked, 30.0)


async def test_a_request_of_slack_that_comes_while_redis_is_down_is_delivered_again(cluster: Cluster) -> None:
    """P1: over HTTP it is answered with an error, and soon enough for Slack to see that."""
    slack, port = cluster.stage.slack, free_port()
    slack.sockets.redelivery_after_s = (0.0, 4.0, 4.0, 4.0)
    cluster.answers["are you there?"] = Answer.of(ANSWER)
    slack.deliver_to(f"http://127.0.0.1:{port}{EVENTS_PATH}")
    await cluster.start_worker(
        command="web", PORT=port, SLACK_SIGNING_SECRET=slack.signing_secret, SLACK_APP_TOKEN="", TELEGRAM_BOT_TOKEN=""
    )
    talk = talk_on(cluster.stage, "slack")
    await cluster.stop_redis()

    await talk.ask("are you there?")
    (delivery,) = slack.deliveries
    await talk.ledger.until(lambda: len(delivery.attempts) >= 2, 30.0)
    assert not delivery.acked
    await cluster.start_redis()

    await talk.until_texts(ANSWER)
    await asyncio.wait_for(delivery.settled.wait(), 30.0)
    assert talk.posted == ["are you there?"]
    assert {attempt.status for attempt in delivery.attempts} == {200, 503}


async def test_a_running_answer_is_completed_while_redis_is_away(cluster: Cluster) -> None:
    """P2: away mid-stream, for longer than a lease; the question is not asked again."""
    async with Proxy.to(cluster.redis_url) as network:
        for _ in range(2):
            await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0")
        scenes = [Scene(cluster, talk_on(cluster.stage, channel), f"going on in {channel}") for channel in TALKS]
        unseen = [Scene(cluster, talk_on(cluster.stage, channel), f"first words in {channel}") for channel in TALKS]
        for scene in scenes:
            await text_streams(scene)
        for scene in unseen:
            scene.answer_in_parts("", WHOLE)
            await scene.ask()
            await scene.agent_gates[0].reached()

        await network.cut()
        for scene in (*scenes, *unseen):
            scene.open_all()
        for scene in (*scenes, *unseen):
            await scene.talk.until_texts(WHOLE)
        await cluster.expire_leases(*(scene.talk.thread for scene in (*scenes, *unseen)))
        await network.restore()
        await cluster.at_rest()

        for scene in (*scenes, *unseen):
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()


@pytest.mark.timeout(150)
async def test_thirty_seconds_without_redis_cost_no_answer_and_ask_nothing_twice(cluster: Cluster) -> None:
    """P2: thirty real seconds, so that every lease runs out by itself; normal within 10 s of the return."""
    cluster.answers["and now?"] = Answer.of(ANSWER)
    async with Proxy.to(cluster.redis_url) as network:
        for _ in range(2):
            await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0")
        talks = [talk_on(cluster.stage, channel) for channel in TALKS for _ in range(5)]
        scenes = [Scene(cluster, talk, f"question {number}") for number, talk in enumerate(talks)]
        ending_meanwhile, ending_later, ending_last = scenes[::2], scenes[1::4], scenes[3::4]
        await asyncio.gather(*(text_streams(scene) for scene in scenes))

        await network.cut()
        for scene in ending_meanwhile:
            scene.open_all()
        for scene in ending_meanwhile:
            await scene.talk.until_texts(WHOLE)
        await asyncio.sleep(OUTAGE_S)
        # The leases are over, and no worker can tell who has the threads.
        for scene in ending_later:
            scene.open_all()
        await asyncio.gather(*(scene.talk.until_texts(WHOLE) for scene in ending_later))
        await network.restore()
        returned_at = time.monotonic()
        new = [talk_on(cluster.stage, channel) for channel in TALKS]
        for talk in new:
            await talk.ask("and now?")
        for talk in new:
            await talk.until_texts(ANSWER)
        took_s = time.monotonic() - returned_at
        for scene in ending_last:
            scene.open_all()

        for scene in scenes:
            await scene.talk.until_texts(WHOLE)
        await cluster.at_rest()
        assert took_s < NORMAL_WITHIN_S
        for scene in scenes:
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()
        assert [talk.posted for talk in new] == [["and now?"]] * len(new)
        assert all(worker.process.returncode is None for worker in cluster.workers)
        await cluster.end_all()
        assert cluster.stage.talkifai.book.open_now == 0


@pytest.mark.timeout(150)
async def test_a_worker_that_alone_loses_redis_does_not_write_over_the_one_that_took_its_thread(hasty: Cluster) -> None:
    """D8, P2: it cannot know that the others reach Redis, and leaves the thread to them when it learns so."""
    async with Proxy.to(hasty.redis_url) as network:
        await hasty.start_worker(f"redis://127.0.0.1:{network.port}/0", TELEGRAM_BOT_TOKEN="")
        scene = Scene(hasty, talk_on(hasty.stage, "slack"), "going on")
        await text_streams(scene)
        fence = await hasty.fence_of(scene.talk.thread)
        await hasty.start_worker(TELEGRAM_BOT_TOKEN="")
        await network.cut()
        await hasty.until_fence_is_above(fence, scene.talk.thread)
        scene.open_all()
        await scene.talk.until_texts(WHOLE)
        await hasty.at_rest()
        await network.restore()
        await asyncio.sleep(hasty.lease_s / 2)

        assert scene.talk.texts == [WHOLE]
        assert scene.talk.posted == [scene.question]


@pytest.mark.timeout(150)
async def test_an_answer_ends_though_redis_is_away_for_several_leases(hasty: Cluster) -> None:
    """R5: two workers, direct messages of both services, and a group of Telegram; nothing is asked or said twice."""
    telegram = hasty.stage.telegram
    ada, group = telegram.person("Ada"), telegram.group("Team")
    place, gate = str(group.id), Gate()
    hasty.answers["what is new?"] = Answer.of(Say(BEGIN, chunk=len(BEGIN)), Hold(gate), Say(REST, chunk=len(REST)))
    async with Proxy.to(hasty.redis_url) as network:
        for _ in range(2):
            await hasty.start_worker(f"redis://127.0.0.1:{network.port}/0")
        scenes = [Scene(hasty, talk_on(hasty.stage, channel), f"going on in {channel}") for channel in TALKS]
        for scene in scenes:
            await text_streams(scene)
        await telegram.say(ada, group, "what is new?", mention=True)
        await gate.reached()

        await network.cut()
        await asyncio.sleep(3.5 * hasty.lease_s)
        for scene in scenes:
            scene.open_all()
        gate.open()
        for scene in scenes:
            await scene.talk.until_texts(WHOLE, within_s=10.0)
        wanted = [BEGIN + REST]
        await telegram.ledger.until(lambda: [one.text for one in telegram.ledger.shown(place)] == wanted, 10.0)
        await network.restore()
        await hasty.at_rest()

        assert [one.text for one in telegram.ledger.shown(place)] == wanted
        for scene in scenes:
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()
        await hasty.end_all()
        assert hasty.stage.talkifai.book.open_now == 0


async def test_a_half_open_redis_is_noticed_and_work_goes_on_when_it_thaws(cluster: Cluster) -> None:
    """P2: every connection to Redis stands, and nothing comes through."""
    async with Proxy.to(cluster.redis_url) as network:
        await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0?socket_timeout=1")
        scene = Scene(cluster, talk_on(cluster.stage, "slack"), "going on")
        scene.answer_in_parts(BEGIN, MIDDLE, REST)
        await scene.ask()
        await scene.talk.until_shown(BEGIN.strip())

        network.freeze()
        scene.open_all()
        await cluster.until_said(cluster.workers[0], "store does not answer", 60.0)
        network.thaw()

        await scene.talk.until_texts(WHOLE)
        await cluster.at_rest()
        assert scene.talk.posted == [scene.question]


async def test_all_is_normal_soon_after_redis_restarted(cluster: Cluster) -> None:
    """P3: a restart in the middle of answers; new questions are answered within 10 s."""
    cluster.answers["and now?"] = Answer.of(ANSWER)
    await cluster.start_worker()
    scenes = [Scene(cluster, talk_on(cluster.stage, channel), f"going on in {channel}") for channel in TALKS]
    for scene in scenes:
        await text_streams(scene)
    await cluster.stop_redis()
    for scene in scenes:
        scene.open_all()
    await cluster.until_said(cluster.workers[0], "store does not answer")

    await cluster.start_redis()
    began = time.monotonic()
    later = [talk_on(cluster.stage, channel) for channel in TALKS]
    for talk in later:
        await talk.ask("and now?")
    for talk in later:
        await talk.until_texts(ANSWER)
    assert time.monotonic() - began < NORMAL_WITHIN_S

    for scene in scenes:
        await scene.talk.until_texts(WHOLE)
        assert scene.talk.posted == [scene.question]
    await cluster.at_rest()
    await cluster.end_all()
    assert cluster.stage.talkifai.book.open_now == 0
