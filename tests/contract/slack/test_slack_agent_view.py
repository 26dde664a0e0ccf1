"""Slack's view for agents: states, titles and prompts, against the stand-in."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.slack.channel import SlackChannel
from bridge.domain.incoming import Command, CommandName, Incoming, IntakeResult, Question
from bridge.domain.sessions import EndReason
from bridge.domain.turns import Outcome, Settlement
from config.slack import SlackSettings
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods, question_of
from tests.contract.store_steps import DONE

OPTIONS = SlackSettings(dm="thread", agent_view=True, prompts=("What is new?", "Help me plan " + "x" * 80))


@pytest.fixture
async def view(slack: SlackStandIn) -> AsyncIterator[SlackChannel]:
    slack.scopes.add("assistant:write")
    channel = SlackChannel(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url, options=OPTIONS)
    await channel.open()
    slack.calls.clear()
    yield channel
    await channel.aclose()


def read(slack: SlackStandIn, view: SlackChannel) -> Question:
    return question_of(slack, view, options=OPTIONS)


async def test_a_thread_is_processing_then_active_then_closed(slack: SlackStandIn, view: SlackChannel) -> None:
    ts = await slack.say("U0ADA", "D1", "What is &lt;new&gt; today, and what was new yesterday, and the day before?")
    question = read(slack, view)
    await view.show_activity(question.address)
    await view.settled(question, DONE)
    await view.ended(question.thread)
    assert slack.api.session_states == [("D1", ts, state) for state in ("processing", "active", "closed")]
    assert slack.api.titles == {("D1", ts): "What is new today, and what was new yesterday, and the day…"}

    await slack.say("U0ADA", "D1", "a follow-up", ts)
    await view.settled(read(slack, view), DONE)
    assert slack.api.titles["D1", ts].startswith("What is new")
    assert slack.api.session_states[-1] == ("D1", ts, "active")


async def test_a_thread_that_a_person_has_is_suspended(slack: SlackStandIn, view: SlackChannel) -> None:
    """M7: the command itself leaves the state to what came of it."""
    ts = await slack.say("U0ADA", "D1", "hello")
    question = read(slack, view)
    await view.settled(Command(question.origin, CommandName.HUMAN), DONE)
    await view.suspended(question.thread)
    assert slack.api.session_states == [("D1", ts, "suspended")]


async def test_what_ended_the_conversation_leaves_it_to_be_closed(slack: SlackStandIn, view: SlackChannel) -> None:
    await slack.say("U0ADA", "D1", "bye")
    question = read(slack, view)
    await view.settled(question, Settlement(Outcome.ANSWERED, 600, end_reason=EndReason.AGENT))
    await view.settled(Command(question.origin, CommandName.END), DONE)
    assert slack.api.session_states == []


async def test_a_token_that_expired_leaves_the_view_to_the_next_one(slack: SlackStandIn, view: SlackChannel) -> None:
    ts = await slack.say("U0ADA", "D1", "hello")
    question = read(slack, view)
    slack.faults.arm(Fault("agents.sessions.setStatus", error="token_expired"))
    await view.show_activity(question.address)
    await view.settled(question, DONE)
    assert slack.api.session_states == [("D1", ts, "active")]


async def test_channels_have_no_such_view(slack: SlackStandIn, view: SlackChannel) -> None:
    await slack.say("U0ADA", "C1", f"{slack.mention} hello")
    question = read(slack, view)
    await view.settled(question, DONE)
    await view.ended(question.thread)
    assert methods(slack) == []


async def test_without_the_scope_the_view_is_left_alone(slack: SlackStandIn, view: SlackChannel) -> None:
    slack.scopes.discard("assistant:write")
    await slack.say("U0ADA", "D1", "hello")
    for _ in range(2):
        await view.settled(read(slack, view), DONE)
    assert sorted(methods(slack)) == ["agents.sessions.setStatus", "assistant.threads.setTitle"]


async def test_who_opens_the_app_is_shown_what_to_ask(slack: SlackStandIn, view: SlackChannel) -> None:
    async def accept(incoming: Incoming) -> IntakeResult:
        raise AssertionError(f"no question: {incoming.id}")

    task = asyncio.ensure_future(view.receive(accept, lambda _: None))
    await slack.sockets.until_connected(2)
    slack.sockets.time_scale = 1.0
    slack.open_app("U0ADA", "D1", tab="home")
    slack.open_app("U0ADA", "D1")
    await slack.sockets.settled()
    for _ in range(200):
        if slack.api.prompts:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert slack.api.prompts == {"D1": list(OPTIONS.prompts)}
    assert methods(slack).count("assistant.threads.setSuggestedPrompts") == 1
