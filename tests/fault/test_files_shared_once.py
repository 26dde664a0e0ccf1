"""A file goes up once, wherever a worker is killed; where that cannot be known, the pages hold everything."""

import pytest

from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Say
from tests.fault.cluster import Cluster
from tests.fault.talks import Talk, talk_on

_LEASE_AND_CLAIM_S = 91.0
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
    text = _text(channel)
    cluster.answers["all of it"] = Answer.of(Say(text, chunk=500))
    talk, gate = talk_on(cluster.stage, channel), Gate()
    fault = Fault(call, hold=gate, refuse=True) if when == "before" else Fault(call, hold_answer=gate)
    talk.faults.arm(fault)
    first = await cluster.start_worker(BRIDGE_FILE_FROM="1")
    await talk.ask("all of it")
    await gate.reached()
    await first.kill()
    gate.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)
    await cluster.start_worker(BRIDGE_FILE_FROM="1")
    await cluster.until_let_go(talk.thread)
    await cluster.at_rest(60.0)

    is_shared = bool(_shared(cluster, talk))
    says_so = any(REST in one for one in talk.texts)
    whole = "".join(one for one in talk.texts if one != "[answer.md]")
    assert _shared(cluster, talk) <= 1
    assert says_so or "".join(whole.split()) == "".join(text.split())
    assert is_shared or not says_so
    was_known = call != "sendDocument" and (call, when) != ("files.completeUploadExternal", "before")
    assert says_so is was_known
    assert talk.posted == ["all of it"]
    await cluster.end_all()
