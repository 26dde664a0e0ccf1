"""What a reply costs Redis, with real workers."""

import pytest

from bench.redis_commands import MOST_PER_REPLY, commands_of_a_reply, prepare
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, talk_on


@pytest.mark.parametrize("channel", TALKS)
async def test_a_reply_of_two_thousand_characters_takes_few_commands(channel: str) -> None:
    """A question that opens a session, ten seconds of text, and all that the worker does in the background."""
    async with Cluster(pace=1.0) as cluster:
        await prepare(cluster)
        counted = await commands_of_a_reply(cluster, talk_on(cluster.stage, channel))
    assert sum(counted.values()) <= MOST_PER_REPLY, counted.most_common()
