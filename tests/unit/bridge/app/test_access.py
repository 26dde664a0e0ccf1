"""What the start says of who may ask, and the limits that the settings become."""

from collections.abc import Mapping

import pytest

from bridge.access.routes import RouteTable
from bridge.app.access import access_warnings, allowances_of, audience, policy_of
from bridge.domain.limits.allowances import Allowances
from config.reading.loading import load_settings

_BOT = {"TALKIFAI_API_KEY": "tk_live_x", "TALKIFAI_AGENT_ID": "00000000-0000-0000-0000-000000000000"}
_TELEGRAM = {**_BOT, "TELEGRAM_BOT_TOKEN": "123:abc"}
_SLACK = {**_BOT, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
_MANY = {
    **_BOT,
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "secret",
    "BRIDGE_SECRET_KEY": "A" * 43 + "=",
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (_TELEGRAM, "Telegram: everyone who finds the bot may ask; TELEGRAM_ALLOWED_USERS narrows it"),
        (
            {**_TELEGRAM, "TELEGRAM_ALLOWED_CHATS": "direct", "BRIDGE_ALLOWED_EMAIL_DOMAINS": "a.example"},
            "Telegram: who may ask is limited by TELEGRAM_ALLOWED_CHATS, BRIDGE_ALLOWED_EMAIL_DOMAINS",
        ),
        (_SLACK, "Slack: every member of the workspace may ask; SLACK_ALLOWED_USERS narrows it"),
        (
            {**_SLACK, "SLACK_EXTERNAL_USERS": "allow"},
            (
                "Slack: every member of the workspace, and guests and other organisations may ask;"
                " SLACK_ALLOWED_USERS narrows it"
            ),
        ),
        (
            _MANY,
            "Slack: every member of every workspace that installs the app may ask; SLACK_ALLOWED_USERS narrows it",
        ),
    ],
)
def test_the_start_says_in_one_line_who_may_ask(given: Mapping[str, str], said: str) -> None:
    """A19: open lists are said, not hidden."""
    assert list(audience(load_settings(env_file=None, overrides=given))) == [said]


@pytest.mark.parametrize(
    ("given", "warns"), [(_SLACK, False), (_MANY, True), ({**_MANY, "SLACK_ALLOWED_TEAMS": "T1"}, False)]
)
def test_with_install_pages_a_list_of_teams_is_asked_for(
    given: Mapping[str, str],
    warns: bool,  # noqa: FBT001 - a table
) -> None:
    warnings = list(access_warnings(load_settings(env_file=None, overrides=given)))
    assert [warning.startswith("SLACK_ALLOWED_TEAMS is not set") for warning in warnings] == ([True] if warns else [])


def test_the_settings_become_lists_and_limits() -> None:
    given = {
        **_TELEGRAM,
        "TELEGRAM_ALLOWED_USERS": "12, @Ada_L",
        "SLACK_DENIED_TEAMS": "T1",
        "BRIDGE_DENIED_EMAIL_DOMAINS": "Evil.example",
        "BRIDGE_PERSON_LIVE_TURNS": "0",
        "BRIDGE_BUDGET_PLACE_TOKENS": "1000",
    }
    settings = load_settings(env_file=None, overrides=given)
    policy = policy_of(settings, RouteTable())
    assert policy.channels["telegram"].people.allowed == {"12", "@ada_l"}
    assert policy.channels["slack"].accounts.denied == {"T1"}
    assert policy.emails.denied == {"evil.example"}
    assert allowances_of(settings) == Allowances(person_live_turns=0, place_tokens=1000)
