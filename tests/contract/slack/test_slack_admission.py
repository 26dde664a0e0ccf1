"""Who may ask in Slack: against the stand-in."""

import pytest

from adapters.slack.api.identity import BotIdentity
from adapters.slack.channel import SlackChannel
from adapters.slack.people.directory import People
from bridge.domain.errors import ChannelUnavailable
from bridge.domain.notices import Notice
from config.slack import SlackSettings
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods, question_of


async def test_members_are_admitted_and_looked_up_once(slack: SlackStandIn, channel: SlackChannel) -> None:
    await slack.say("U0ADA", "D1", "hello")
    question = question_of(slack, channel)
    assert await channel.admits(question)
    assert await channel.admits(question)
    assert await channel.user_identifier(question) == "ada@example.com"
    assert methods(slack) == ["users.info"]


@pytest.mark.parametrize("outsider", ["U0GUEST", "U0CONNECT", "U0UNKNOWN"])
async def test_outsiders_are_refused_once_and_quietly(
    slack: SlackStandIn, channel: SlackChannel, outsider: str
) -> None:
    """A10: guests, people of other organisations, and whom Slack does not know here."""
    slack.person("Gus", "U0GUEST", is_guest=True)
    slack.person("Con", "U0CONNECT", team="T9")
    root = await slack.say(outsider, "C1", f"{slack.mention} hello")
    question = question_of(slack, channel)
    assert not await channel.admits(question)
    assert not await channel.admits(question)
    told = [("C1", outsider, root, Notice.NOT_ADMITTED)] if outsider != "U0UNKNOWN" else []
    assert slack.api.ephemerals == told
    assert methods(slack).count("chat.postEphemeral") == 1
    assert slack.ledger.shown("C1", root) == []


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


async def test_without_the_scope_members_are_served_and_the_operator_is_told(
    slack: SlackStandIn, channel: SlackChannel, caplog: pytest.LogCaptureFixture
) -> None:
    slack.scopes.discard("users:read")
    await slack.say("U0ADA", "D1", "hello")
    for _ in range(2):
        assert await channel.admits(question_of(slack, channel))
    assert len([record for record in caplog.records if record.name == "adapters.slack.people.admission"]) == 1


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
    ],
    ids=str,
)
async def test_members_of_the_same_organisation_are_at_home(
    slack: SlackStandIn,
    channel: SlackChannel,
    monkeypatch: pytest.MonkeyPatch,
    facts: dict[str, object],
    *,
    is_external: bool,
) -> None:
    client = (await channel._in("")).client
    monkeypatch.setattr(slack.api, "call", lambda *_: {"ok": True, "user": facts})
    people = People(client, BotIdentity("T1", "UBOT", enterprise_id="E1"))
    assert (await people.profile("U1")).is_external is is_external
