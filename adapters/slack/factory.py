"""Makes the Slack channel that the settings describe. As `adapters.registry.ChannelFactory`.

Slack's libraries are loaded where a channel is opened or checked: a worker without one has 15 MB less.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from adapters.slack import CHANNEL
from adapters.slack.scopes import AGENT_VIEW_SCOPES, BOT_SCOPES
from bridge.domain.errors import ChannelTokenRefused, Retryable
from bridge.ports.channel import IsReceived
from bridge.ports.http import WebRoutes
from bridge.ports.stores.stores import Stores
from bridge.runtime.findings import Finding
from config.settings import Settings, reveal
from config.slack import SlackSettings

if TYPE_CHECKING:
    from adapters.slack.channel import SlackChannel
    from adapters.slack.workspaces.distribution import Distribution

_LOG = logging.getLogger(__name__)

NAME = CHANNEL


def is_enabled(settings: Settings) -> bool:
    """Say whether Slack's credentials are set."""
    return settings.slack.enabled


def needs_web(settings: Settings) -> Mapping[str, str]:
    """Return the settings that need the web server, each with what to do without one."""
    given = {
        "SLACK_SIGNING_SECRET": (settings.slack.signing_secret, "set SLACK_APP_TOKEN instead"),
        "SLACK_CLIENT_ID": (settings.slack.client_id, "set SLACK_BOT_TOKEN instead"),
    }
    return {name: otherwise for name, (value, otherwise) in given.items() if value is not None}


@asynccontextmanager
async def open_channels(
    settings: Settings, stores: Stores, routes: WebRoutes | None
) -> "AsyncIterator[Sequence[SlackChannel]]":
    """Open the one channel, which answers for every workspace. Raises `SettingWrong`."""
    from adapters.slack.channel import SlackChannel  # noqa: PLC0415 - the reason stands above
    from adapters.slack.inbound.http_mode import Web  # noqa: PLC0415 - the reason stands above

    section = settings.slack
    channel = SlackChannel(
        options=section,
        bot_token=reveal(section.bot_token),
        app_token=reveal(section.app_token),
        installs=_distribution(section, tuple(map(reveal, settings.bridge.secret_key)), stores),
        web=Web(routes, reveal(section.signing_secret)) if routes else None,
        places=stores.accounts,
        api_url=section.api_url,
        allow_mentions=settings.bridge.allow_mentions.slack,
        sessions=stores.sessions,
        take_overs=None if settings.bridge.human == "off" else stores.take_overs,
        marks=stores.records,
        email_domains=settings.bridge.allowed_email_domains,
    )
    try:
        try:
            await channel.open()
        except (ChannelTokenRefused, Retryable) as error:
            # Other channels and the closing of sessions go on; receiving opens it as soon as it answers, and says so
            # where the token is refused.
            _LOG.warning("Slack cannot be opened yet", extra={"cause": str(error)})
        yield [channel]
    finally:
        await channel.aclose()


async def check(settings: Settings, is_received: IsReceived) -> Sequence[Finding]:
    """Try the tokens. As `adapters.registry.Checked`."""
    del is_received  # any number of workers may have sockets
    section = settings.slack
    return await _try_tokens(settings, reveal(section.bot_token), reveal(section.app_token))


async def _try_tokens(settings: Settings, bot_token: str, app_token: str) -> Sequence[Finding]:
    from adapters.slack.api.check import check_tokens, scopes_needed  # noqa: PLC0415 - the reason stands above
    from adapters.slack.api.client import Clients  # noqa: PLC0415 - the reason stands above

    section = settings.slack
    uses = {
        "users:read.email": section.emails,
        "reactions:write": section.receipt,
        "files:write": settings.bridge.file_from is not None,
        "files:read": settings.bridge.read_files,
    }
    needed = scopes_needed(uses, agent_view=section.agent_view)
    clients = Clients(section.api_url)
    clients.open()
    try:
        return await check_tokens(clients, bot_token, app_token, needed)
    finally:
        await clients.aclose()


def agents(settings: Settings) -> Mapping[str, str]:
    """Slack's settings name no agent."""
    del settings
    return {}


def set_up() -> Sequence[tuple[str, str]]:
    """Return what to ask for. As `adapters.registry.SetUp`."""
    lines = files("config").joinpath("slack-manifest.yaml").read_text(encoding="utf-8").splitlines()
    manifest = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    link = f"https://api.slack.com/apps?new_app=1&manifest_yaml={quote(manifest, safe='')}"
    create = f"Slack: open this link, choose the workspace, press Create:\n\n{link}\n\n"
    install = "Then Install App, Install to Workspace, and copy the Bot User OAuth Token (xoxb-...)"
    return [
        ("SLACK_BOT_TOKEN", create + install),
        (
            "SLACK_APP_TOKEN",
            "Slack: Basic Information, App-Level Tokens, Generate, with the scope connections:write (xapp-...)",
        ),
    ]


async def try_answers(settings: Settings, answers: Mapping[str, str]) -> Sequence[Finding]:
    """Try the tokens that there are. As `adapters.registry.SetUp`."""
    return await _try_tokens(settings, answers.get("SLACK_BOT_TOKEN", ""), answers.get("SLACK_APP_TOKEN", ""))


def _distribution(section: SlackSettings, keys: Sequence[str], stores: Stores) -> "Distribution | None":
    """Return how workspaces install the app; None where the bot token is a setting."""
    if section.client_id is None:
        return None
    from adapters.slack.workspaces.distribution import Distribution  # noqa: PLC0415 - the reason stands above
    from adapters.slack.workspaces.oauth import OAuthApp  # noqa: PLC0415 - the reason stands above

    scopes = BOT_SCOPES + (AGENT_VIEW_SCOPES if section.agent_view else ())
    allowed, denied = section.allowed_teams, section.denied_teams
    app = OAuthApp(
        section.client_id,
        reveal(section.client_secret),
        scopes,
        lambda account: account not in denied and (not allowed or account in allowed),
    )
    return Distribution(app, tuple(keys), stores.records, stores.leader, stores.accounts)
