"""Slack's Web API: one HTTP session for all tokens, and who a token belongs to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, translated
from adapters.slack.api.identity import BotIdentity
from adapters.slack.api.log_filter import VENDOR_LOG
from adapters.slack.limits import USUAL, SlackLimits
from bridge.domain.errors import ChannelRateLimited, ChannelUnavailable, Retryable, SettingWrong

_LOG = logging.getLogger(__name__)
_OPEN_AGAIN_S = 5.0
START_UP_CALL_S = 4.5
# Slack closes idle connections; a post on one that is closing would be a post of unknown outcome.
_KEEP_ALIVE_S = 15.0


class Clients:
    """Makes clients that share a session.

    Args:
        api_url: Where the Web API is.
        proxy: An HTTP proxy for everything. The proxy variables of the environment are not read, as slack-sdk
            heeds no NO_PROXY.
    """

    def __init__(self, api_url: str, proxy: str | None = None, limits: SlackLimits = USUAL) -> None:
        self.api_url = api_url
        self.proxy = proxy
        self.limits = limits
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the session. Raises `SettingWrong`."""
        if not self.api_url.startswith(("https://", "http://")):
            raise SettingWrong("SLACK_API_URL", "it is no http address", "Unset it, or use https://slack.com/api/.")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=self.limits.call_s, sock_connect=5.0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def client(self, token: str = "", kind: type[AsyncWebClient] = AsyncWebClient) -> AsyncWebClient:
        """Make a client that speaks with this token. Raises `ChannelUnavailable` where nothing is open."""
        if self._session is None:
            raise ChannelUnavailable("the Slack channel is not open")
        # No retry handlers: theirs repeat a post whose answer was lost.
        client = kind(
            token=token or None, base_url=self.api_url, session=self._session, retry_handlers=[], logger=VENDOR_LOG
        )
        client.proxy = self.proxy
        return client


async def identify(client: AsyncWebClient) -> BotIdentity:
    """Ask Slack whose the client's token is. Raises `ChannelTokenRefused` and `ChannelUnavailable`."""
    with translated(Call("auth.test")):
        async with asyncio.timeout(START_UP_CALL_S):
            answer = await client.auth_test()
        data = answer.data if isinstance(answer.data, Mapping) else {}
    facts = {name: value for name, value in data.items() if isinstance(value, str)}
    if not facts.get("team_id") or not facts.get("user_id"):
        raise ChannelUnavailable("auth.test answered without team_id and user_id")
    return BotIdentity(
        team_id=facts["team_id"],
        bot_user_id=facts["user_id"],
        bot_id=facts.get("bot_id", ""),
        url=facts.get("url", ""),
        name=facts.get("team", ""),
        enterprise_id=facts.get("enterprise_id", ""),
        is_organisation=data.get("is_enterprise_install") is True and bool(facts.get("enterprise_id")),
    )


async def until_open(open_: Callable[[], Awaitable[None]]) -> None:
    """Open, however long Slack is away. Raises `Misconfigured`."""
    while True:
        try:
            return await open_()
        except Retryable as error:
            wait_s = error.retry_after_s if isinstance(error, ChannelRateLimited) else _OPEN_AGAIN_S
            _LOG.warning("Slack cannot be reached: %s; trying again in %g s", error, wait_s)
            await asyncio.sleep(wait_s)
