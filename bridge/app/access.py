"""Who may ask, as the settings say it: for the core, and in words for the operator."""

from collections.abc import Iterator

from bridge.access.lists import AccessList, AccessPolicy, ChannelLists
from bridge.access.routes import RouteTable
from bridge.domain.limits.allowances import Allowances
from config.settings import Settings

_EMAILS = ("BRIDGE_ALLOWED_EMAIL_DOMAINS", "BRIDGE_DENIED_EMAIL_DOMAINS")


def policy_of(settings: Settings, routes: RouteTable) -> AccessPolicy:
    """Return the lists of the settings, and of the routes that are in force."""
    slack, telegram, bridge = settings.slack, settings.telegram, settings.bridge
    return AccessPolicy(
        channels={
            "slack": ChannelLists(
                accounts=AccessList(slack.allowed_teams, slack.denied_teams),
                places=AccessList(slack.allowed_channels, slack.denied_channels),
                people=AccessList(slack.allowed_users, slack.denied_users),
            ),
            "telegram": ChannelLists(
                places=AccessList(telegram.allowed_chats, telegram.denied_chats),
                people=AccessList(telegram.allowed_users, telegram.denied_users),
            ),
        },
        emails=AccessList(bridge.allowed_email_domains, bridge.denied_email_domains),
        routes=routes,
    )


def allowances_of(settings: Settings) -> Allowances:
    """Return what people may use."""
    bridge = settings.bridge
    return Allowances(
        person_live_turns=bridge.person_live_turns,
        person_questions_per_hour=bridge.person_questions_per_hour,
        person_open_sessions=bridge.person_open_sessions,
        person_messages=bridge.budget_person_messages or 0,
        person_tokens=bridge.budget_person_tokens or 0,
        place_messages=bridge.budget_place_messages or 0,
        place_tokens=bridge.budget_place_tokens or 0,
        total_messages=bridge.budget_total_messages or 0,
        total_tokens=bridge.budget_total_tokens or 0,
    )


def audience(settings: Settings) -> Iterator[str]:
    """Say in one line for each channel who may ask there."""
    if settings.slack.enabled:
        yield _line(settings, "Slack", _all_of_slack(settings), "SLACK_")
    if settings.telegram.enabled:
        yield _line(settings, "Telegram", "everyone who finds the bot", "TELEGRAM_")


def access_warnings(settings: Settings) -> Iterator[str]:
    """Name what an operator has surely not meant."""
    if settings.slack.client_id is not None and not settings.slack.allowed_teams:
        yield (
            "SLACK_ALLOWED_TEAMS is not set: every workspace that installs the app is answered at your cost."
            " Name the workspaces that may."
        )


def _all_of_slack(settings: Settings) -> str:
    where = "every workspace that installs the app" if settings.slack.client_id else "the workspace"
    others = ", and guests and other organisations" if settings.slack.external_users == "allow" else ""
    return f"every member of {where}{others}"


def _line(settings: Settings, channel: str, askers: str, prefix: str) -> str:
    lists = [name for name in settings.places if name.startswith((f"{prefix}ALLOWED_", f"{prefix}DENIED_"))]
    lists += [name for name in _EMAILS if name in settings.places]
    if lists:
        return f"{channel}: who may ask is limited by {', '.join(lists)}"
    return f"{channel}: {askers} may ask; {prefix}ALLOWED_USERS narrows it"
