"""After an outage of more than some minutes: what was said meanwhile is read from Slack's history.

Slack delivers an event for about six minutes, then never. What is read goes the way of every event, and what was kept
already is recognised there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import time
from typing import Any

from adapters.slack.api.errors import Call, translated
from adapters.slack.inbound.event_parser import MalformedEventError
from adapters.slack.inbound.recent_threads import RecentThreads
from adapters.slack.limits import SlackLimits
from adapters.slack.workspaces.context import WorkspaceContext, Workspaces
from bridge.domain.errors import BridgeError, ChannelRateLimited, StoreUnavailable
from bridge.domain.threads import ThreadKey
from bridge.ports.stores.key_value import KeyValueStore

_LOG = logging.getLogger(__name__)
_GROUP, _HEARD, _LEAD = "slack:heard", "last", "slack:catching-up"
_CONNECTED_WITHIN_S = 0.2
_OVERLAP_S = 30.0
_LEADS_FOR_S = 900.0
_TIDY_EVERY_S = 3600.0
_MOST_READS = 100
_PER_READ = 200
_LONGEST_WAIT_S = 120.0

Keep = Callable[[Mapping[str, object], WorkspaceContext], Awaitable[None]]
"""Takes the payload of an event. Raises `StoreUnavailable`, `MalformedEventError`."""


class CatchUp:
    """Notes that events come, and reads back what was missed. One worker at a time does.

    Args:
        hears: Says whether Slack can reach us now.
    """

    def __init__(
        self,
        workspaces: Workspaces,
        keep: Keep,
        hears: Callable[[], Awaitable[bool]],
        marks: KeyValueStore,
        recent: RecentThreads,
        limits: SlackLimits,
    ) -> None:
        self._workspaces = workspaces
        self._keep = keep
        self._hears = hears
        self._marks = marks
        self._recent = recent
        self._limits = limits
        self._tidied_at = 0.0

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            is_heard = await self._hears()
            if is_heard:
                try:
                    await self._look()
                except StoreUnavailable:
                    _LOG.debug("What was missed is looked for when the store is back.")
            every_s = self._limits.look_every_s
            await asyncio.sleep(every_s if is_heard else min(_CONNECTED_WITHIN_S, every_s))

    async def _look(self) -> None:
        now = time()
        heard = await self._marks.read(_GROUP, _HEARD)
        since = float(heard) if heard else now
        if now - since >= self._limits.missed_after_s:
            if not await self._marks.use(_LEAD, f"{since:.3f}", _LEADS_FOR_S):
                return  # another worker reads
            await self._read_since(max(since - _OVERLAP_S, now - self._limits.read_back_s))
        await self._marks.write(_GROUP, _HEARD, f"{now:.3f}")
        if now - self._tidied_at >= _TIDY_EVERY_S:
            self._tidied_at = now
            await self._recent.newest_first()

    async def _read_since(self, since: float) -> None:
        """Read direct messages and channels, then threads. Raises `StoreUnavailable`."""
        reads = list(_reads_of(await self._recent.newest_first(), since))
        _LOG.warning("No events came for some minutes: what was said meanwhile is read in %d places.", len(reads))
        for thread, oldest in reads[:_MOST_READS]:
            try:
                here = await self._workspaces.of(thread.account)
                for message in await self._messages(here, thread, oldest):
                    await self._take(message, thread, here)
            except StoreUnavailable:
                raise
            except BridgeError as error:
                _LOG.warning("What was said in a place while the bridge was away cannot be read: %s", error)
            await asyncio.sleep(self._limits.read_pause_s)

    async def _take(self, message: Mapping[str, Any], thread: ThreadKey, here: WorkspaceContext) -> None:
        event = {**message, "type": "message", "channel": thread.place}
        try:
            await self._keep({"type": "event_callback", "event": event}, here)
        except MalformedEventError as error:
            _LOG.info("A message of the history was passed over: %s", error)

    async def _messages(self, here: WorkspaceContext, thread: ThreadKey, since: float) -> Sequence[Mapping[str, Any]]:
        """Return the messages since then, oldest first. Raises `BridgeError`."""
        for last in (False, True):
            try:
                with translated(Call("conversations.replies" if thread.thread else "conversations.history")):
                    return await self._read(here, thread, since)
            except ChannelRateLimited as error:
                if last or error.retry_after_s > _LONGEST_WAIT_S:
                    raise
                await asyncio.sleep(error.retry_after_s)
        return ()

    async def _read(self, here: WorkspaceContext, thread: ThreadKey, since: float) -> Sequence[Mapping[str, Any]]:
        oldest: dict[str, Any] = {"channel": thread.place, "oldest": f"{since:.6f}", "limit": _PER_READ}
        if thread.thread:
            answer = await here.client.conversations_replies(ts=thread.thread, **oldest)
        else:
            answer = await here.client.conversations_history(**oldest)
        found = answer.get("messages") or []
        messages = [one for one in found if isinstance(one, Mapping) and isinstance(one.get("ts"), str)]
        # A thread's root comes along whatever its age.
        newer = [one for one in messages if float(one["ts"]) >= since]
        return sorted(newer, key=lambda one: float(one["ts"]))


def _reads_of(noted: Mapping[ThreadKey, float], since: float) -> Iterator[tuple[ThreadKey, float]]:
    """Yield each place once, without a thread, and then the threads that have a root; and from when on each is read.

    What stands in a thread from before it was noted was said without the bot, or was heard.
    """
    places = dict.fromkeys(ThreadKey(one.channel, one.account, one.place) for one in noted)
    yield from ((place, since) for place in places)
    yield from ((one, max(since, noted_at)) for one, noted_at in noted.items() if one.thread)
