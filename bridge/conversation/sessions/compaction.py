"""Lets a long conversation go on in a fresh one, with the agent's own summary, before the agent forgets the beginning.

The summary is asked for in the old conversation, is not shown, and is billed like a question. It is kept and the
conversation's end begun in one step: a worker that is killed before asks again, and the next one finds either the old
conversation bound, or its summary kept.
"""

import asyncio
import logging
from collections.abc import Mapping

from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.conversation.turn_context import QuestionTurn
from bridge.domain.errors import AgentRateLimited, AgentUnavailable, ConversationLost, QuestionTooLong
from bridge.domain.exchanges import MOST_SUMMARY, Summary, shortened
from bridge.domain.notices import EXCHANGES_READ, Status
from bridge.domain.prompts.carried_words import SUMMARY_PROMPT
from bridge.domain.sessions import Session
from bridge.domain.stream_events import StreamEnded, StreamFailed, TextDelta
from bridge.ports.agent import Agent
from bridge.ports.stores.exchanges import Exchanges
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

COMPACT_FROM = EXCHANGES_READ - 2
"""From so many exchanges on. The summary's own question is one more, and a second try has to fit too."""
_WITHIN_S = 60.0


class Compaction:
    """Asks for summaries and keeps them.

    Args:
        agent: Where the conversations are.
        store: Keeps summaries.
        clock: Time.
        allowances: Counts what a summary used.
        is_on: Whether conversations are summarised.
        begins_at: From how many exchanges of a conversation on.
    """

    def __init__(
        self,
        agent: Agent,
        store: Exchanges,
        clock: Clock,
        allowances: AllowanceKeeper,
        *,
        is_on: bool,
        begins_at: int = COMPACT_FROM,
    ) -> None:
        self._begins_at = begins_at
        self._agent = agent
        self._store = store
        self._clock = clock
        self._allowances = allowances
        self._is_on = is_on

    def has_asked_in(self, session: Session) -> bool:
        """Return True if a summary may have been asked for in the session: no turn's record says so."""
        return self._is_on and session.turns >= self._begins_at

    async def go_on(self, turn: QuestionTurn, session: Session) -> bool:
        """Say whether the thread goes on in this session; else it ends, and the next one takes along what was said.

        Where there is no summary to be had, the session goes on while the agent reads all of it; then a fresh one
        takes along the last exchanges alone. Raises `StoreUnavailable`, `LeaseLost`.
        """
        if not self.has_asked_in(session):
            return True
        turn.reply.say(Status.THINKING)
        turn.wake()
        await turn.guard()
        await self._store.begin_summary(session.thread, session.conversation.id)
        text, usage = await self._summary(session)
        # Asked again under another lease, a summary costs again.
        counted_as = f"{turn.question.id}/summary/{turn.lease.fence}"
        self._allowances.count(turn.question, usage, turn.routed.choices, counted_as)
        if not text and session.turns < EXCHANGES_READ:
            return True
        said = await self._store.of_thread(session.thread)
        people = {session.person_id, turn.question.person.id, *(exchange.person.id for exchange in said)}
        summary = Summary(
            thread=session.thread,
            text=shortened(text, MOST_SUMMARY),
            conversation_id=session.conversation.id,
            agent_id=session.agent_id,
            at=self._clock.now(),
            people=tuple(sorted(people)),
            several_spoke=session.several_speak,
        )
        await self._store.keep_summary(summary, usage)
        facts = {"thread_key": str(session.thread), "conversation": session.conversation.id, "characters": len(text)}
        log.info("a long conversation goes on in a fresh one", extra=facts)
        return False

    async def _summary(self, session: Session) -> tuple[str, Mapping[str, int]]:
        """Return the summary and the tokens it took; an empty one if it cannot be had whole."""
        text = ""
        try:
            async with asyncio.timeout(_WITHIN_S), self._agent.ask(session.conversation, SUMMARY_PROMPT) as events:
                async for event in events:
                    match event:
                        case TextDelta(more):
                            text += more if len(text) <= MOST_SUMMARY else ""
                        case StreamEnded(usage):
                            return text.strip(), usage
                        case StreamFailed():
                            break
                        case _:
                            continue
        except (AgentUnavailable, AgentRateLimited, ConversationLost, QuestionTooLong, TimeoutError) as error:
            log.warning("no summary to be had", extra={"thread_key": str(session.thread), "cause": str(error)})
        return "", {}
