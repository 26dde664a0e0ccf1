"""A stop while TalkifAI refuses to end conversations, or gives no answer to that, or Redis gives none."""

import asyncio
import time

import pytest

from sandbox.faults import Fault, Gate
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import WHOLE, Scene, settled, text_streams
from tests.fault.talks import Talk, talk_on

DRAIN_S = 3
LEAVES_WITHIN_S = DRAIN_S + 7.0
NOT_FOUND = 404
KILLED_AFTER_S = 30.0
"""A platform kills a process that is still there so long after SIGTERM."""


async def _talks_at_rest(cluster: Cluster, count: int) -> list[Talk]:
    """Answer a question in so many threads, and leave their conversations open."""
    talks = [talk_on(cluster.stage, "slack") for _ in range(count)]
    for talk in talks:
        await talk.ask("hello")
    for talk in talks:
        await talk.until_shown("You asked: hello")
        await cluster.until_let_go(talk.thread)
    return talks


@pytest.mark.parametrize("status", [None, 404, 503])
async def test_an_end_in_the_drain_that_hangs_or_is_refused_is_made_by_the_next_worker(
    cluster: Cluster, status: int | None
) -> None:
    """R12, R13: a 404 says that nothing is left to close. An answer goes on meanwhile; the worker leaves in time."""
    worker = await cluster.start_worker(BRIDGE_DRAIN_S=str(DRAIN_S))
    growing = Scene(cluster, talk_on(cluster.stage, "telegram"), "going on")
    await text_streams(growing)
    ending = Scene(cluster, talk_on(cluster.stage, "slack"), "and this")
    gate, book, faults = Gate(), cluster.stage.talkifai.book, cluster.stage.talkifai.faults
    faults.arm(Fault("end", times=-1, hold=gate, status=status))
    await settled(ending)
    await ending.talk.ask("end")
    await gate.reached()

    began = time.monotonic()
    stopping = asyncio.ensure_future(worker.stop(within_s=60.0))
    await cluster.until_said(worker, "finishing running replies")
    if status is not None:
        gate.open()
    assert await stopping == 0
    assert time.monotonic() - began < LEAVES_WITHIN_S, "".join(worker.log[-20:])
    left = 1 if status == NOT_FOUND else 2
    assert any(f"{left} conversation" in line and " open: " in line for line in worker.log[-5:])

    faults.clear()
    gate.open()
    await cluster.start_worker()
    growing.open_all()
    await growing.talk.until_texts(WHOLE)
    await cluster.at_rest()
    await cluster.end_all()
    assert await cluster.stores.sessions.counts() == (0, 0)
    # After a 404 the bridge does not ask again, though this TalkifAI still has the conversation.
    assert book.open_now == (1 if status == NOT_FOUND else 0)
    lines = await cluster.stores.ledger(9)
    assert sorted(line["conversation"] for line in lines) == sorted(record.id for record in book.records)


async def test_ending_all_at_a_stop_goes_on_until_all_are_ended(cluster: Cluster) -> None:
    """R13: an end that TalkifAI refuses for a moment is repeated before the worker leaves."""
    worker = await cluster.start_worker(command="run --end-sessions")
    await _talks_at_rest(cluster, 3)
    cluster.stage.talkifai.faults.arm(Fault("end", times=2, status=503))

    assert await worker.stop(within_s=60.0) == 0
    assert cluster.stage.talkifai.book.open_now == 0
    assert not any("stay" in line for line in worker.log)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("hanging", ["Redis", "TalkifAI"])
async def test_ending_all_at_a_stop_is_bounded_and_says_what_stays_open(cluster: Cluster, hanging: str) -> None:
    """R12, R13: whichever gives no answer, the worker leaves before a platform kills it."""
    async with Proxy.to(cluster.redis_url) as network, Proxy.to(cluster.stage.settings["TALKIFAI_BASE_URL"]) as agent:
        worker = await cluster.start_worker(
            f"redis://127.0.0.1:{network.port}/0",
            "run --end-sessions",
            TALKIFAI_BASE_URL=f"http://127.0.0.1:{agent.port}",
        )
        talks = await _talks_at_rest(cluster, 2)
        (network if hanging == "Redis" else agent).freeze()

        began = time.monotonic()
        assert await worker.stop(within_s=90.0) == 0
        assert time.monotonic() - began < KILLED_AFTER_S, "".join(worker.log[-20:])
        network.thaw()
        agent.thaw()
    said = "".join(worker.log[-8:])
    assert all(record.id in said for talk in talks for record in talk.records), said
    assert ("not known how many conversations stay open" if hanging == "Redis" else "2 conversations stay open") in said
