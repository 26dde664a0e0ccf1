"""The bridge as an app with Slack's view for agents."""

import pytest

from sandbox.talkifai.script import Answer
from tests.scenario.messengers import SlackMessenger, Talk

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"SLACK_AGENT_VIEW": "on", "SLACK_PROMPTS": "What is new?|Help me", "BRIDGE_IDLE_TIMEOUT": "2"}


async def test_a_threads_state_follows_its_conversation(slack: SlackMessenger) -> None:
    slack.slack.scopes.add("assistant:write")
    slack.scene.answers["what is new?"] = Answer.of("Nothing.")
    talk = await slack.ask_directly("what is new?")
    talk = Talk(talk.place, talk.questions[0], talk.questions, talk.person)
    await slack.until_texts(talk, "Nothing.")
    await slack.until_ended(talk)
    # What is asked next is answered after the state was set: the stand-in has then seen all.
    other = await slack.ask_directly("and now?")
    other = Talk(other.place, other.questions[0], other.questions, other.person)
    await slack.until_said(other, "and now?")
    await slack.until_ended(other)

    states = [
        state for place, thread, state in slack.slack.api.session_states if (place, thread) == (talk.place, talk.root)
    ]
    assert states == ["processing", "active", "closed"]
    assert slack.slack.api.titles[talk.place, talk.root] == "what is new?"
