"""A worker dies while the answer to new words takes the place of the old one."""

import pytest

from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold, Say
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, SlackTalk, Talk, talk_on

_LEASE_AND_CLAIM_S = 91.0
OLD = "Berlin has four million people."
BEGIN, REST = "Hamburg is the second largest city of the country. ", "It has two million people."


async def _edit(talk: Talk, text: str) -> None:
    """Change the first question."""
    if isinstance(talk, SlackTalk):
        (asked, *_) = talk.ledger.shown(talk.place, author="person")
        talk.stage.slack.edit_as_person(talk.place, asked.message_id, text)
    else:
        person = talk.stage.telegram.world.people[int(talk.place)]
        (asked, *_) = talk.ledger.shown(talk.place, author="person")
        await talk.stage.telegram.edit(person, int(asked.message_id), text)


@pytest.mark.parametrize("channel", TALKS)
async def test_a_worker_killed_while_the_new_answer_streams_leaves_one_answer(cluster: Cluster, channel: str) -> None:
    """M6: the next worker finishes it in the same message, and the new words reached the agent once."""
    gate = Gate()
    rest = (Say(BEGIN, chunk=len(BEGIN)), Hold(gate), Say(REST, chunk=len(REST)))
    cluster.answers |= {"and Berlin?": Answer.of(OLD), "and Hamburg?": Answer.of(*rest)}
    first = await cluster.start_worker()
    talk = talk_on(cluster.stage, channel)
    await talk.ask("and Berlin?")
    await talk.until_shown(OLD)
    await cluster.until_let_go(talk.thread)
    (old,) = talk.replies
    await _edit(talk, "and Hamburg?")
    await talk.ledger.until(lambda: len(talk.replies) == 2, 30.0)
    await talk.ask("retry" if channel == "slack" else "/retry")
    await talk.ledger.until(lambda: talk.texts[0].startswith(BEGIN.strip()), 30.0)
    await gate.reached()
    await first.kill()
    gate.open()
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)

    await cluster.start_worker()
    await talk.ledger.until(lambda: talk.texts[0] == BEGIN + REST, 45.0)
    await cluster.until_let_go(talk.thread)
    assert talk.replies[0].message_id == old.message_id
    assert len(talk.replies) == 2  # the answer and the offer
    assert talk.posted == ["and Berlin?", "and Hamburg?"]
    await cluster.at_rest()
    await cluster.end_all()
