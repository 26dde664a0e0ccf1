"""An agent that keeps an honest book of what reached it, and fails as it is told."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from bridge.conversation.sessions.session_manager import OPENING
from bridge.domain.errors import AgentOutOfCredits, AgentRateLimited, AgentUnavailable, ConversationLost, StreamBroken
from bridge.domain.limits.rate_limits import RateLimit
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, StreamStarted, TextDelta
from tests.property.bridge_host import KEYS, Host, Store
from tests.property.bridge_time import nobodys

OPEN_S = 0.3


class Fault(Enum):
    """How one call goes wrong."""

    UNAVAILABLE = "unavailable"
    LIMITED = "limited"
    ANSWER_LOST = "answer_lost"
    """It had its effect."""
    REQUEST_LOST = "request_lost"
    """It had none, and the bridge cannot know."""
    NO_CREDITS = "no_credits"


class Ending(Enum):
    """How an answer comes out."""

    WHOLE = "whole"
    CLOSES = "closes"
    """The agent closes the session with it."""
    CUT = "cut"
    """The reader loses the stream; the agent finishes."""
    CUT_AND_NONE = "cut_and_none"
    """The reader loses the stream; the agent never finishes."""
    ERROR = "error"
    ERROR_BUT_KEPT = "error_but_kept"
    NEVER_ARRIVES = "never_arrives"
    ARRIVES_LATE = "arrives_late"


@dataclass(frozen=True)
class Plan:
    """How the agent answers the next question."""

    words: int = 12
    pause_s: float = 0.4
    cut_at: int = 1
    ending: Ending = Ending.WHOLE


@dataclass(eq=False)
class Answer:
    """What the agent writes for one question that reached it."""

    question_id: str
    text: str
    events: list[StreamEvent] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Talk:
    """One conversation at the agent."""

    id: str
    thread: str
    opener: Host = field(repr=False)
    opened_at: float
    history: list[HistoryMessage]
    opening: str
    """The id under which the bridge noted that it opens it."""
    is_open: bool = True
    is_known: bool = True
    answer_lost: bool = False
    grew_old_at: float = float("inf")
    """From then on its token is about to run out."""
    end_failed: bool = False
    """A try to end it did not reach the agent."""


class AgentBook:
    """TalkifAI's side, shared by all workers."""

    def __init__(self, store: Store, problems: list[str]) -> None:
        self._store = store
        self._problems = problems
        self.talks: dict[str, Talk] = {}
        self.answers: dict[str, Answer] = {}
        self.plans: list[Plan] = []
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.text_of: Callable[[str], str] = lambda question_id: question_id
        self.accepted_at: dict[str, float] = {}
        self.asked_again: dict[str, int] = {}
        self._made = 0

    def heal(self) -> None:
        self.faults.clear()
        self.plans.clear()

    def fail(self, operation: str) -> Fault | None:
        """Take the next fault of an operation; raise where it surely keeps the call from having an effect."""
        fault = self.faults[operation].pop(0) if self.faults[operation] else None
        match fault:
            case Fault.UNAVAILABLE | Fault.REQUEST_LOST:
                raise AgentUnavailable(operation)
            case Fault.LIMITED:
                raise AgentRateLimited(4.0)
            case Fault.NO_CREDITS:
                raise AgentOutOfCredits("credits")
            case _:
                return fault

    async def asked_now(self, talk: Talk) -> str:
        """Return the id of the question at the head of the thread: whose text can only be the one that is sent."""
        head: bytes | None = await self._store.look("LINDEX", f"{KEYS.prefix}:inbox:{talk.thread}", 0)
        return (head or b"").decode()

    async def asked_again_now(self, talk: Talk) -> int:
        """Return how often the bridge asked the question at the head again because a stop of its own cut the answer."""
        turn = f"{KEYS.prefix}:turn:{talk.thread}"
        times: bytes | None = await self._store.look("HGET", turn, "asked_again")
        return int(times or 0)

    def arrive(self, talk: Talk, question_id: str, text: str, plan: Plan, *, again: int = 0) -> Answer:
        """Take a question in and begin to write; the writing goes on whatever becomes of its reader."""
        before = self.answers.get(question_id)
        if before is not None and again <= self.asked_again.get(question_id, 0):
            self._problems.append(f"asked twice: {question_id}")
        self.asked_again[question_id] = again
        if self.text_of(question_id) != text:
            self._problems.append(f"asked {text!r} instead of {question_id}")
        if self.accepted_at.get(question_id, 0.0) > talk.grew_old_at:
            self._problems.append(f"asked {question_id} in a conversation that is too old")
        self._made += 1
        words = " ".join(f"a{self._made}w{number}" for number in range(plan.words))
        # Asked the same again, this agent says the same again: what people see never has to go back.
        answer = Answer(question_id, before.text if before else words)
        self.answers[question_id] = answer
        talk.history.append(HistoryMessage("user", text))
        with nobodys():
            asyncio.get_running_loop().create_task(self._write(talk, answer, plan))
        return answer

    async def _write(self, talk: Talk, answer: Answer, plan: Plan) -> None:
        def tell(event: StreamEvent) -> None:
            answer.events.append(event)
            answer.more.set()

        tell(StreamStarted("Agent"))
        step = random.Random(self._made).randint(7, 40)  # noqa: S311 - repeatable
        pieces = [answer.text[at : at + step] for at in range(0, len(answer.text), step)]
        for number, piece in enumerate(pieces):
            await asyncio.sleep(plan.pause_s)
            if plan.ending is Ending.CUT_AND_NONE and number == plan.cut_at:
                return
            if plan.ending in {Ending.ERROR, Ending.ERROR_BUT_KEPT} and number == plan.cut_at:
                if plan.ending is Ending.ERROR_BUT_KEPT:
                    talk.history.append(HistoryMessage("assistant", answer.text))
                tell(StreamFailed("it failed"))
                return
            tell(TextDelta(piece))
        talk.history.append(HistoryMessage("assistant", answer.text))
        tell(StreamEnded({"total_tokens": 1}, end_session=plan.ending is Ending.CLOSES))


class _Events:
    """A reader's view of an answer.

    No generator: what is left of one is closed when the memory is tidied up, at another time in each run.
    """

    def __init__(self, answer: Answer, plan: Plan, host: Host) -> None:
        self._answer = answer
        self._plan = plan
        self._host = host
        self._read = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        events = self._answer.events
        if self._plan.ending in {Ending.CUT, Ending.CUT_AND_NONE} and self._read > self._plan.cut_at:
            raise StreamBroken("cut")
        if self._read and isinstance(events[self._read - 1], StreamEnded | StreamFailed):
            raise StopAsyncIteration
        while self._read >= len(events):
            self._answer.more.clear()
            await self._answer.more.wait()
        await self._host.step()
        self._read += 1
        return events[self._read - 1]


class HostAgent:
    """The `MeteredAgent` port of one worker."""

    rate_limit: RateLimit | None = None

    def __init__(self, book: AgentBook, host: Host) -> None:
        self._book = book
        self._host = host

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        del user_identifier, agent_id
        await self._host.step()
        fault = self._book.fail("open")
        identity = f"chat_{len(self._book.talks) + 1}"
        greeting = f"Welcome to {identity}"
        now = asyncio.get_running_loop().time()
        talk = Talk(
            identity, metadata["thread"], self._host, now, [HistoryMessage("assistant", greeting)], metadata[OPENING]
        )
        self._book.talks[identity] = talk
        await asyncio.sleep(OPEN_S)
        if fault is Fault.ANSWER_LOST:
            talk.answer_lost = True
            raise AgentUnavailable("open")
        await self._host.step()
        return OpenedConversation(Conversation(identity, "jwt"), "Agent", greeting)

    @asynccontextmanager
    async def ask(self, conversation: Conversation, text: str) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        self._host.live_step()
        self._book.fail("ask")
        talk = self._talk(conversation)
        plan = self._book.plans.pop(0) if self._book.plans else Plan()
        # Sent is sent: what becomes of the worker from here on holds the question up no more.
        question_id = await self._book.asked_now(talk)
        again = await self._book.asked_again_now(talk)
        if plan.ending is Ending.NEVER_ARRIVES:
            await asyncio.sleep(1.0)
            raise StreamBroken("lost on its way")
        if plan.ending is Ending.ARRIVES_LATE:
            with nobodys():
                asyncio.get_running_loop().create_task(self._arrive_late(talk, question_id, text, plan, again=again))
            raise StreamBroken("timed out")
        answer = self._book.arrive(talk, question_id, text, plan, again=again)
        await asyncio.sleep(0.1)
        await self._host.step()
        yield _Events(answer, plan, self._host)

    async def _arrive_late(self, talk: Talk, question_id: str, text: str, plan: Plan, *, again: int) -> None:
        await asyncio.sleep(5.0)
        self._book.arrive(talk, question_id, text, plan, again=again)

    async def history(self, conversation: Conversation, offset: int = 0) -> Sequence[HistoryMessage]:
        await self._host.step()
        self._book.fail("history")
        messages = self._talk(conversation).history[offset:]
        await asyncio.sleep(0.1)
        await self._host.step()
        return messages

    async def end(self, conversation: Conversation) -> None:
        await self._host.step()
        talk = self._book.talks[conversation.id]
        talk.end_failed, failed_before = True, talk.end_failed
        fault = self._book.fail("end")
        talk.is_open, talk.end_failed = False, failed_before
        await asyncio.sleep(0.1)
        if fault is Fault.ANSWER_LOST:
            raise AgentUnavailable("end")
        await self._host.step()

    def _talk(self, conversation: Conversation) -> Talk:
        talk = self._book.talks[conversation.id]
        if not (talk.is_open and talk.is_known):
            raise ConversationLost(conversation.id)
        return talk
