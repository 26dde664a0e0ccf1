"""bolt's application, reduced to what both ways of receiving need of it: the intake answers everything."""

import re
from collections.abc import Awaitable, Callable

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.log_filter import VENDOR_LOG
from adapters.slack.inbound.event_handler import SlackIntake
from adapters.slack.inbound.late_events import is_last_delivery

_ACCOUNT = re.compile(r"[A-Za-z0-9]{1,40}")
NOT_USED = "not-used-in-socket-mode"
"""Passed as the signing secret: without one, bolt would read it from the environment."""
# What bolt trips over where a payload's parts have the wrong types: it reads some before any middleware runs.
WRONG_SHAPE = (AttributeError, LookupError, TypeError, ValueError, RecursionError)


def make_app(client: AsyncWebClient, intake: SlackIntake, signing_secret: str = NOT_USED) -> AsyncApp:
    """Build a bolt app in which the intake answers every payload, before authorisation and listeners."""
    return AsyncApp(
        name="talkifai-bridge",
        logger=VENDOR_LOG,
        client=client,
        signing_secret=signing_secret,
        before_authorize=_ToIntake(intake),
        authorize=_authorize_nobody,
    )


class _ToIntake(AsyncMiddleware):
    """Hands every payload over. As a class: for a function bolt works out forty arguments at each event."""

    def __init__(self, intake: SlackIntake) -> None:
        self._intake = intake

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - the name is bolt's
    ) -> BoltResponse | None:
        """Answer, but for Slack's look whether the address is ours: bolt does that."""
        del resp
        if req.body.get("type") == "url_verification":
            return await next()
        return await self._intake.take(req.body, account_of(req.context), is_last=is_last_delivery(req.headers))


async def _authorize_nobody() -> AuthorizeResult:
    """Satisfy bolt, which requires a function that finds tokens. It is never called."""
    return AuthorizeResult(enterprise_id=None, team_id=None)


def account_of(context: AsyncBoltContext) -> str:
    """Return whose installation the payload is for, as `BotIdentity.account`; empty where it does not say."""
    # An event of an organisation as a whole may name no team.
    found = context.enterprise_id if context.is_enterprise_install else context.team_id or context.enterprise_id
    return found if isinstance(found, str) and _ACCOUNT.fullmatch(found) else ""
