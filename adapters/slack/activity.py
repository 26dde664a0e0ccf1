"""The status line under a thread while the agent is at work. Best effort: nothing depends on it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import Call, code_of, translated
from bridge.errors import BridgeError, ChannelRateLimited
from bridge.models import Address
from config.slack_limits import ACTIVITY_EVERY_S

_LOG = logging.getLogger(__name__)
_STATUS = "is thinking…"
_CALL_S = 3.0
_AGAIN_S = 0.8 * ACTIVITY_EVERY_S
_PAUSE_S = 60.0
_REFUSED_S = 3600.0
_KEPT = 5_000
_NEVER = frozenset(
    {"feature_not_enabled", "invalid_auth", "method_deprecated", "missing_scope", "not_allowed_token_type"}
    | {"token_revoked", "unknown_method"}
)


class Activity:
    """Sets the status of threads, each only now and then, and gives up where Slack does not want it."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._now = now
        self._not_before: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._paused_until = 0.0
        self._is_wanted = True

    async def show(self, address: Address) -> None:
        """Show "is thinking…" under the thread. Raises nothing but cancellation."""
        thread = (address.place, address.thread)
        now = self._now()
        if not self._is_wanted or not address.thread or now < self._paused_until:
            return
        if now < self._not_before.get(thread, 0.0):
            return
        self._wait(thread, _AGAIN_S)
        try:
            with translated(Call("assistant.threads.setStatus")):
                await self._set_status(thread)
        except ChannelRateLimited as error:
            self._paused_until = self._now() + error.retry_after_s
        except BridgeError as error:
            self._paused_until = self._now() + _PAUSE_S
            _LOG.debug("No status line for a while: %s", error)

    async def _set_status(self, thread: tuple[str, str]) -> None:
        channel, thread_ts = thread
        try:
            async with asyncio.timeout(_CALL_S):
                await self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread_ts, status=_STATUS)
        except SlackApiError as error:
            code = code_of(error)
            if code in _NEVER:
                self._is_wanted = False
                _LOG.info("Slack shows no status line for this app (%s).", code)
            elif code and code not in {"ratelimited", "rate_limited", "internal_error", "fatal_error"}:
                self._wait(thread, _REFUSED_S)
            else:
                raise

    def _wait(self, thread: tuple[str, str], seconds: float) -> None:
        self._not_before[thread] = self._now() + seconds
        self._not_before.move_to_end(thread)
        while len(self._not_before) > _KEPT:
            self._not_before.popitem(last=False)
