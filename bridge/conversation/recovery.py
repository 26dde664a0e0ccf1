"""Find out from TalkifAI's history what became of a question whose stream broke or whose worker died.

Only the bridge writes into a conversation, so any question at or after the point that was known before the
request is the one that was sent: TalkifAI may keep it in slightly other words. What follows it is the answer, in one
message or, where tools or other agents were at work, in several.

TalkifAI does not document whether it goes on writing when its reader hangs up. It may write on, keep the part that it
had written, or keep nothing but the question. So if the bridge itself cut an answer, by a stop, the length tells the
whole answer from a part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bridge.domain.errors import AgentRateLimited, AgentUnavailable, ConversationLost
from bridge.domain.sessions import Conversation, HistoryMessage, Session
from bridge.ports.agent import Agent
from bridge.runtime.clock import Clock

_WRITTEN_AHEAD = 64
"""Characters that TalkifAI may have written beyond those that had come, before it noticed that its reader was gone."""


class Found(Enum):
    """What the history tells."""

    ANSWER = "answer"
    PART = "part"
    """The answer was broken off there too: this is what there is of it."""
    NEVER_ARRIVED = "never_arrived"
    NO_ANSWER = "no_answer"
    """The question arrived, or may have, and no answer came within the time."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A question that was sent, and what is known of it."""

    text: str
    """As it was sent."""
    history_count: int
    """Messages that the history held before."""
    surely_arrived: bool = False
    """True when part of the answer has already been seen."""
    streamed: int | None = None
    """How many characters of the answer had come; None where that is not known."""
    was_cut: bool = False
    """The bridge itself hung up on the answer, to stop."""
    may_have_parts: bool = True
    """False where the answer surely is one message."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The result of looking a question up."""

    found: Found
    answer: str = ""
    history_count: int | None = None
    """How many messages the history holds now; None where it could not be read."""


@dataclass(frozen=True, slots=True)
class RecoveryLimits:
    """How patiently the history is asked."""

    answer_wait_s: float = 120.0
    """How long an answer may still be in the making."""
    cut_wait_s: float = 15.0
    """How long an answer that the bridge cut may show nothing new."""
    arrival_wait_s: float = 8.0
    """How long a question may take to show in the history before it counts as never arrived."""
    parts_wait_s: float = 3.0
    """How long an answer of possibly several parts must stay unchanged to count as whole."""
    first_pause_s: float = 0.5
    most_pause_s: float = 4.0


async def reconcile(
    agent: Agent, clock: Clock, conversation: Conversation, sought: Sought, limits: RecoveryLimits
) -> Reconciled:
    """Look for the question in the history, and for the answer that follows it; return when it is clear."""
    search = _Search(sought, limits, began=clock.monotonic())
    pause_s = limits.first_pause_s
    while True:
        # The history holds for the time at which it was asked for: its answer may take long, or this worker may sleep,
        # and the question may arrive meanwhile.
        asked_at = clock.monotonic()
        try:
            found = search.look_at(await agent.history(conversation, sought.history_count), asked_at)
        except ConversationLost:
            return Reconciled(Found.NO_ANSWER)
        except AgentRateLimited as error:
            pause_s = max(pause_s, error.retry_after_s)
        except AgentUnavailable:
            pause_s = min(pause_s * 2, limits.most_pause_s)
        else:
            if found is not None:
                return found
        left_s = search.waits_until - clock.monotonic()
        if left_s <= 0:
            return search.given_up()
        await clock.sleep(min(search.settles_in_s or pause_s, left_s))
        pause_s = min(pause_s * 1.5, limits.most_pause_s)


class _Search:
    """Collects what several looks at the history show."""

    def __init__(self, sought: Sought, limits: RecoveryLimits, *, began: float) -> None:
        self._sought = sought
        self._limits = limits
        self._began = began
        self._arrived = sought.surely_arrived
        self._parts: tuple[str, ...] = ()
        self._changed_at = began
        self._count: int | None = None
        self.settles_in_s = 0.0
        """How much longer the answer must stay unchanged to count as whole; 0 if that is not what the search awaits."""

    @property
    def waits_until(self) -> float:
        """When to give up."""
        whole = self._began + self._limits.answer_wait_s
        if not self._sought.was_cut or self._count is None:
            return whole
        return min(whole, self._changed_at + self._limits.cut_wait_s)

    def look_at(self, messages: Sequence[HistoryMessage], at: float) -> Reconciled | None:
        """Take in the messages after those that were there before; return what is clear now."""
        self._count = self._sought.history_count + len(messages)
        position = _position(messages, self._sought.text)
        if position is None:
            if self._arrived or at - self._began < self._limits.arrival_wait_s:
                return None
            return Reconciled(Found.NEVER_ARRIVED, history_count=self._count)
        self._arrived = True
        parts = tuple(message.content for message in messages[position + 1 :] if message.role == "assistant")
        if parts != self._parts:
            self._parts, self._changed_at = parts, at
        self.settles_in_s = self._left_to_settle_s(at) if parts and not self._is_cut else 0.0
        if not parts or self._is_cut or self.settles_in_s:
            return None
        found = Found.PART if self._is_broken_off else Found.ANSWER
        return Reconciled(found, joined(parts), self._count)

    def given_up(self) -> Reconciled:
        """Return what was found by the time of giving up."""
        found = Found.PART if self._parts else Found.NO_ANSWER
        return Reconciled(found, joined(self._parts), self._count)

    def _left_to_settle_s(self, at: float) -> float:
        is_one = not self._sought.may_have_parts and not self._is_broken_off
        return 0.0 if is_one else max(0.0, self._changed_at + self._limits.parts_wait_s - at)

    @property
    def _is_no_longer(self) -> bool:
        """True if the history holds no more than had come, or than may have been on its way."""
        streamed = self._sought.streamed
        return streamed is not None and len(joined(self._parts)) <= streamed + _WRITTEN_AHEAD

    @property
    def _is_cut(self) -> bool:
        return self._sought.was_cut and self._is_no_longer

    @property
    def _is_broken_off(self) -> bool:
        """True if the stream broke, the history holds no more, and the text stops in the middle of a word."""
        return self._is_no_longer and joined(self._parts)[-1:].isalnum()


def joined(parts: Sequence[str]) -> str:
    """Put the messages of one answer together, as paragraphs where no white space divides them."""
    text = ""
    for part in parts:
        divided = not text or not part or text[-1].isspace() or part[0].isspace()
        text += part if divided else f"\n\n{part}"
    return text


def _position(messages: Sequence[HistoryMessage], text: str) -> int | None:
    """Return the place of the last equal question, else of the last question."""
    wanted = _as_kept(text)
    questions = [place for place, message in enumerate(messages) if message.role == "user"]
    equal = [place for place in questions if _as_kept(messages[place].content) == wanted]
    return max(equal or questions, default=None)


def _as_kept(text: str) -> str:
    """Leave out what may change on the way to the history: white space at the ends, halves of surrogate pairs."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip()


async def holds_no_question(agent: Agent, session: Session, count: int) -> bool:
    """Say whether no question has reached the conversation. Those that never arrived count among its turns."""
    if session.turns == 0 or count == 0:
        return True
    # One message may be the greeting, or a question that got no answer.
    return count == 1 and all(one.role != "user" for one in await agent.history(session.conversation))


async def history_now(agent: Agent, session: Session, offset: int) -> Sequence[HistoryMessage]:
    """Return the messages from `offset` on; none where they cannot be had."""
    try:
        return await agent.history(session.conversation, offset)
    except (ConversationLost, AgentUnavailable, AgentRateLimited):
        return ()
