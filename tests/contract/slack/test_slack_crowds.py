"""Many new people at once, with the workspace's limits on: against the stand-in."""

import asyncio
from collections import Counter

import pytest

from adapters.slack.channel import SlackChannel
from adapters.slack.limits import SlackLimits
from bridge.domain.errors import ChannelUnavailable
from bridge.domain.incoming import Question
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods, question_of

_IMPATIENT = SlackLimits(look_up_s=0.2)


async def questions_of(slack: SlackStandIn, channel: SlackChannel, people: int) -> list[Question]:
    asked: list[Question] = []
    for number in range(people):
        slack.person(f"Person {number}", f"U9{number:04d}", f"p{number}@example.com", is_guest=number % 50 == 49)
        await slack.say(f"U9{number:04d}", "D1", "hello")
        asked.append(question_of(slack, channel))
    return asked


async def test_500_new_people_at_once_are_known_within_the_limits(slack: SlackStandIn, channel: SlackChannel) -> None:
    asked = await questions_of(slack, channel, 500)
    slack.limits.enabled = True
    async with asyncio.timeout(20):
        admitted = await asyncio.gather(*map(channel.admits, asked))
        named = await asyncio.gather(*map(channel.user_identifier, asked))
    assert admitted == [number % 50 != 49 for number in range(500)]
    assert named == [f"p{number}@example.com" for number in range(500)]
    assert not slack.limits.answered
    calls = Counter(methods(slack))
    assert calls["users.info"] <= 100
    assert calls["users.list"] <= 3


async def test_where_other_workers_used_up_the_look_ups_people_are_found_in_the_list(
    slack: SlackStandIn, channel: SlackChannel
) -> None:
    asked = await questions_of(slack, channel, 20)
    slack.faults.arm(Fault("users.info", status=429))
    assert await channel.user_identifier(asked[0]) == "p0@example.com"
    assert await channel.user_identifier(asked[1]) == "p1@example.com"
    assert methods(slack) == ["users.info", "users.list"]


@pytest.mark.parametrize("limits", [_IMPATIENT])
async def test_where_the_list_is_slow_nobody_is_let_in_and_the_question_waits_no_longer_than_for_a_look_up(
    slack: SlackStandIn, channel: SlackChannel
) -> None:
    asked = await questions_of(slack, channel, 2)
    slack.faults.arm(Fault("users.info", status=429))
    slack.faults.arm(Fault("users.list", delay_s=5.0))
    async with asyncio.timeout(2):
        with pytest.raises(ChannelUnavailable):
            await channel.admits(asked[0])
        assert await channel.user_identifier(asked[1]) == "p1@example.com"
