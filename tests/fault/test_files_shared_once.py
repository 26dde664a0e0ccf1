"""A file goes up once, wherever a worker is killed; where that cannot be known, the pages hold everything."""

import pytest

from sandbox.bridge_process import BridgeProcess
from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Say
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.talks import Talk, talk_on

_LEASE_AND_CLAIM_S = 91.0
WHOLE_WITHIN_S = 20.0
REST = "The whole answer is in the file answer.md."
CALLS = {
    "slack": ("files.getUploadURLExternal", "upload", "files.completeUploadExternal"),
    "telegram": ("sendDocument",),
}
STEPS = [(channel, call, when) for channel, calls in CALLS.items() for call in calls for when in ("before", "after")]


def _text(channel: str) -> str:
    most = 9_000 if channel == "slack" else 4_000
    return " ".join(f"Sentence {number} of the answer." for number in range(most // 12)) + " This is the last one."


def _shared(cluster: Cluster, talk: Talk) -> int:
    """Return how often people see the file."""
    assert sum(text == "[answer.md]" for text in talk.texts) == (
        sum(file.shares for file in cluster.stage.slack.api.files.files.values())
        if talk.name == "slack"
        else len(cluster.stage.telegram.world.documents.sent)
    )
    return sum(text == "[answer.md]" for text in talk.texts)


@pytest.mark.parametrize(("channel", "call", "when"), STEPS)
async def test_a_worker_killed_at_any_step_of_a_file_leaves_one_file_or_all_pages(
    cluster: Cluster, channel: str, call: str, when: str
) -> None:
    """M8: killed before a call has its effect, and before its answer."""
    gate = Gate()
    fault = Fault(call, hold=gate, refuse=True) if when == "before" else Fault(call, hold_answer=gate)
    talk, first = await _until_held(cluster, channel, fault, gate)
    await first.kill()
    gate.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)
    await cluster.start_worker(BRIDGE_FILE_FROM="1")
    was_known = call != "sendDocument" and (call, when) != ("files.completeUploadExternal", "before")
    assert await _is_in_a_file(cluster, talk) is was_known


@pytest.mark.parametrize(("channel", "call"), [(channel, call) for channel, calls in CALLS.items() for call in calls])
async def test_a_worker_stopped_at_any_step_of_a_file_leaves_one_file_or_all_pages(
    cluster: Cluster, channel: str, call: str
) -> None:
    """M8, R12: the call has its effect, and its answer comes when the worker is gone."""
    gate = Gate()
    talk, first = await _until_held(cluster, channel, Fault(call, hold_answer=gate), gate, BRIDGE_DRAIN_S="1")
    assert await first.stop() == 0
    gate.open()
    await cluster.start_worker(BRIDGE_FILE_FROM="1")
    assert await _is_in_a_file(cluster, talk) is (call != "sendDocument")


@pytest.mark.parametrize("redis", ["is away", "hangs"])
@pytest.mark.parametrize(("channel", "call"), [(channel, call) for channel, calls in CALLS.items() for call in calls])
async def test_an_answer_with_a_file_is_whole_at_once_though_redis_goes_away(
    cluster: Cluster, channel: str, call: str, redis: str
) -> None:
    """M8, R5: a file of which no record could be made is not shared: the pages hold everything."""
    gate = Gate()
    async with Proxy.to(cluster.redis_url) as network:
        fault, redis_url = Fault(call, hold_answer=gate), f"redis://127.0.0.1:{network.port}/0"
        talk, _ = await _until_held(cluster, channel, fault, gate, redis_url)
        if redis == "hangs":
            network.freeze()
        else:
            await network.cut()
        gate.open()
        await talk.ledger.until(lambda: _is_whole(cluster, talk), WHOLE_WITHIN_S)
        await network.restore()
        is_begun = call in {"sendDocument", "files.completeUploadExternal"}
        assert await _is_in_a_file(cluster, talk) is is_begun


async def _until_held(
    cluster: Cluster, channel: str, fault: Fault, gate: Gate, redis_url: str = "", **more: str
) -> tuple[Talk, BridgeProcess]:
    """Ask for a long answer; return its talk and the worker when the call of its file is held."""
    cluster.answers["all of it"] = Answer.of(Say(_text(channel), chunk=500))
    talk = talk_on(cluster.stage, channel)
    talk.faults.arm(fault)
    worker = await cluster.start_worker(redis_url, BRIDGE_FILE_FROM="1", **more)
    await talk.ask("all of it")
    await gate.reached()
    return talk, worker


def _is_whole(cluster: Cluster, talk: Talk) -> bool:
    """Say whether people can read everything, in a file or on pages."""
    pages = "".join("".join(one for one in talk.texts if one != "[answer.md]").split())
    says_so = any(REST in one for one in talk.texts)
    return (says_so and bool(_shared(cluster, talk))) or pages == "".join(_text(talk.name).split())


async def _is_in_a_file(cluster: Cluster, talk: Talk) -> bool:
    """Wait for the end; say whether the reply leads people to the file. It is shared once, or the pages are whole."""
    await cluster.until_let_go(talk.thread)
    await cluster.at_rest(60.0)
    assert _shared(cluster, talk) <= 1
    assert _is_whole(cluster, talk)
    assert talk.posted == ["all of it"]
    await cluster.end_all()
    return any(REST in one for one in talk.texts)
