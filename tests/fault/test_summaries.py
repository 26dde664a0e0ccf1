"""A worker dies while a long conversation gives way to a fresh one."""

import pytest

from bridge.conversation.sessions.compaction import COMPACT_FROM
from bridge.domain.prompts.carried_words import SUMMARY_PROMPT
from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, Talk, talk_on

_LEASE_AND_CLAIM_S = 91.0
BEFORE, AFTER, SUMMARY = "The small plan has ten seats.", "It costs ten a month.", "Ada chose the small plan."


async def _long_talk(cluster: Cluster, channel: str) -> Talk:
    """Let a conversation be one question short of its summary."""
    cluster.answers |= {
        "which plan?": Answer.of(BEFORE),
        "what does it cost?": Answer.of(AFTER),
        SUMMARY_PROMPT: Answer.of(SUMMARY),
    }
    talk = talk_on(cluster.stage, channel)
    await talk.ask("which plan?")
    await talk.until_shown(BEFORE)
    await cluster.until_let_go(talk.thread)
    await cluster.redis.hset(cluster.stores.keys.session(talk.thread), "turns", str(COMPACT_FROM))
    return talk


@pytest.mark.parametrize("channel", TALKS)
@pytest.mark.parametrize("dies", ["after asking for it", "after keeping it", "between end and open"])
async def test_a_worker_killed_while_a_conversation_is_summarised_leaves_one_open_and_loses_nothing(
    cluster: Cluster, channel: str, dies: str
) -> None:
    """M11: the summary is asked for once more at most; one conversation is open at most."""
    first = await cluster.start_worker(BRIDGE_COMPACT="on")
    talk = await _long_talk(cluster, channel)
    faults, writing, opening, ending = cluster.stage.talkifai.faults, Gate(), Gate(), Gate()
    if dies == "after asking for it":
        cluster.answers[SUMMARY_PROMPT] = Answer.of("Ada ", Hold(writing), "chose the small plan.")
    else:
        faults.arm(Fault("open", hold=opening, refuse=True))
    if dies == "after keeping it":
        faults.arm(Fault("end", hold=ending, refuse=True))
    await talk.ask("what does it cost?")
    if dies == "after asking for it":
        await writing.reached()
    else:
        await opening.reached()
    if dies == "after keeping it":
        await ending.reached()
    elif dies == "between end and open":
        await cluster.stage.talkifai.book.until(lambda: talk.records[0].ended_at is not None, 30.0)
    await first.kill()
    for gate in (writing, opening, ending):
        gate.open()
    cluster.answers[SUMMARY_PROMPT] = Answer.of(SUMMARY)
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)

    await cluster.start_worker(BRIDGE_COMPACT="on")
    await talk.until_texts(BEFORE, AFTER)
    await cluster.at_rest()
    old, new = talk.records
    await cluster.stage.talkifai.book.until(lambda: old.ended_at is not None, 30.0)
    assert old.posted == ["which plan?", *[SUMMARY_PROMPT] * (2 if dies == "after asking for it" else 1)]
    assert new.posted == ["what does it cost?"]
    assert new.carried == [f"Summary of all before that: {SUMMARY}\nUser: which plan?\nYou: {BEFORE}"]
    assert new.ended_at is None
    await cluster.end_all()
