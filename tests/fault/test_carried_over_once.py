"""What was said goes along once, however workers die and whatever Redis forgets."""

import pytest

from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, Talk, talk_on

_LEASE_AND_CLAIM_S = 91.0
BEFORE, AFTER = "The small plan has ten seats.", "It costs ten a month."
CARRIED = f"User: which plan?\nYou: {BEFORE}"


async def _ask_first(cluster: Cluster, channel: str) -> Talk:
    cluster.answers |= {"which plan?": Answer.of(BEFORE), "what does it cost?": Answer.of(AFTER)}
    talk = talk_on(cluster.stage, channel)
    await talk.ask("which plan?")
    await talk.until_shown(BEFORE)
    await cluster.until_let_go(talk.thread)
    return talk


def _carried(talk: Talk) -> list[list[str]]:
    return [record.carried for record in talk.records]


@pytest.mark.parametrize("channel", TALKS)
async def test_a_worker_killed_between_keeping_and_ending_loses_nothing(cluster: Cluster, channel: str) -> None:
    """M4: it dies while the first conversation is being ended, and the next one between opening and asking."""
    first = await cluster.start_worker()
    talk = await _ask_first(cluster, channel)
    ending, asking = Gate(), Gate()
    cluster.stage.talkifai.faults.arm(Fault("end", hold=ending))
    await talk.ask("end" if channel == "slack" else "/end")
    await ending.reached()
    await first.kill()
    ending.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)

    second = await cluster.start_worker()
    cluster.stage.talkifai.faults.arm(Fault("ask", hold=asking, refuse=True))
    await talk.ask("what does it cost?")
    await asking.reached()
    await second.kill()
    asking.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)

    await cluster.start_worker()
    await talk.until_shown(AFTER)
    assert talk.posted == ["which plan?", "what does it cost?"]
    assert _carried(talk) == [[""], [CARRIED]]
    await cluster.at_rest()
    await cluster.end_all()


@pytest.mark.parametrize("channel", TALKS)
async def test_a_thread_goes_on_without_a_seam_where_redis_forgot_everything(cluster: Cluster, channel: str) -> None:
    """M2: from the memory of the worker that answered."""
    await cluster.start_worker()
    talk = await _ask_first(cluster, channel)
    await cluster.redis.flushall()
    await cluster.until_said(cluster.workers[0], "Redis has lost what it kept")
    await talk.ask("what does it cost?")
    await talk.until_shown(AFTER)
    assert _carried(talk) == [[""], [CARRIED]]
    assert talk.texts == [BEFORE, AFTER]
    await cluster.at_rest()
    await cluster.end_all()


@pytest.mark.parametrize("channel", TALKS)
async def test_what_redis_and_the_worker_forgot_is_read_again_before_the_end(cluster: Cluster, channel: str) -> None:
    """M2: the worker's memory holds three exchanges, TalkifAI's history all of them. A history that fails ends too."""
    await cluster.start_worker()
    talk = talk_on(cluster.stage, channel)
    for number in range(5):
        cluster.answers[f"question {number}?"] = Answer.of(f"Answer {number}.")
        await talk.ask(f"question {number}?")
        await talk.until_shown(f"Answer {number}.")
        await cluster.until_let_go(talk.thread)
    await cluster.redis.flushall()
    await cluster.until_said(cluster.workers[0], "what was said is read again")
    await talk.ask("what does it cost?")
    cluster.answers["what does it cost?"] = Answer.of(AFTER)
    await cluster.stage.talkifai.book.until(lambda: len(talk.records) == 2 and bool(talk.records[1].carried), 30.0)
    said = "\n".join(f"User: question {number}?\nYou: Answer {number}." for number in range(5))
    assert talk.records[1].carried == [said]

    cluster.stage.talkifai.faults.arm(Fault("history", status=500, times=-1))
    await cluster.until_let_go(talk.thread)
    await cluster.redis.flushall()
    await cluster.stage.talkifai.book.until(lambda: all(record.ended_at is not None for record in talk.records), 60.0)
