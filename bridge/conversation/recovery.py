"""Find out from TalkifAI's history what became of a question whose stream broke or whose worker died."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bridge.domain.errors import AgentRateLimited, AgentUnavailable, ConversationLost
from bridge.domain.sessions import Conversation, HistoryMessage
from bridge.ports.agent import Agent
from bridge.runtime.clock import Clock


class Found(Enum):
    """What the history tells."""

    ANSWER = "answer"
    NEVER_ARRIVED = "never_arrived"
    NO_ANSWER = "no_answer"
    """The question arrived, or may have, and no answer came within the time."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The result of looking a question up."""

    found: Found
    answer: str = ""
    history_count: int | None = None
    """How many messages the history holds up to the answer."""


@dataclass(frozen=True, slots=True)
class RecoveryLimits:
    """How patiently the history is asked."""

    answer_wait_s: float = 120.0
    """How long an answer may still be in the making."""
    arrival_wait_s: float = 8.0
    """How long a question may take to show in the history before it counts as never arrived."""
    first_pause_s: float = 0.5
    most_pause_s: float = 4.0


async def reconcile(
    agent: Agent,
    clock: Clock,
    conversation: Conversation,
    text: str,
    *,
    history_count: int,
    surely_arrived: bool,
    limits: RecoveryLimits,
) -> Reconciled:
    """Look for `text` after the first `history_count` messages, and for the answer that follows it.

    Args:
        agent: TalkifAI.
        clock: Time.
        conversation: Where the question was sent.
        text: The question.
        history_count: Messages that the history held before; tells equal questions in a row apart.
        surely_arrived: True when part of the answer has already been seen.
        limits: How long to wait.
    """
    began = clock.monotonic()
    pause_s = limits.first_pause_s
    seen = surely_arrived
    while True:
        # What the history says is true of the time at which it was asked for: the answer may be long on its way,
        # or this worker asleep meanwhile, while the question arrives.
        asked_at = clock.monotonic()
        try:
            messages = await agent.history(conversation, history_count)
        except ConversationLost:
            return Reconciled(Found.NO_ANSWER)
        except AgentRateLimited as error:
            pause_s = max(pause_s, error.retry_after_s)
        except AgentUnavailable:
            pause_s = min(pause_s * 2, limits.most_pause_s)
        else:
            position = _position(messages, text)
            if position is not None:
                seen = True
                if position + 1 < len(messages) and messages[position + 1].role == "assistant":
                    count = history_count + position + 2
                    return Reconciled(Found.ANSWER, messages[position + 1].content, count)
            elif not seen and asked_at - began >= limits.arrival_wait_s:
                return Reconciled(Found.NEVER_ARRIVED, history_count=history_count + len(messages))
        if clock.monotonic() - began >= limits.answer_wait_s:
            return Reconciled(Found.NO_ANSWER)
        left_s = limits.answer_wait_s - (clock.monotonic() - began)
        await clock.sleep(min(pause_s, max(left_s, 0.0)))
        pause_s = min(pause_s * 1.5, limits.most_pause_s)


def _position(messages: Sequence[HistoryMessage], text: str) -> int | None:
    wanted = _as_kept(text)
    for position, message in enumerate(messages):
        if message.role == "user" and _as_kept(message.content) == wanted:
            return position
    return None


def _as_kept(text: str) -> str:
    """Leave out what may change on the way to the history: white space at the ends, halves of surrogate pairs."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip()
