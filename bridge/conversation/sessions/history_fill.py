"""Reads again, before a conversation ends, what its thread is to remember and Redis has forgotten."""

import asyncio
import logging

from bridge.domain.errors import BridgeError
from bridge.domain.exchanges import CarryOverLimits
from bridge.domain.prompts.asked_words import exchanges_in
from bridge.domain.sessions import Session
from bridge.ports.agent import Agent
from bridge.ports.stores.exchanges import Exchanges

log = logging.getLogger(__name__)

_WITHIN_S = 5.0
_MOST_AT_ONCE = 4
"""After Redis lost everything, many conversations end together. Their ends come first, and share one limit."""


class HistoryFill:
    """Reads histories, a few at a time; leaves out those that find no room."""

    def __init__(self, agent: Agent, store: Exchanges, limits: CarryOverLimits) -> None:
        self._agent = agent
        self._store = store
        self._limits = limits
        self._running = 0

    async def fill(self, session: Session) -> None:
        """Add to the thread what is missing of this conversation. Raises nothing but cancellation, within seconds."""
        is_wanted = self._limits.exchanges and session.conversation.token and not session.is_dropped
        if not is_wanted or self._running >= _MOST_AT_ONCE:
            return
        self._running += 1
        try:
            async with asyncio.timeout(_WITHIN_S):
                await self._fill(session)
        except (BridgeError, TimeoutError) as error:
            log.info("what was said could not be read again", extra={"cause": str(error)})
        finally:
            self._running -= 1

    async def _fill(self, session: Session) -> None:
        stored = await self._store.of_thread(session.thread)
        kept = [one for one in stored if one.conversation_id == session.conversation.id]
        # The session was read before its last turn, so it may count one less.
        if len(kept) >= min(session.turns + 1, self._limits.exchanges):
            return
        said = exchanges_in(await self._agent.history(session.conversation), session)[-self._limits.exchanges :]
        known = [(one.question, one.answer) for one in kept]
        missing = [one for one in said if (one.question, one.answer) not in known]
        if missing:
            await self._store.add(session.thread, missing)
            log.info("what was said is read again", extra={"exchanges": len(missing)})
