"""The core around fakes, on a real store: what the tests of turns share."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from adapters.redis_store.stores import RedisStores
from bridge.access.routes import RouteTable
from bridge.conversation.carry_over import CarryOver
from bridge.conversation.channels import Channels
from bridge.conversation.files.reader import FileReader
from bridge.conversation.question_sender import QuestionSender
from bridge.conversation.recovery import RecoveryLimits
from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.conversation.sessions.compaction import COMPACT_FROM, Compaction
from bridge.conversation.sessions.muted_places import MutedPlaces
from bridge.conversation.sessions.session_manager import SessionManager
from bridge.conversation.turn_runner import TurnRunner
from bridge.domain.exchanges import CarryOverLimits
from bridge.domain.files import NO_FILES, FileRules
from bridge.domain.incoming import IntakeResult, Queued
from bridge.domain.limits.allowances import Allowances
from bridge.domain.stream_events import StreamEnded, StreamEvent, TextDelta
from bridge.domain.take_overs import TakeOverOptions
from bridge.domain.turns import Lease, Settlement
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.runtime.clock import SystemClock
from bridge.runtime.operator_alerts import OperatorAlerts
from tests.fakes import CapableChannel, FakeAgent, FakeChannel, Script

ANSWER = "The answer to this is forty-two, as everybody knows."


def says(*parts: str, end: bool = True, end_session: bool = False) -> Script:
    async def script(text: str) -> AsyncIterator[StreamEvent]:
        del text
        for part in parts:
            yield TextDelta(part)
        if end:
            yield StreamEnded({"total_tokens": 7}, end_session=end_session)

    return script


async def echo(text: str) -> AsyncIterator[StreamEvent]:
    yield TextDelta(f"Answer to {text}")
    yield StreamEnded()


Fake = TypeVar("Fake", bound=FakeChannel)


@dataclass
class Stage(Generic[Fake]):
    """The core around fakes, on a real store."""

    stores: RedisStores
    agent: FakeAgent
    channel: Fake
    turns: TurnRunner
    routes: RouteTable

    async def put(self, asked: Queued) -> Lease:
        assert await self.stores.inbox.append(asked) is IntakeResult.ACCEPTED
        lease = await self.stores.queue.claim()
        assert lease is not None
        return lease

    async def take(self, lease: Lease) -> Settlement:
        entry = await self.stores.queue.begin(lease)
        assert entry is not None
        return await self.turns.run(lease, entry, free)

    async def answer(self, asked: Queued) -> Settlement:
        lease = await self.put(asked)
        settlement = await self.take(lease)
        assert not await self.stores.queue.settle(lease, settlement)
        return settlement

    @property
    def notices(self) -> list[str]:
        return [view.notice for view in self.channel.standing.values() if view.notice]


async def free(*, shows: bool = False) -> None:
    del shows


def stage(
    stores: RedisStores, script: Script, *, greeting: str = "", carry_over: CarryOverLimits | None = None
) -> Stage[CapableChannel]:
    channel = CapableChannel(latency_s=0.0, page_size=5000)
    return stage_on(channel, stores, script, greeting=greeting, carry_over=carry_over)


def stage_on(
    channel: Fake,
    stores: RedisStores,
    script: Script,
    *,
    greeting: str = "",
    carry_over: CarryOverLimits | None = None,
    files: FileRules = NO_FILES,
    compacts_from: int = COMPACT_FROM,
    human: TakeOverOptions | None = None,
) -> Stage[Fake]:
    clock = SystemClock()
    agent = FakeAgent(script, greeting=greeting)
    muted = MutedPlaces(stores.records)
    keeper = AllowanceKeeper(stores.allowances, clock, Allowances(), OperatorAlerts(clock))
    sessions = SessionManager(
        agent,
        stores.sessions,
        clock,
        idle_timeout_s=60.0,
        muted=muted,
        take_overs=stores.take_overs,
        allowances=keeper,
    )
    alarms = OperatorAlerts(clock)
    carried = CarryOver(stores.exchanges, clock, carry_over or CarryOverLimits(), FileReader(files, alarms))
    asker = QuestionSender(
        agent=agent,
        queue=stores.queue,
        sessions=sessions,
        clock=clock,
        carry_over=carried,
        compaction=Compaction(
            *(agent, stores.exchanges, clock, keeper),
            is_on=(carry_over or CarryOverLimits()).compacts,
            begins_at=compacts_from,
        ),
        human_tools=frozenset({"ask_a_person"}),
        recovery=RecoveryLimits(answer_wait_s=0.3, arrival_wait_s=0.1, first_pause_s=0.02, most_pause_s=0.05),
    )
    routes = RouteTable()
    turns = TurnRunner(
        asker=asker,
        queue=stores.queue,
        sessions=sessions,
        channels=Channels([channel]),
        pacing=ChannelLimiter(clock),
        clock=clock,
        alarms=alarms,
        muted=muted,
        carry_over=carried,
        marks=stores.records,
        allowances=keeper,
        routes=routes,
        human=human or TakeOverOptions(button=True),
        file_from=files.from_pages,
    )
    return Stage(stores, agent, channel, turns, routes)
