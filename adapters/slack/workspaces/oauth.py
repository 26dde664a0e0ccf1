"""The pages by which a workspace installs the app: bolt's OAuth flow over our web server and our store."""

import hmac
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from time import monotonic, time
from typing import Any, cast
from urllib.parse import urljoin

import aiohttp
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.api.client import Clients, identify
from adapters.slack.api.errors import code_of
from adapters.slack.api.log_filter import VENDOR_LOG
from adapters.slack.workspaces.installation_store import Grant, InstallationStore
from bridge.domain.errors import BridgeError
from bridge.ports.http import WebAnswer, WebRequest
from bridge.ports.stores.key_value import KeyValueStore

_LOG = logging.getLogger(__name__)
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
_TEAM_ID = re.compile(r"[TE][A-Z0-9]{1,40}")
_STATE_GROUP = "slack:oauth"
_STATE_S = 600
_AGAIN = "Slack or the store of this app does not answer. Please begin again in a minute."
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)
_LATER = WebAnswer(503, _AGAIN, _PLAIN)
_BUSY = WebAnswer(429, "Too many people install this app at the moment. Please begin again in a minute.", _PLAIN)
_CALLBACKS_AT_ONCE, _CALLBACK_BACK_AFTER_S = 20, 3.0
"""How often anybody can have Slack asked: Slack allows an app hundreds of `oauth.v2.access` a minute."""
_LINES_AT_ONCE, _LINE_BACK_AFTER_S = 3, 60.0
"""In the log, of what strangers can have refused as often as they like."""


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """The app that workspaces install."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    admits: Callable[[str], bool] = lambda _: True
    """Says whether a workspace or an organisation, by its id, may install it."""


class States(AsyncOAuthStateStore):
    """What ties Slack's answer to the browser that began: good once, for ten minutes.

    A state is `<random>.<when it ends>.<HMAC-SHA-256>`: the store hears of those alone that come back from Slack.
    """

    def __init__(self, records: KeyValueStore, secret: str, now: Callable[[], float] = time) -> None:
        self._records = records
        self._secret = secret
        self._now = now

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        """Return a new state."""
        said = f"{token_urlsafe(24)}.{round(self._now() + _STATE_S)}"
        return f"{said}.{self._signature(said)}"

    async def async_consume(self, state: str) -> bool:
        """Say whether the state is one of ours and of the last ten minutes. It is used up by `use`, after Slack's yes.

        So nothing is written for those who only call the page.
        """
        said, _, signature = state.rpartition(".")
        if not hmac.compare_digest(self._signature(said).encode(), signature.encode()):
            return False
        name, _, ends_at = said.rpartition(".")
        return bool(name) and int(ends_at) >= self._now()

    async def use(self, state: str) -> bool:
        """Use a valid state up; say whether it was not used before. Raises `StoreUnavailable`."""
        return await self._records.use(_STATE_GROUP, state.partition(".")[0], 2.0 * _STATE_S)

    def _signature(self, said: str) -> str:
        return hmac.new(self._secret.encode(), f"install:{said}".encode(), "sha256").hexdigest()


class Allowance:
    """So many calls, which come back one by one: anybody can call the pages, and each callback asks Slack."""

    def __init__(self, at_once: int, *, back_after_s: float, now: Callable[[], float] = monotonic) -> None:
        self._most, self._left, self._back_after_s = at_once, float(at_once), back_after_s
        self._now, self._counted_at = now, now()

    def take(self) -> bool:
        """Say whether one more may be made, and count it."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._counted_at) / self._back_after_s)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class _InstallingClient(AsyncWebClient):
    """Tells the operator of a refused installation: bolt tells only the browser, and not why."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._may_tell = Allowance(_LINES_AT_ONCE, back_after_s=_LINE_BACK_AFTER_S)

    async def api_call(self, api_method: str, **options: Any) -> AsyncSlackResponse:
        try:
            return await super().api_call(api_method, **options)
        except SlackApiError as error:
            code = code_of(error) or "in no form of its own"
            # A code that is none is what a stranger sends. Everything else is worth a look at the settings.
            remedy = "" if code == "invalid_code" else " Check SLACK_CLIENT_ID and SLACK_CLIENT_SECRET."
            if self._may_tell.take():
                _LOG.warning("An installation was refused: Slack answers %s to %s.%s", code, api_method, remedy)
            raise


class _TooMany(Exception):
    """Slack is not asked: it was asked often just now."""


class _Flow(AsyncOAuthFlow):
    """bolt's flow, which asks Slack so often and no more, and uses a state up once Slack has said yes."""

    def __init__(self, client: AsyncWebClient, settings: AsyncOAuthSettings, calls: Allowance) -> None:
        super().__init__(client=client, logger=VENDOR_LOG, settings=settings)
        self._calls = calls

    async def run_installation(self, code: str) -> Installation | None:
        """Ask Slack for the token. Raises `_TooMany`."""
        if not self._calls.take():
            raise _TooMany
        return await super().run_installation(code)

    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:
        """Keep an installation whose state was not used before. Raises `BoltError`, and as `Installations`."""
        states = cast("States", self.settings.state_store)
        if not await states.use((request.query.get("state") or [""])[0]):
            raise BoltError("a state that was used before")
        await super().store_installation(request, installation)


class Installations(AsyncInstallationStore):
    """Turns what Slack grants into a `Grant`: the bot's token alone is kept."""

    def __init__(self, clients: Clients, grants: InstallationStore, admits: Callable[[str], bool]) -> None:
        self._clients = clients
        self._grants = grants
        self._admits = admits

    async def async_save(self, installation: Installation) -> None:
        """Keep a new installation. Raises `BoltError` without a bot and where it is not allowed, and as `identify`."""
        if not installation.bot_token:
            raise BoltError("an installation without a bot")
        found = await identify(self._clients.client(installation.bot_token))
        workspace = replace(
            found,
            team_id=installation.team_id or found.team_id,
            enterprise_id=installation.enterprise_id or found.enterprise_id,
            name=installation.team_name or installation.enterprise_name or found.name,
            is_organisation=bool(installation.is_enterprise_install),
        )
        if not self._admits(workspace.account):
            _LOG.warning("%s wanted to install the app, and SLACK_ALLOWED_TEAMS does not let it.", workspace.account)
            raise BoltError("a workspace that may not install the app")
        await self._grants.save(
            Grant(
                workspace,
                installation.bot_token,
                installation.bot_refresh_token or "",
                float(installation.bot_token_expires_at or 0),
                granted_at=time(),
            )
        )
        _LOG.info("The app was installed in %s.", workspace.account)


class InstallPages:
    """Answers the two pages.

    Args:
        clients: Make the calls.
        app: The app that is installed.
        grants: Where installations are kept.
        records: Where states are used up.
        calls: How many callbacks may ask Slack.
    """

    def __init__(
        self,
        clients: Clients,
        app: OAuthApp,
        grants: InstallationStore,
        records: KeyValueStore,
        calls: Allowance | None = None,
    ) -> None:
        settings = AsyncOAuthSettings(
            client_id=app.client_id,
            client_secret=app.client_secret,
            scopes=list(app.scopes),
            user_scopes=[],
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            install_page_rendering_enabled=False,
            # Beside the API, wherever that is: https://slack.com/oauth/v2/authorize.
            authorization_url=urljoin(clients.api_url, "../oauth/v2/authorize"),
            installation_store=Installations(clients, grants, app.admits),
            state_store=States(records, app.client_secret),
            state_expiration_seconds=_STATE_S,
            logger=VENDOR_LOG,
        )
        self._may_tell = Allowance(_LINES_AT_ONCE, back_after_s=_LINE_BACK_AFTER_S)
        self._flow = _Flow(
            clients.client(kind=_InstallingClient),
            settings,
            calls or Allowance(_CALLBACKS_AT_ONCE, back_after_s=_CALLBACK_BACK_AFTER_S),
        )

    async def install(self, request: WebRequest) -> WebAnswer:
        """Send the browser to Slack, with a cookie that its answer has to come with."""
        try:
            return _answer(await self._flow.handle_installation(_without_odd_team(_read(request))))
        except BridgeError:
            return _LATER

    async def redirect(self, request: WebRequest) -> WebAnswer:
        """Take Slack's answer: fetch the token and keep it."""
        try:
            return _answer(await self._flow.handle_callback(_read(request)))
        except _TooMany:
            return _BUSY
        except (BridgeError, SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            if self._may_tell.take():
                _LOG.warning("An installation could not be finished: %s", type(error).__name__)
            return _LATER


def _without_odd_team(request: AsyncBoltRequest) -> AsyncBoltRequest:
    """Leave out a workspace to begin with that is no id: bolt would put it into the address as it came."""
    if not all(map(_TEAM_ID.fullmatch, request.query.get("team", ()))):
        del request.query["team"]
    return request


def _read(request: WebRequest) -> AsyncBoltRequest:
    return AsyncBoltRequest(body="", query=request.query, headers=dict(request.headers))


def _answer(answer: BoltResponse) -> WebAnswer:
    headers = answer.first_headers()
    if "set-cookie" in headers:
        # Lax: Slack's answer comes from another site, as a link that is followed.
        headers["set-cookie"] += "; SameSite=Lax"
    return WebAnswer(answer.status, answer.body, tuple(headers.items()))
