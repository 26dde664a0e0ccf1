"""Slack's view for agents: the state of each thread, its title, and suggested prompts. Best effort throughout.

The view shows each message at the top level of a direct message as a thread of its own, with a state that the app
sets (`agents.sessions.setStatus`, Tier 3) and a title (docs: the agent view).
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Literal

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, TokenExpired, translated
from adapters.slack.interactions.suggestions import Suggestions
from bridge.domain.errors import BridgeError, ChannelTokenRefused
from bridge.domain.incoming import Question, Queued
from bridge.domain.threads import Address, ThreadKey
from bridge.runtime.background_queue import BackgroundQueue

_LOG = logging.getLogger(__name__)
_CALL_S = 3.0
_TITLE_CHARS = 60
_LIVE = re.compile(r"[<>&]+")
"""What Slack could read as a mention."""

State = Literal["processing", "active", "suspended", "closed"]


class AgentView:
    """Keeps what Slack shows of threads in direct messages.

    Args:
        client: Slack's Web API.
        account: The workspace.
        suggestions: Up to four things to ask, shown when a person opens the app.
        background: Runs what need not be waited for.
    """

    def __init__(
        self, client: AsyncWebClient, account: str, suggestions: Suggestions, background: BackgroundQueue
    ) -> None:
        self._client = client
        self._account = account
        self._suggestions = suggestions
        self._background = background
        self._refused: set[str] = set()

    def opened(self, place: str, person: str) -> None:
        """Show the prompts soon, because a person opened the app's messages. Does not wait."""
        suggested = self._suggestions.of(self._account, place, person)
        if suggested:
            self._background.add(partial(self._show_prompts, place, suggested))

    async def _show_prompts(self, place: str, suggested: Sequence[str]) -> None:
        prompts = [{"title": prompt[:_TITLE_CHARS], "message": prompt} for prompt in suggested]
        await self._call(
            "assistant.threads.setSuggestedPrompts",
            lambda: self._client.assistant_threads_setSuggestedPrompts(channel_id=place, prompts=prompts),
        )

    async def begun(self, address: Address) -> None:
        """Show that the agent is at work."""
        await self._set(address.place, address.thread, "processing")

    async def settled(self, queued: Queued, *, is_open: bool) -> None:
        """Show that the agent waits for the person; name a thread after its first question."""
        address = queued.address
        if is_open:
            await self._set(address.place, address.thread, "active")
        title = " ".join(_LIVE.sub(" ", queued.text).split()) if isinstance(queued, Question) else ""
        is_first = queued.id.endswith(f":{address.thread}")
        if is_first and title and _is_shown(address.place, address.thread):
            shown = title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1].rstrip() + "…"
            await self._call(
                "assistant.threads.setTitle",
                lambda: self._client.assistant_threads_setTitle(
                    channel_id=address.place, thread_ts=address.thread, title=shown
                ),
            )

    async def ended(self, thread: ThreadKey) -> None:
        """Show that the conversation is over."""
        await self._set(thread.place, thread.thread, "closed")

    async def suspended(self, thread: ThreadKey) -> None:
        """Show that a person has the thread."""
        await self._set(thread.place, thread.thread, "suspended")

    async def _set(self, place: str, thread: str, state: State) -> None:
        if _is_shown(place, thread):
            await self._call(
                "agents.sessions.setStatus",
                lambda: self._client.agents_sessions_setStatus(channel_id=place, thread_ts=thread, status=state),
            )

    async def _call(self, method: str, call: Callable[[], Awaitable[Any]]) -> None:
        if method in self._refused:
            return
        try:
            with translated(Call(method)):
                async with asyncio.timeout(_CALL_S):
                    await call()
        except TokenExpired as error:
            _LOG.debug("The agent view stays as it is: %s", error)
        except ChannelTokenRefused as error:
            self._refused.add(method)
            _LOG.warning("The agent view stays as it is: %s", error)
        except BridgeError as error:
            _LOG.debug("The agent view stays as it is: %s", error)


def _is_shown(place: str, thread: str) -> bool:
    return place.startswith("D") and bool(thread)
