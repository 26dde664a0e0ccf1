"""What a worker says of conversations that are open when it stops, and the end of them where that is wanted."""

import asyncio
import logging

from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.errors import StoreUnavailable
from bridge.domain.sessions import EndReason
from bridge.ports.agent import Agent
from bridge.runtime.clock import SystemClock

log = logging.getLogger(__name__)

_LOOK_WITHIN_S = 1.0
"""Platforms kill a process 30 s after they asked it to stop."""


async def leave(stores: RedisStores, agent: Agent, *, ends_sessions: bool) -> None:
    """End every open session, or say how many stay open and what ends them."""
    try:
        if ends_sessions:
            await end_sessions(stores, agent)
        async with asyncio.timeout(_LOOK_WITHIN_S):
            open_sessions, ends_waiting = await stores.sessions.counts()
    except (StoreUnavailable, TimeoutError):
        log.warning(
            "Redis does not answer: it is not known how many conversations stay open; the next start ends them, or"
            " TalkifAI does 30 minutes after they were last used"
        )
        return
    left = open_sessions + ends_waiting
    if left:
        log.info(
            "%s open: other workers, or the next start, end what falls idle;"
            " `talkifai-bridge sessions end --all` ends all now",
            "1 conversation stays" if left == 1 else f"{left} conversations stay",
        )


async def end_sessions(stores: RedisStores, agent: Agent) -> None:
    """End every session that is open. Raises `StoreUnavailable`."""
    for one in await stores.open_sessions():
        await stores.sessions.begin_end(one.session.thread, one.session.conversation.id, EndReason.COMMAND)
    await Reaper(agent, stores.sessions, SystemClock()).sweep()
