"""Places that the bot may read and not write: an answer there would be paid for and never seen."""

import asyncio

import pytest

from tests.scenario.messengers import SlackMessenger, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("reason", ["channel_is_limited_access", "message_limit_exceeded", "something_new"])
async def test_a_muted_slack_channel_costs_one_session_for_ten_minutes(slack: SlackMessenger, reason: str) -> None:
    """R21: also where the reason is one that is not known."""
    place = slack.channel()
    slack.slack.workspace.places[place].refuses_posts = reason
    in_place = Talk(place, "")
    first = await slack.ask_in_group("first", in_place)
    await slack.until_ended(first)
    second = await slack.ask_in_group("second", in_place)
    await _until_settled(slack, place, 2)

    assert [record.posted for record in slack.records(first)] == [["first"]]
    assert slack.records(second) == []
    assert slack.replies(first) == slack.replies(second) == []


@pytest.mark.parametrize("reason", ["CHAT_SEND_PLAIN_FORBIDDEN", "CHAT_RESTRICTED", "SOMETHING_NEW"])
async def test_a_muted_telegram_group_costs_one_session_for_ten_minutes(
    telegram: TelegramMessenger, reason: str
) -> None:
    """R21: also where the reason is one that is not known."""
    ada, group = telegram.telegram.person("Ada"), telegram.telegram.group("Muted")
    group.refuses_posts = reason
    place = str(group.id)
    first = Talk(place, str(await telegram.telegram.say(ada, group, "first", mention=True)))
    await telegram.until_ended(first)
    second = Talk(place, str(await telegram.telegram.say(ada, group, "second", mention=True)))
    await _until_settled(telegram, place, 2)

    assert [record.posted for record in telegram.records(first)] == [["first"]]
    assert telegram.records(second) == []


async def _until_settled(messenger: SlackMessenger | TelegramMessenger, place: str, count: int) -> None:
    def settled() -> int:
        lines = messenger.scene.log.splitlines()
        return sum("outcome=undeliverable" in line and place in line for line in lines)

    async with asyncio.timeout(30):
        while settled() < count:  # noqa: ASYNC110 - a log rings no bell
            await asyncio.sleep(0.05)
