"""A thread that a person takes over stays taken, whichever worker dies."""

import pytest

from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, talk_on

_LEASE_AND_CLAIM_S = 91.0
BEFORE, AFTER = "The small plan has ten seats.", "Then the large one fits."


def _word(channel: str, word: str) -> str:
    return word if channel == "slack" else f"/{word}"


@pytest.mark.parametrize("channel", TALKS)
async def test_a_worker_killed_while_a_person_takes_over_leaves_no_conversation_open(
    cluster: Cluster, channel: str
) -> None:
    """M7: it dies between stopping its answer and ending, and the next one while it says who answers."""
    gate, saying = Gate(), Gate()
    cluster.answers |= {"which plan?": Answer.of(BEFORE, Hold(gate), " More."), "and for fifteen?": Answer.of(AFTER)}
    first = await cluster.start_worker()
    talk = talk_on(cluster.stage, channel)
    await talk.ask("which plan?")
    await talk.until_shown(BEFORE)
    await gate.reached()
    talk.faults.arm(Fault(talk.edit_call, {talk.fact: talk.place}, hold=saying))
    await talk.ask(_word(channel, "human"))
    await saying.reached()
    await first.kill()
    gate.open()
    saying.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)

    telling = Gate()
    talk.faults.arm(Fault(talk.post_call, {talk.fact: talk.place}, hold=telling))
    second = await cluster.start_worker()
    await telling.reached()
    await second.kill()
    telling.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)

    third = await cluster.start_worker(BRIDGE_LOG_LEVEL="debug")
    await talk.ask("We are fifteen, says Bob.")
    await cluster.until_said(third, "Question overheard")
    await talk.ask(_word(channel, "agent"))
    await talk.until_shown("The assistant answers here again.")
    await talk.ask("and for fifteen?")
    await talk.until_shown(AFTER)
    assert talk.posted == ["which plan?", "and for fifteen?"]
    ((), (carried,)) = [[text for text in record.carried if text] for record in talk.records]
    assert carried.count("We are fifteen, says Bob.") == 1
    await cluster.stage.talkifai.book.until(lambda: talk.records[0].ended_at is not None, 30.0)
    await cluster.at_rest()
    await cluster.end_all()
