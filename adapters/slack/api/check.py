"""Tries Slack's tokens without receiving anything: whose they are, what they may do, whether they belong together."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.client import START_UP_CALL_S, Clients, identify
from adapters.slack.api.errors import Call, translated
from adapters.slack.scopes import AGENT_VIEW_SCOPES, BOT_SCOPES
from bridge.domain.errors import BridgeError
from bridge.runtime.findings import Finding, failed, passed, warned

_SUBJECT = "Slack"
_APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105 - the name of a setting, not a token
_INDISPENSABLE = frozenset({"app_mentions:read", "chat:write", "im:history"})
"""Without them neither a mention nor a direct message is answered."""
_APP_ID_FIELD = 2
"""Of an app-level token, split at its hyphens: `xapp-1-A0123ABCDEF-…`."""


def scopes_needed(uses: Mapping[str, bool], *, agent_view: bool) -> Collection[str]:
    """Return the bot scopes that the settings make use of. `uses`: those that a setting decides on, and whether."""
    wanted = (*BOT_SCOPES, *(AGENT_VIEW_SCOPES if agent_view else ()))
    return [scope for scope in wanted if uses.get(scope, True)]


async def check_tokens(clients: Clients, bot_token: str, app_token: str, needed: Collection[str]) -> list[Finding]:
    """Try the tokens that are set; an empty one is left out."""
    findings: list[Finding] = []
    app_id = ""
    if bot_token:
        client = clients.client(bot_token)
        try:
            who = await identify(client)
        except BridgeError as error:
            findings.append(failed(_SUBJECT, str(error)))
        else:
            findings.append(passed(_SUBJECT, f'SLACK_BOT_TOKEN is that of the bot in "{who.name}" ({who.team_id})'))
            findings += [finding async for finding in _scopes(client, needed)]
            app_id = await _app_of(client, who.bot_id)
    if app_token:
        findings.append(await _socket(clients.client(app_token), app_token, app_id))
    return findings


async def _scopes(client: AsyncWebClient, needed: Collection[str]) -> AsyncIterator[Finding]:
    """Compare the scopes that Slack states in each answer with those needed."""
    with translated(Call("auth.test")):
        headers = (await client.auth_test()).headers
    granted = _scopes_in(headers)
    missing = [scope for scope in needed if scope not in granted]
    if not granted:
        return
    if not missing:
        yield passed(_SUBJECT, f"the bot has all {len(needed)} scopes that the settings use")
        return
    report = failed if _INDISPENSABLE.intersection(missing) else warned
    yield report(
        _SUBJECT,
        f"the bot token lacks {', '.join(missing)}",
        "Add the scopes of config/slack-manifest.yaml to the app and install it again",
    )


def _scopes_in(headers: Mapping[str, str]) -> set[str]:
    said = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
    return {scope.strip() for scope in said.split(",") if scope.strip()}


async def _app_of(client: AsyncWebClient, bot_id: str) -> str:
    """Return the app of the bot; empty where Slack does not tell."""
    try:
        async with asyncio.timeout(START_UP_CALL_S):
            answer = await client.bots_info(bot=bot_id)
    except (SlackApiError, TimeoutError, OSError):
        return ""
    bot = answer.get("bot")
    return str(bot.get("app_id", "")) if isinstance(bot, Mapping) else ""


async def _socket(client: AsyncWebClient, app_token: str, app_id: str) -> Finding:
    """Ask for an address of a socket, and leave it unused."""
    parts = app_token.split("-")
    token_app = parts[_APP_ID_FIELD] if len(parts) > _APP_ID_FIELD + 1 else ""
    if app_id and token_app and token_app != app_id:
        said = f"{_APP_TOKEN} is of app {token_app}, SLACK_BOT_TOKEN of app {app_id}"
        return failed(_SUBJECT, said, f"{_APP_TOKEN}: use both tokens of one app")
    call = Call("apps.connections.open", token_name=_APP_TOKEN)
    try:
        with translated(call):
            async with asyncio.timeout(START_UP_CALL_S):
                await client.api_call("apps.connections.open")
    except BridgeError as error:
        return failed(_SUBJECT, str(error))
    return passed(_SUBJECT, f"{_APP_TOKEN} opens sockets")
