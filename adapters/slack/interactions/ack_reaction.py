"""A sign on each question from when it was kept until it was answered."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, TokenExpired, code_of, translated
from adapters.slack.limits import RECEIPTS_PER_MINUTE
from bridge.domain.errors import BridgeError, ChannelRateLimited, ChannelTokenRefused
from bridge.domain.incoming import CommandName, Question, Queued
from bridge.runtime.background_queue import BackgroundQueue

_LOG = logging.getLogger(__name__)
_SIGN = "eyes"
_CALL_S = 3.0
_AGAIN_S = 1.0
_NOT_THERE = "no_reaction"
_DONE = frozenset({"already_reacted", "message_not_found", _NOT_THERE})


class Receipts:
    """Adds the sign and takes it away. Best effort: where Slack limits it, questions go without."""

    def __init__(
        self, client: AsyncWebClient, background: BackgroundQueue, now: Callable[[], float] = monotonic
    ) -> None:
        self._client = client
        self._now = now
        self._background = background
        self._added_at: deque[float] = deque()
        self._is_wanted = True

    def promise(self, queued: Queued) -> None:
        """Put the sign on a question that was kept, soon. Does not wait."""
        if _is_marked(queued) and self._is_wanted and self._may_add():
            self._background.add(partial(self._react, "reactions.add", queued))

    async def take_away(self, queued: Queued) -> None:
        """Take the sign from a question whose turn is over. Takes some seconds at most."""
        if not _is_marked(queued) or not self._is_wanted:
            return
        if await self._react("reactions.remove", queued) == _NOT_THERE:
            # Perhaps the answer was quicker than the sign.
            await asyncio.sleep(_AGAIN_S)
            await self._react("reactions.remove", queued)

    def _may_add(self) -> bool:
        """Keep to what can be taken away again: that method has the lower limit."""
        now = self._now()
        while self._added_at and self._added_at[0] <= now - 60.0:
            self._added_at.popleft()
        if len(self._added_at) >= RECEIPTS_PER_MINUTE:
            return False
        self._added_at.append(now)
        return True

    async def _react(self, method: str, queued: Queued) -> str:
        """Call a method and return Slack's code where that says that there is nothing to do."""
        change = self._client.reactions_add if method == "reactions.add" else self._client.reactions_remove
        try:
            with translated(Call(method)):
                try:
                    async with asyncio.timeout(_CALL_S):
                        await change(channel=queued.address.place, name=_SIGN, timestamp=_ts_of(queued))
                except SlackApiError as error:
                    if code_of(error) not in _DONE:
                        raise
                    return code_of(error)
        except TokenExpired as error:
            _LOG.debug("A question's sign could not be changed: %s", error)
        except ChannelTokenRefused as error:
            self._is_wanted = False
            _LOG.warning("Questions get no sign: %s", error)
        except ChannelRateLimited as error:
            self._added_at.extend([self._now() + error.retry_after_s] * RECEIPTS_PER_MINUTE)
        except BridgeError as error:
            _LOG.debug("A question's sign could not be changed: %s", error)
        return ""


def _is_marked(queued: Queued) -> bool:
    is_written = isinstance(queued, Question) or (queued.name is CommandName.RETRY and not queued.about)
    return is_written and bool(queued.address.place)


def _ts_of(queued: Queued) -> str:
    return queued.id.rpartition(":")[2]
