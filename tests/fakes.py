"""Small in-memory implementations of ports, for tests of the core's own logic."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.domain.errors import BridgeError, StreamBroken
from bridge.domain.incoming import Command, CommandName, Origin, Question, Queued
from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.notices import SLASHES, CommandStyle
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import StreamEvent
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import Outcome, PromptContext, Settlement

THREAD = ThreadKey("fake", "A1", "P1", "T1")


ADA = Person("U1", "Ada")


def origin(*, number: int = 1, thread: ThreadKey = THREAD, person: Person = ADA, addressed: bool = True) -> Origin:
    identity = f"{thread}/{number}"
    return Origin(
        id=identity,
        dedupe_keys=(identity,),
        thread=thread,
        address=Address(thread.account, thread.place, thread.thread),
        person=person,
        asked_at=1_700_000_000.0,
        addressed=addressed,
    )


def question(
    text: str = "What is new?",
    *,
    number: int = 1,
    thread: ThreadKey = THREAD,
    person: Person = ADA,
    addressed: bool = True,
) -> Question:
    return Question(origin(number=number, thread=thread, person=person, addressed=addressed), text)


def command(name: CommandName, *, number: int = 1, person: Person = ADA, about: str = "") -> Command:
    return Command(origin(number=number, person=person), name, about)


@dataclass
class Call:
    at: float
    name: str
    message_id: str
    view: PageView


@dataclass
class FakeChannel:
    """The channel port and no capability, on the loop's time. Its next calls can be made to fail."""

    name: str = "fake"
    account: str | None = None
    page_size: int = 1000
    latency_s: float = 0.05
    pacing: ChannelLimits = field(default_factory=lambda: ChannelLimits(1.0, (), (Budget("fake:edits", 50, 60.0),)))
    calls: list[Call] = field(default_factory=list)
    failures: list[BridgeError | None] = field(default_factory=list)
    lands_before_failure: bool = False
    standing: dict[str, PageView] = field(default_factory=dict)
    _posted: int = 0

    def fits(self, text: str) -> bool:
        return len(text) <= self.page_size

    def looks_same(self, one: PageView, other: PageView) -> bool:
        return one == other

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        del address, streaming
        return self.pacing

    async def post(self, address: Address, view: PageView) -> str:
        del address
        self._posted += 1
        message_id = f"m{self._posted}"
        await self._call("post", message_id, view)
        return message_id

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        del address
        await self._call("edit", message_id, view)

    async def _call(self, name: str, message_id: str, view: PageView) -> None:
        self.calls.append(Call(asyncio.get_running_loop().time(), name, message_id, view))
        await asyncio.sleep(self.latency_s)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            if self.lands_before_failure:
                self.standing[message_id] = view
            raise failure
        self.standing[message_id] = view

    @property
    def text(self) -> str:
        return "".join(view.text for view in self.standing.values())


@dataclass
class CapableChannel(FakeChannel):
    """A channel with every capability, each of which a test can set."""

    streaming: Streaming = Streaming.EDIT
    takes_drafts: bool = False
    drafts: list[Call] = field(default_factory=list)
    draft_failures: list[BridgeError] = field(default_factory=list)
    activity: int = 0
    controls: frozenset[Button] = frozenset()
    only_opener_controls: bool = False
    command_style: CommandStyle = SLASHES
    agent_id: str = ""
    admitting: bool = True
    admission_errors: list[BridgeError] = field(default_factory=list)
    settled_questions: list[tuple[str, Outcome]] = field(default_factory=list)
    ended_threads: list[ThreadKey] = field(default_factory=list)
    suspended_threads: list[ThreadKey] = field(default_factory=list)

    async def draft(self, address: Address, view: PageView) -> bool:
        del address
        self.drafts.append(Call(asyncio.get_running_loop().time(), "draft", "", view))
        await asyncio.sleep(self.latency_s)
        if self.draft_failures:
            raise self.draft_failures.pop(0)
        return self.takes_drafts

    async def find_post(self, address: Address, view: PageView) -> str | None:
        del address
        same = (shown for shown in self.standing.items() if shown[1].number == view.number)
        return next((message_id for message_id, _ in same), None)

    async def show_activity(self, address: Address, language: str = "") -> None:
        del address, language
        self.activity += 1

    async def user_identifier(self, queued: Queued) -> str:
        return f"{queued.person.name}@example.com"

    async def admits(self, queued: Queued) -> bool:
        del queued
        if self.admission_errors:
            raise self.admission_errors.pop(0)
        return self.admitting

    async def wording(self, question: Question, circumstances: PromptContext) -> str:
        del circumstances
        return question.text

    async def settled(self, queued: Queued, settlement: Settlement) -> None:
        self.settled_questions.append((queued.id, settlement.outcome))

    async def ended(self, thread: ThreadKey) -> None:
        self.ended_threads.append(thread)

    async def suspended(self, thread: ThreadKey) -> None:
        self.suspended_threads.append(thread)


Script = Callable[[str], AsyncIterator[StreamEvent]]


class FakeAgent:
    """An agent that answers by a script and keeps a history."""

    def __init__(self, script: Script, *, greeting: str = "") -> None:
        self.script = script
        self.greeting = greeting
        self.histories: dict[str, list[HistoryMessage]] = {}
        self.ended: list[str] = []
        self.opened_agents: list[str] = []
        """Which agent each conversation was opened with; empty for the one of the settings."""
        self.opened_metadata: list[Mapping[str, str]] = []
        self.sent: list[tuple[str, str]] = []
        self.open_errors: list[BridgeError] = []
        self.ask_errors: list[BridgeError] = []
        self.end_errors: list[BridgeError] = []
        self.history_errors: list[BridgeError] = []

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        del user_identifier
        self.opened_agents.append(agent_id)
        self.opened_metadata.append(metadata)
        if self.open_errors:
            raise self.open_errors.pop(0)
        identity = f"chat_{len(self.histories) + 1}"
        self.histories[identity] = [HistoryMessage("assistant", self.greeting)] if self.greeting else []
        return OpenedConversation(Conversation(identity, "jwt"), "Fake Agent", self.greeting)

    @asynccontextmanager
    async def ask(self, conversation: Conversation, text: str) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        if self.ask_errors:
            raise self.ask_errors.pop(0)
        self.sent.append((conversation.id, text))
        yield self._events(text)

    async def _events(self, text: str) -> AsyncIterator[StreamEvent]:
        async for event in self.script(text):
            yield event
        # A script that ends without an end event stands for a cut connection.
        raise StreamBroken("cut")

    async def history(self, conversation: Conversation, offset: int = 0) -> Sequence[HistoryMessage]:
        if self.history_errors:
            raise self.history_errors.pop(0)
        return self.histories[conversation.id][offset:]

    async def end(self, conversation: Conversation) -> None:
        if self.end_errors:
            raise self.end_errors.pop(0)
        self.ended.append(conversation.id)


@dataclass
class FakeMarks:
    """`KeyValueStore` in memory; what was used stays so."""

    used: set[tuple[str, str]] = field(default_factory=set)
    written: dict[tuple[str, str], str] = field(default_factory=dict)

    async def read(self, group: str, name: str) -> str | None:
        return self.written.get((group, name))

    async def read_all(self, group: str) -> Mapping[str, str]:
        return {name: text for (of, name), text in self.written.items() if of == group}

    async def write(self, group: str, name: str, text: str) -> None:
        self.written[group, name] = text

    async def remove(self, group: str, name: str) -> None:
        self.written.pop((group, name), None)

    async def use(self, group: str, name: str, kept_s: float) -> bool:
        del kept_s
        is_new = (group, name) not in self.used
        self.used.add((group, name))
        return is_new

    async def is_any_used(self, group: str, names: Sequence[str]) -> bool:
        return any((group, name) in self.used for name in names)
