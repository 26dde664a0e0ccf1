"""A stop while Redis, TalkifAI or both give no answer: a platform kills what has not left after 30 s."""

import time

import pytest

from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import Scene, text_streams
from tests.fault.talks import talk_on

DRAIN_S = 3
LEAVES_WITHIN_S = DRAIN_S + 7.0
"""The whole stop takes 29 s with a drain time of 22 s."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("redis", ["hangs", "is away"])
async def test_a_worker_leaves_in_time_and_says_so_though_nothing_answers(cluster: Cluster, redis: str) -> None:
    """P6, R12: in the middle of an answer."""
    async with Proxy.to(cluster.redis_url) as network, Proxy.to(cluster.stage.settings["TALKIFAI_BASE_URL"]) as agent:
        worker = await cluster.start_worker(
            f"redis://127.0.0.1:{network.port}/0",
            BRIDGE_DRAIN_S=str(DRAIN_S),
            TALKIFAI_BASE_URL=f"http://127.0.0.1:{agent.port}",
        )
        scene = Scene(cluster, talk_on(cluster.stage, "slack"), "going on")
        await text_streams(scene)
        agent.freeze()
        if redis == "hangs":
            network.freeze()
        else:
            await network.cut()

        began = time.monotonic()
        code = await worker.stop(within_s=60.0)
        took_s = time.monotonic() - began
        agent.thaw()
        network.thaw()
    assert code == 0, "".join(worker.log[-20:])
    assert took_s < LEAVES_WITHIN_S, "".join(worker.log[-30:])
    assert any("stay" in line for line in worker.log[-10:]), "".join(worker.log[-30:])
