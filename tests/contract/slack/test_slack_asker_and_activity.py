"""Who asks in Slack, and the status line while the agent is at work: against the stand-in."""

import asyncio

import pytest

from adapters.slack.channel import SlackChannel
from adapters.slack.limits import SlackLimits
from bridge.domain.threads import Address
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods, question_of


async def test_the_asker_is_named_by_e_mail_and_looked_up_once(slack: SlackStandIn, channel: SlackChannel) -> None:
    await slack.say("U0ADA", "D1", "hello")
    question = question_of(slack, channel)
    names = await asyncio.gather(*(channel.user_identifier(question) for _ in range(20)))
    assert set(names) == {"ada@example.com"}
    assert methods(slack) == ["users.info"]


async def test_without_an_address_the_asker_is_named_by_id(slack: SlackStandIn, channel: SlackChannel) -> None:
    await slack.say("U0BOB", "D1", "hello")
    question = question_of(slack, channel)
    assert await channel.user_identifier(question) == "slack:T0SANDBOX:U0BOB"
    slack.faults.arm(Fault("users.info", status=502))
    await slack.say("U0STRANGER", "D1", "hello")
    assert await channel.user_identifier(question_of(slack, channel)) == "slack:T0SANDBOX:U0STRANGER"


@pytest.mark.parametrize("limits", [SlackLimits(look_up_s=0.1)])
async def test_a_slow_look_up_does_not_hold_up_the_answer(slack: SlackStandIn, channel: SlackChannel) -> None:
    slack.faults.arm(Fault("users.info", delay_s=1.0))
    await slack.say("U0ADA", "D1", "hello")
    async with asyncio.timeout(0.9):
        assert await channel.user_identifier(question_of(slack, channel)) == "slack:T0SANDBOX:U0ADA"


async def test_without_the_scope_nobody_is_looked_up_again(
    slack: SlackStandIn, channel: SlackChannel, caplog: pytest.LogCaptureFixture
) -> None:
    slack.scopes.discard("users:read")
    for user in ("U0ADA", "U0BOB", "U0ADA"):
        await slack.say(user, "D1", "hello")
        assert await channel.user_identifier(question_of(slack, channel)) == f"slack:T0SANDBOX:{user}"
    assert methods(slack) == ["users.info"]
    assert len([record for record in caplog.records if record.name == "adapters.slack.people.directory"]) == 1


async def test_a_look_up_that_is_cancelled_leaves_the_others_theirs(slack: SlackStandIn, channel: SlackChannel) -> None:
    slack.faults.arm(Fault("users.info", delay_s=5.0))
    await slack.say("U0ADA", "D1", "hello")
    question = question_of(slack, channel)
    first = asyncio.ensure_future(channel.user_identifier(question))
    second = asyncio.ensure_future(channel.user_identifier(question))
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == "ada@example.com"


async def test_activity_is_shown_under_threads_only(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    await channel.show_activity(address)
    await channel.show_activity(address)
    await channel.show_activity(Address(address.account, "D1"))
    assert slack.api.statuses == [("C1", address.thread, "is thinking…")]
    assert len(slack.calls) == 1


@pytest.mark.parametrize("error", ["missing_scope", "unknown_method"])
async def test_activity_is_given_up_where_slack_does_not_offer_it(
    slack: SlackStandIn, channel: SlackChannel, error: str
) -> None:
    slack.faults.arm(Fault("assistant.threads.setStatus", error=error))
    for number in range(3):
        await channel.show_activity(Address("T0SANDBOX", "C1", f"170000000{number}.000100"))
    assert len(slack.calls) == 1


@pytest.mark.parametrize("fault", [Fault("*", status=502), Fault("*", refuse=True), Fault("*", status=429)])
async def test_activity_that_fails_raises_nothing_and_pauses(
    slack: SlackStandIn, channel: SlackChannel, address: Address, fault: Fault
) -> None:
    slack.faults.arm(fault)
    await channel.show_activity(address)
    await channel.show_activity(Address("T0SANDBOX", "C1", "1700000000.000100"))
    assert len(slack.calls) == 1
