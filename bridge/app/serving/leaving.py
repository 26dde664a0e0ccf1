"""What a worker says of conversations that are open when it stops, and the end of them where that is wanted."""

import asyncio
import logging
from collections.abc import Iterable
from time import monotonic

from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.reaper import TICK_S, Reaper
from bridge.domain.errors import StoreUnavailable
from bridge.domain.sessions import EndReason
from bridge.ports.agent import Agent
from bridge.runtime.clock import SystemClock

log = logging.getLogger(__name__)

_LOOK_WITHIN_S = 1.0
_ENDED_WITHIN_S, _END_AT_LEAST_S = 27.0, 1.0
"""From the request to stop on. Platforms kill a process 30 s after it."""
_MOST_NAMED = 20


class StopRequest(asyncio.Event):
    """The request to stop, and how much time is left since then."""

    def __init__(self) -> None:
        super().__init__()
        self._made_at = 0.0

    def set(self) -> None:
        """Ask for the stop."""
        if not self.is_set():
            self._made_at = monotonic()
        super().set()

    def left_s(self) -> float:
        """Return for how long conversations may be ended now."""
        passed_s = monotonic() - self._made_at if self.is_set() else 0.0
        return max(_END_AT_LEAST_S, _ENDED_WITHIN_S - passed_s)


async def leave(stores: RedisStores, agent: Agent, *, end_within_s: float = 0.0) -> None:
    """Say how many sessions stay open and what ends them. `end_within_s`: try for so long to end all; 0: do not."""
    try:
        async with asyncio.timeout(_LOOK_WITHIN_S):
            await stores.sessions.counts()  # where Redis hangs, no time is left for waiting on it again and again
        if end_within_s:
            await _end_sessions(stores, agent, end_within_s)
        async with asyncio.timeout(_LOOK_WITHIN_S):
            open_sessions, ends_waiting = await stores.sessions.counts()
    except (StoreUnavailable, TimeoutError):
        log.warning(
            "Redis does not answer: it is not known how many conversations stay open; the next start ends them, or"
            " TalkifAI does 30 minutes after they were last used",
            extra={"opened_here": _some(stores.known_conversations)},
        )
        return
    left = open_sessions + ends_waiting
    if left:
        log.info(
            "%s open: other workers, or the next start, end what falls idle;"
            " `talkifai-bridge sessions end --all` ends all now",
            "1 conversation stays" if left == 1 else f"{left} conversations stay",
        )


async def _end_sessions(stores: RedisStores, agent: Agent, within_s: float) -> None:
    """End every session that is open, again and again until all are ended or the time is over.

    Raises `StoreUnavailable`, and `TimeoutError` where it is not even known what is open.
    """
    waiting: set[str] | None = None
    try:
        async with asyncio.timeout(within_s):
            for one in await stores.open_sessions():
                await stores.sessions.begin_end(one.session.thread, one.session.conversation.id, EndReason.COMMAND)
            waiting = begun = await stores.ends_waiting()
            reaper = Reaper(agent, stores.sessions, SystemClock())
            while waiting:
                await reaper.sweep()
                waiting = begun & await stores.ends_waiting()
                await asyncio.sleep(TICK_S if waiting else 0)
    except TimeoutError:
        if waiting is None:
            raise
        log.warning("TalkifAI has not ended them in time", extra={"conversations": _some(waiting)})


def _some(conversations: Iterable[str]) -> list[str]:
    return sorted(conversations)[:_MOST_NAMED]
