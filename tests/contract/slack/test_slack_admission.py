"""Who may ask in Slack: against the stand-in."""

import pytest

from adapters.slack.api.identity import BotIdentity
from adapters.slack.channel import SlackChannel
from adapters.slack.people.directory import People
from bridge.domain.errors import ChannelUnavailable, SettingWrong
from bridge.domain.notices import Notice
from config.slack import SlackSettings
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from sandbox.slack.workspace import SlackPerson
from tests.contract.slack_steps import methods, question_of
from tests.english import english


async def test_members_are_admitted_and_looked_up_once(slack: SlackStandIn, channel: SlackChannel) -> None:
    await slack.say("U0ADA", "D1", "hello")
    question = question_of(slack, channel)
    assert await channel.admits(question)
    assert await channel.admits(question)
    assert await channel.user_identifier(question) == "ada@example.com"
    assert methods(slack) == ["users.info"]


@pytest.mark.parametrize("outsider", ["U0GUEST", "U0CONNECT", "U0UNKNOWN"])
async def test_outsiders_are_not_admitted(slack: SlackStandIn, channel: SlackChannel, outsider: str) -> None:
    """A10: guests, people of other organisations, and whom Slack does not know here."""
    slack.person("Gus", "U0GUEST", is_guest=True)
    slack.person("Con", "U0CONNECT", team="T9")
    await slack.say(outsider, "C1", f"{slack.mention} hello")
    question = question_of(slack, channel)
    assert not await channel.admits(question)
    assert not await channel.admits(question)


async def test_a_notice_for_one_person_is_seen_by_nobody_else(slack: SlackStandIn, channel: SlackChannel) -> None:
    """A10: quietly."""
    root = await slack.say("U0BOB", "C1", f"{slack.mention} hello")
    question = question_of(slack, channel)
    await channel.tell_alone(question.origin, english(Notice.NOT_ADMITTED))
    assert slack.api.ephemerals == [("C1", "U0BOB", root, english(Notice.NOT_ADMITTED))]
    assert slack.ledger.shown("C1", root) == []
    slack.faults.arm(Fault("chat.postEphemeral", error="user_not_in_channel"))
    await channel.tell_alone(question.origin, english(Notice.NOT_ADMITTED))


async def test_outsiders_are_admitted_where_the_operator_says_so(slack: SlackStandIn) -> None:
    options = SlackSettings(external_users="allow")
    channel = SlackChannel(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url, options=options)
    await channel.open()
    slack.person("Con", "U0CONNECT", team="T9")
    await slack.say("U0CONNECT", "C1", f"{slack.mention} hello")
    assert await channel.admits(question_of(slack, channel))
    await channel.aclose()


async def test_while_slack_does_not_tell_nobody_is_let_in(slack: SlackStandIn, channel: SlackChannel) -> None:
    slack.faults.arm(Fault("users.info", status=502))
    await slack.say("U0ADA", "D1", "hello")
    with pytest.raises(ChannelUnavailable):
        await channel.admits(question_of(slack, channel))
    assert slack.api.ephemerals == []


async def test_without_the_scope_nobody_is_let_in_and_the_setting_is_named(
    slack: SlackStandIn, channel: SlackChannel
) -> None:
    """A10: what cannot be checked counts as not allowed."""
    slack.scopes.discard("users:read")
    await slack.say("U0ADA", "D1", "hello")
    question = question_of(slack, channel)
    with pytest.raises(SettingWrong, match=r"SLACK_EXTERNAL_USERS: .* users:read"):
        await channel.admits(question)
    with pytest.raises(SettingWrong, match=r"BRIDGE_ALLOWED_EMAIL_DOMAINS: .* users:read.email"):
        await channel.email_of(question)


@pytest.mark.parametrize(
    ("email", "is_confirmed", "known"),
    [("Bob@Corp.example", True, "bob@corp.example"), ("bob@corp.example", False, ""), ("", True, "")],
)
async def test_only_a_confirmed_address_is_known(
    slack: SlackStandIn,
    channel: SlackChannel,
    email: str,
    is_confirmed: bool,  # noqa: FBT001 - a table
    known: str,
) -> None:
    """A19: people may write any address into their profile until they confirm it."""
    slack.workspace.people["U0ODD"] = SlackPerson("U0ODD", "Odd", email, has_confirmed_email=is_confirmed)
    await slack.say("U0ODD", "D1", "hello")
    assert await channel.email_of(question_of(slack, channel)) == known


@pytest.mark.parametrize(
    ("facts", "is_external"),
    [
        ({"team_id": "T1"}, False),
        ({"team_id": "T2"}, True),
        ({"team_id": "E1"}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}}, True),
        ({"team_id": "T1", "is_ultra_restricted": True}, True),
        ({"team_id": "T1", "is_stranger": True}, True),
        ({}, None),
    ],
    ids=str,
)
async def test_members_of_the_same_organisation_are_at_home(
    slack: SlackStandIn,
    channel: SlackChannel,
    monkeypatch: pytest.MonkeyPatch,
    facts: dict[str, object],
    is_external: bool | None,  # noqa: FBT001 - a table
) -> None:
    client = (await channel._calls.of("")).client
    monkeypatch.setattr(slack.api, "call", lambda *_: {"ok": True, "user": facts})
    people = People(client, BotIdentity("T1", "UBOT", enterprise_id="E1"))
    assert (await people.profile("U1")).is_external is is_external
