"""An opening that takes long, or whose answer never comes: what it leaves is ended, or counted and named."""

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Fault
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.steps import WHOLE, Scene, opened_and_not_recorded, opening_is_under_way
from tests.fault.talks import TALKS, talk_on


@pytest.mark.parametrize("channel", TALKS)
async def test_a_stop_while_talkifai_takes_long_to_open_leaves_nothing_open(cluster: Cluster, channel: str) -> None:
    """R10: the asker is free at once, and what comes back later is ended."""
    await cluster.start_worker()
    scene = Scene(cluster, talk_on(cluster.stage, channel), "hello")
    await opened_and_not_recorded(scene)
    await scene.gate.reached()

    await scene.talk.ask("stop" if channel == "slack" else "/stop")
    await scene.talk.until_texts(english(Notice.STOPPED))
    await cluster.until_let_go(scene.talk.thread)
    book = cluster.stage.talkifai.book
    assert (book.opened, book.open_now) == (1, 1)
    scene.open_all()

    await book.until(lambda: not book.open_now)
    assert book.end_requests == {book.records[0].id: 1}
    await cluster.until_no_opening()
    await cluster.let_time_pass(61.0)
    assert await cluster.stores.sessions.take_lost_openings() == []


async def test_a_lease_lost_while_talkifai_takes_long_to_open_leaves_one_conversation(cluster: Cluster) -> None:
    """R10: the worker that took over opens its own; what the first one opened is ended."""
    first = await cluster.start_worker()
    scene = Scene(cluster, talk_on(cluster.stage, "slack"), "hello")
    await opened_and_not_recorded(scene)
    await scene.gate.reached()
    first.pause()
    await cluster.expire_leases(scene.talk.thread)
    await cluster.start_worker()
    await scene.talk.until_texts(WHOLE)
    first.resume()
    await cluster.until_lost(first, scene.talk.thread)
    scene.open_all()

    book = cluster.stage.talkifai.book
    await book.until(lambda: book.open_now == 1)
    assert [record.posted for record in book.records] == [[], ["hello"]]
    assert book.records[0].ended_at is not None


async def test_a_worker_killed_in_an_opening_leaves_a_line_and_an_alert(cluster: Cluster) -> None:
    """R11: with the metadata by which TalkifAI's support finds the conversation."""
    first = await cluster.start_worker()
    scenes = [Scene(cluster, talk_on(cluster.stage, channel), "hello") for channel in TALKS]
    await opened_and_not_recorded(scenes[0])
    await opening_is_under_way(scenes[1])
    for scene in scenes:
        await scene.gate.reached()
    await first.kill()
    for scene in scenes:
        scene.open_all()
    await cluster.let_time_pass(61.0)
    second = await cluster.start_worker()
    for scene in scenes:
        await scene.talk.until_texts(WHOLE)
    await cluster.until_said(second, "answer to an opening was lost")
    await cluster.end_all()

    lost = [line for line in await cluster.stores.ledger(10) if line["reason"] == "lost"]
    assert sorted(line["channel"] for line in lost) == sorted(TALKS)
    assert await cluster.stores.sessions.possible_orphans() == 2
    left = [record for record in cluster.stage.talkifai.book.records if record.ended_at is None]
    assert {record.metadata["bridge_opening"] for record in left} <= {line["opening"] for line in lost}
    said = "".join(second.log)
    assert all(line["opening"] in said for line in lost)


async def test_an_opening_whose_answer_is_lost_is_counted(cluster: Cluster) -> None:
    """R11: under a worker that goes on living."""
    worker = await cluster.start_worker()
    talk = talk_on(cluster.stage, "telegram")
    cluster.stage.talkifai.faults.arm(Fault("open", lose_answer=True))
    await talk.ask("hello")
    await talk.until_texts(english(Notice.UNAVAILABLE))
    assert await cluster.stores.sessions.possible_orphans() == 0
    await cluster.let_time_pass(61.0)
    await cluster.until_said(worker, "answer to an opening was lost")
    assert await cluster.stores.sessions.possible_orphans() == 1
