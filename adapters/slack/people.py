"""Who asks: the e-mail address where the app may read it, looked up once and kept for a while."""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from time import monotonic

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import Call, code_of, translated
from bridge.errors import BridgeError
from bridge.models import Question

_LOG = logging.getLogger(__name__)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,189}")
_LOOK_UP_S = 3.0
_KEEP_S = 12 * 3600.0
_KEEP_FAILURE_S = 60.0
_KEPT = 10_000
_NO_SCOPE = frozenset({"missing_scope", "not_allowed_token_type", "unknown_method"})


def plain_identifier(question: Question) -> str:
    """Name the asker without asking Slack: `slack:<team>:<user>`."""
    return f"slack:{question.thread.account}:{question.person.id}"


class People:
    """A bounded cache of e-mail addresses. Look-ups of one person at the same time are one call."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._now = now
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._running: dict[str, asyncio.Event] = {}
        self._may_look_up = True

    async def identifier(self, question: Question) -> str:
        """Return the e-mail address, or else `slack:<team>:<user>`. Takes some 3 s at most."""
        user = question.person.id
        return await self._email(user) or plain_identifier(question)

    async def _email(self, user: str) -> str:
        while self._may_look_up:
            known = self._known.get(user)
            if known is not None and known[1] > self._now():
                self._known.move_to_end(user)
                return known[0]
            running = self._running.get(user)
            if running is None:
                return await self._look_up(user)
            await running.wait()
        return ""

    async def _look_up(self, user: str) -> str:
        self._running[user] = done = asyncio.Event()
        try:
            email, keep_s = await self._ask_slack(user)
            self._known[user] = (email, self._now() + keep_s)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return email
        finally:
            del self._running[user]
            done.set()

    async def _ask_slack(self, user: str) -> tuple[str, float]:
        """Return the address, empty where there is none, and for how long to believe it."""
        try:
            with translated(Call("users.info")):
                try:
                    async with asyncio.timeout(_LOOK_UP_S):
                        answer = await self._client.users_info(user=user)
                    return _email_in(answer.get("user")), _KEEP_S
                except SlackApiError as error:
                    if code_of(error) not in _NO_SCOPE:
                        raise
                    self._stop_looking(code_of(error))
                    return "", _KEEP_S
        except BridgeError as error:
            _LOG.debug("No e-mail address from Slack: %s", error)
            return "", _KEEP_FAILURE_S

    def _stop_looking(self, code: str) -> None:
        if self._may_look_up:
            self._may_look_up = False
            _LOG.warning("Slack does not let the app read people (%s): e-mail addresses are not used.", code)


def _email_in(user: object) -> str:
    profile = user.get("profile") if isinstance(user, Mapping) else None
    email = profile.get("email") if isinstance(profile, Mapping) else None
    return email if isinstance(email, str) and _EMAIL.fullmatch(email) else ""
