"""Times a turn, and each of its calls to TalkifAI, for traces."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from bridge.domain.incoming import Queued
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import StreamEvent, TextDelta
from bridge.domain.turns import InboxItem, Outcome, Settlement, reference_of
from bridge.ports.agent import Agent
from bridge.ports.tracing import Tracer
from bridge.runtime.clock import Clock

_FAILED = frozenset({Outcome.DEAD, Outcome.INTERRUPTED, Outcome.REFUSED, Outcome.UNDELIVERABLE})


@contextmanager
def traced_turn(tracer: Tracer, clock: Clock, entry: InboxItem) -> Iterator[Callable[[Settlement], None]]:
    """Time a turn inside a block. Call what it yields when the turn is settled."""
    queued, attempt = entry.queued, entry.record.attempts
    asked_at = queued.origin.asked_at
    with tracer.turn(queued.id, attempt, asked_at) as span:
        if tracer.is_on:
            span.set({**_facts(queued), "attempt": attempt})
            tracer.past("queue wait", asked_at, clock.now())

        def settled(settlement: Settlement) -> None:
            if not tracer.is_on:
                return
            tokens = {f"tokens.{name}": count for name, count in settlement.usage.items()}
            outcome = settlement.outcome
            span.set({"outcome": outcome.value, "conversation": settlement.conversation_id, **tokens})
            if outcome in _FAILED:
                span.fail(outcome.value)
            for name, after_s in (("first text", settlement.first_text_s), ("final text", settlement.whole_text_s)):
                if after_s is not None:
                    tracer.past(name, asked_at, asked_at + after_s)

        yield settled


def _facts(queued: Queued) -> Mapping[str, str]:
    thread = queued.thread
    return {
        "reference": reference_of(queued.id),
        "question": queued.id,
        "channel": thread.channel,
        "account": thread.account,
        "place": thread.place,
        "thread": thread.thread,
        "person": queued.person.id,
    }


class TracedAgent:
    """The `Agent` port around another agent: each call is a step of a trace."""

    def __init__(self, agent: Agent, tracer: Tracer) -> None:
        self._agent = agent
        self._tracer = tracer

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        """As `Agent.open`."""
        with self._tracer.step("open") as span:
            opened = await self._agent.open(user_identifier, metadata, agent_id)
            span.set({"conversation": opened.conversation.id, "model": opened.model})
            return opened

    def ask(self, conversation: Conversation, text: str) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """As `Agent.ask`."""
        return self._ask(conversation, text)

    @asynccontextmanager
    async def _ask(self, conversation: Conversation, text: str) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        with self._tracer.step("stream") as span:
            counts = {"events": 0, "characters": 0}
            span.set({"conversation": conversation.id})
            try:
                async with self._agent.ask(conversation, text) as events:
                    yield _counted(events, counts)
            finally:
                span.set(counts)

    async def history(self, conversation: Conversation, offset: int = 0) -> Sequence[HistoryMessage]:
        """As `Agent.history`."""
        with self._tracer.step("history") as span:
            span.set({"conversation": conversation.id})
            return await self._agent.history(conversation, offset)

    async def end(self, conversation: Conversation) -> None:
        """As `Agent.end`."""
        with self._tracer.step("end") as span:
            span.set({"conversation": conversation.id})
            await self._agent.end(conversation)


async def _counted(events: AsyncIterator[StreamEvent], counts: dict[str, int]) -> AsyncIterator[StreamEvent]:
    async for event in events:
        counts["events"] += 1
        if isinstance(event, TextDelta):
            counts["characters"] += len(event.text)
        yield event
