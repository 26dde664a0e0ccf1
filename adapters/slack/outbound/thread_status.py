"""The status line under a thread while the agent is at work. It goes by itself when the app posts there."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, code_of, is_refusal, translated
from adapters.slack.limits import ACTIVITY_EVERY_S
from bridge.domain.errors import BridgeError, ChannelRateLimited
from bridge.domain.notices import Status
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from bridge.runtime.bounded_dict import BoundedDict
from bridge.texts.catalog import texts_in

_LOG = logging.getLogger(__name__)
_CALL_S = 3.0
_AGAIN_S = 0.8 * ACTIVITY_EVERY_S
_PAUSE_S = 60.0
_REFUSED_S = 3600.0
_KEPT = 5_000
_LONGEST = 100
_LIVE = re.compile(r"[<>&]+")
_NEVER = frozenset(
    {"feature_not_enabled", "invalid_auth", "method_deprecated", "missing_scope", "not_allowed_token_type"}
    | {"token_revoked", "unknown_method"}
)


@dataclass(slots=True)
class _Line:
    """The status line of one thread."""

    said: str = ""
    """Empty where it says no more than that the agent thinks."""
    language: str = ""
    again_at: float = 0.0
    refused_until: float = 0.0


class Activity:
    """Sets the status of threads, and gives up where Slack does not want it."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._now = now
        self._lines: BoundedDict[tuple[str, str], _Line] = BoundedDict(_KEPT)
        self._paused_until = 0.0
        self._is_wanted = True

    async def show(self, address: Address, language: str = "") -> None:
        """Show under the thread that the agent is at work, only now and then. Raises nothing but cancellation."""
        line = self._line(address)
        now = self._now()
        line.language = language
        if not self._takes(address, line) or now < max(self._paused_until, line.again_at):
            return
        try:
            await self._set_status(address, line)
        except ChannelRateLimited as error:
            self._paused_until = self._now() + error.retry_after_s
        except BridgeError as error:
            self._paused_until = self._now() + _PAUSE_S
            _LOG.debug("No status line for a while: %s", error)

    async def say(self, address: Address, view: PageView) -> bool:
        """Show a page's status under the thread; an empty one takes the line away.

        False where Slack shows none. Raises `ChannelUnavailable` and `ChannelRateLimited`.
        """
        line = self._line(address)
        if not self._takes(address, line):
            return False
        line.language = view.language
        line.said = "" if view.is_thinking else " ".join(_LIVE.sub(" ", view.status).split())[:_LONGEST]
        await self._set_status(address, line, goes=not view.status)
        return self._takes(address, line)

    def forget(self, address: Address) -> None:
        """Note that the app has posted in the thread: the line is gone."""
        self._line(address).said = ""

    def _takes(self, address: Address, line: _Line) -> bool:
        return self._is_wanted and bool(address.thread) and self._now() >= line.refused_until

    async def _set_status(self, address: Address, line: _Line, *, goes: bool = False) -> None:
        said = "" if goes else line.said or texts_in(line.language)(Status.THINKING_AFTER_NAME)
        line.again_at = self._now() + _AGAIN_S
        with translated(Call("assistant.threads.setStatus", status_scope(address))):
            try:
                async with asyncio.timeout(_CALL_S):
                    await self._client.assistant_threads_setStatus(
                        channel_id=address.place, thread_ts=address.thread, status=said
                    )
            except SlackApiError as error:
                if not is_refusal(error):
                    raise
                self._note_refusal(code_of(error), line)

    def _note_refusal(self, code: str, line: _Line) -> None:
        line.refused_until = self._now() + _REFUSED_S
        if code in _NEVER:
            self._is_wanted = False
            _LOG.info("Slack shows no status line for this app (%s).", code)

    def _line(self, address: Address) -> _Line:
        thread = (address.place, address.thread)
        line = self._lines[thread] = self._lines.get(thread) or _Line()
        return line


def status_scope(address: Address) -> str:
    """Name the budget of status lines: one for the whole workspace."""
    return f"slack:{address.account}:status"
