"""How workspaces install the app: Slack's page of consent, codes, tokens that last or expire."""

import time
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import web

from sandbox.slack.rules import Answer, Params, Refused
from sandbox.slack.workspace import SlackWorkspace

CLIENT_ID = "111.222"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but the stand-in
_LIFE_S = 43_200


@dataclass(slots=True)
class _Token:
    space: SlackWorkspace
    expires_at: float = 0.0


@dataclass(slots=True)
class Distribution:
    """The app as any workspace may install it."""

    tokens: dict[str, _Token] = field(default_factory=dict)
    """Whose each bot token is."""
    redirect_url: str = ""
    """Where the browser is sent after the consent, as the app's settings have it."""
    consents_for: SlackWorkspace | None = None
    """In whose name the next visitor consents; None: the visitor cancels."""
    rotates: bool = False
    life_s: float = _LIFE_S
    asked_for: list[str] = field(default_factory=list)
    """The scopes of each visit."""
    _codes: dict[str, SlackWorkspace] = field(default_factory=dict)
    _refresh_tokens: dict[str, SlackWorkspace] = field(default_factory=dict)

    def space_of(self, token: str) -> SlackWorkspace:
        """Return whose token it is. Raises `Refused`."""
        found = self.tokens.get(token)
        if found is None:
            raise Refused("invalid_auth")
        if found.expires_at and time.time() >= found.expires_at:
            raise Refused("token_expired")
        if not found.space.is_installed:
            raise Refused("account_inactive")
        return found.space

    async def authorize(self, request: web.Request) -> web.Response:
        """Show the page of consent to a browser, whose owner decides at once."""
        state = request.query.get("state", "")
        self.asked_for.append(request.query.get("scope", ""))
        if request.query.get("client_id") != CLIENT_ID:
            return web.Response(status=400, text="Invalid client_id parameter")
        if self.consents_for is None:
            told = {"error": "access_denied", "state": state}
        else:
            code = uuid4().hex
            self._codes[code] = self.consents_for
            told = {"code": code, "state": state}
        raise web.HTTPFound(f"{self.redirect_url}?{urlencode(told)}")

    def access(self, params: Params) -> Answer:
        """`oauth.v2.access`: a code or a refresh token for tokens; each works once."""
        if (params.get("client_id"), params.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("bad_client_secret")
        if params.get("grant_type") == "refresh_token":
            space = self._refresh_tokens.pop(str(params.get("refresh_token")), None)
            if space is None:
                raise Refused("invalid_refresh_token")
        else:
            space = self._codes.pop(str(params.get("code")), None)
            if space is None:
                raise Refused("invalid_code")
            space.is_installed = True
        return self._granted(space)

    def _granted(self, space: SlackWorkspace) -> Answer:
        token = f"xoxb-{space.team_id}-{uuid4().hex[:8]}"
        self.tokens[token] = _Token(space, time.time() + self.life_s if self.rotates else 0.0)
        rotation: Answer = {}
        if self.rotates:
            refresh_token = f"xoxe-1-{uuid4().hex}"
            self._refresh_tokens[refresh_token] = space
            rotation = {"refresh_token": refresh_token, "expires_in": round(self.life_s)}
        org = {"id": space.enterprise_id, "name": "Sandbox organisation"} if space.enterprise_id else None
        return {
            "ok": True,
            "access_token": token,
            "token_type": "bot",
            "scope": self.asked_for[-1] if self.asked_for else "",
            "bot_user_id": space.bot_user_id,
            "app_id": space.app_id,
            "team": None if space.is_organisation else {"id": space.team_id, "name": space.team_name},
            "enterprise": org,
            "is_enterprise_install": space.is_organisation,
            "authed_user": {"id": "U0INSTALLER"},
            **rotation,
        }
