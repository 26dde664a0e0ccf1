"""What a worker says of conversations that are open when it stops, and the end of them where that is wanted."""

import logging

from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.errors import StoreUnavailable
from bridge.domain.sessions import EndReason
from bridge.ports.agent import Agent
from bridge.runtime.clock import SystemClock

log = logging.getLogger(__name__)


async def leave(stores: RedisStores, agent: Agent, *, ends_sessions: bool) -> None:
    """End every open session, or say how many stay open and what ends them."""
    try:
        if ends_sessions:
            await end_sessions(stores, agent)
        open_sessions, ends_waiting = await stores.sessions.counts()
    except StoreUnavailable:
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
