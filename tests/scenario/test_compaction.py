"""A long conversation goes on in a fresh one, from the agent's own summary, in both services."""

import pytest

from bridge.conversation.sessions.compaction import COMPACT_FROM
from bridge.domain.notices import Notice
from bridge.domain.prompts.carried_words import SUMMARY_PROMPT
from sandbox.talkifai.script import Answer, End, Say
from tests.english import english
from tests.scenario.messengers import Messenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

SUMMARY = "Ada chose the small plan, for ten seats."
_TOKENS = 9_500
_BUDGET = _TOKENS + COMPACT_FROM * 50
"""What 18 answers use, 50 tokens each, and the summary: the answer after it is one too many."""


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_COMPACT": "on", "BRIDGE_BUDGET_PERSON_TOKENS": str(_BUDGET)}


def _word(messenger: Messenger, word: str) -> str:
    return word if messenger.name == "slack" else f"/{word}"


async def test_a_long_conversation_goes_on_in_a_fresh_one_and_its_summary_counts_in_the_budgets(
    messenger: Messenger,
) -> None:
    """M11: people see no seam; `status` shows the summary; its tokens are the asker's."""
    answers = messenger.scene.answers
    answers[SUMMARY_PROMPT] = Answer.of(SUMMARY, End({"total_tokens": _TOKENS}))
    asked = [f"question {number}?" for number in range(1, COMPACT_FROM + 2)]
    answers |= {text: Answer.of(Say(f"Answer to {text}", chunk=99)) for text in asked}
    talk = await messenger.ask_directly(asked[0])
    await messenger.until_said(talk, f"Answer to {asked[0]}")
    for text in asked[1:]:
        await messenger.follow_up(talk, text)
        await messenger.until_said(talk, f"Answer to {text}")
    assert messenger.texts(talk) == [f"Answer to {text}" for text in asked]

    await messenger.until_ended(talk)
    first, second = messenger.records(talk)
    assert first.posted == [*asked[:-1], SUMMARY_PROMPT]
    assert second.posted == asked[-1:]
    (carried,) = second.carried
    assert carried.startswith(f"Summary of all before that: {SUMMARY}\n")
    assert carried.endswith(f"User: {asked[-2]}\nYou: Answer to {asked[-2]}")

    await messenger.follow_up(talk, _word(messenger, "status"))
    await messenger.until_said(talk, SUMMARY)
    await messenger.follow_up(talk, "one more?")
    await messenger.until_said(talk, english(Notice.USED_UP_PERSON))
    assert second.posted == asked[-1:]
