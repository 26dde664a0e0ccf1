"""Redis fails over under a whole worker."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from sandbox.talkifai.script import Answer
from tests.contract.own_redis import own_redis, run_on
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.talks import TALKS, talk_on

BEFORE, ANSWER = "This is the answer before.", "This is the answer of the new primary."
ANSWERED_WITHIN_S = 5.0


@pytest.mark.parametrize("channel", TALKS)
async def test_a_worker_answers_soon_after_its_redis_failed_over(cluster: Cluster, channel: str) -> None:
    """R1: a replica is promoted; the old primary keeps its connections and answers READONLY."""
    cluster.answers |= {"before": Answer.of(BEFORE), "and now?": Answer.of(ANSWER)}
    async with own_redis() as old, own_redis() as new:
        ports = [urlsplit(url).port or 0 for url in (old, new)]
        await run_on(new, "REPLICAOF", "127.0.0.1", ports[0])
        target = ports[0]
        async with Proxy(lambda: asyncio.open_connection("127.0.0.1", target)) as network:
            worker = await cluster.start_worker(f"redis://127.0.0.1:{network.port}/0")
            talk = talk_on(cluster.stage, channel)
            await talk.ask("before")
            await talk.until_texts(BEFORE)
            await talk.until_taken()

            target = ports[1]
            await run_on(new, "REPLICAOF", "NO", "ONE")
            await run_on(old, "REPLICAOF", "127.0.0.1", ports[1])
            began = time.monotonic()
            await talk.ask("and now?")
            await talk.until_texts(BEFORE, ANSWER)
            took_s = time.monotonic() - began
            assert talk.posted == ["before", "and now?"]
            await worker.stop(within_s=30.0)
    assert took_s < ANSWERED_WITHIN_S, "".join(worker.log[-30:])
