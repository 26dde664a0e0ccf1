"""A stream breaks or falls silent: the real client and the real core, against the stand-in over real sockets."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from adapters.redis_store import RedisStores
from adapters.scheduler import every
from adapters.talkifai.client import TalkifaiAgent
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.incoming import Origin, Question
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.pages import PageView
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.ports.channel import Accept
from bridge.runtime.clock import SystemClock
from bridge.worker.dependencies import Dependencies
from bridge.worker.dispatcher import DispatchLimits
from bridge.worker.worker import Worker
from sandbox.faults import Fault, Gate
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.player import whole_body
from sandbox.talkifai.script import Answer, Hold, Say, Tool
from sandbox.talkifai.server import TalkifaiStandIn
from tests.fakes import FakeChannel
from tests.fault.proxy import Proxy
from tests.fault.steps import BEGIN, REST

_TEXT = "Grüße! 👋 The answer, with words enough to be shown early, ends here."
_ANSWER = Answer.of(Say(_TEXT[:40], chunk=16), Tool("search", 0.0), Say(_TEXT[40:], chunk=16))


class Wall(FakeChannel):
    """A channel that shows at once, and receives what it is given at the start."""

    receives_alone = ""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__(name="wall", pacing=ChannelLimits(0.0, (), ()))
        self.questions = questions
        self.shown: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.changed = asyncio.Event()

    async def post(self, address: Address, view: PageView) -> str:
        message_id = str(len(self.shown[address.place]))
        await self.edit(address, message_id, view)
        return message_id

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        self.shown[address.place][message_id] = view.text + view.notice
        self.changed.set()

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        for question in self.questions:
            await accept(question)
        connected("The wall listens")
        await asyncio.Event().wait()

    async def until(self, true: Callable[[], bool], timeout_s: float = 60.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not true():
                self.changed.clear()
                await self.changed.wait()


def _question(name: str) -> Question:
    thread = ThreadKey("wall", "A", name)
    origin = Origin(
        id=name,
        dedupe_keys=(name,),
        thread=thread,
        address=Address("A", name),
        person=Person(f"asks {name}"),  # one person would meet the limits of one
        asked_at=1.0,
    )
    return Question(origin, name)


@asynccontextmanager
async def _running(stores: RedisStores, url: str, wall: Wall, limits: TalkifaiLimits) -> AsyncIterator[None]:
    """Run a worker with this channel, against TalkifAI at `url`."""
    stop = asyncio.Event()
    agent = TalkifaiAgent(base_url=url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY, limits=limits)
    async with agent:
        outside = Dependencies(agent=agent, stores=stores, channels=[wall], clock=SystemClock(), every=every)
        worker = Worker(outside, idle_timeout_s=600.0, limits=DispatchLimits(max_turns=600, drain_s=1.0))
        running = asyncio.ensure_future(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running


async def test_a_stream_cut_at_any_byte_ends_in_the_complete_answer(stores: RedisStores) -> None:
    """S1: cut at every offset of a recorded stream; the answer comes from the history, nothing is asked twice."""
    async with TalkifaiStandIn() as talkifai:
        talkifai.respond_with(_ANSWER)
        size = len(whole_body(_ANSWER, "Support Agent"))
        questions = [_question(f"cut at {offset}") for offset in range(size)]
        for offset, question in enumerate(questions):
            talkifai.faults.arm(Fault("ask", where={"message": question.text}, cut_at_byte=offset))
        wall = Wall(questions)
        async with _running(stores, talkifai.base_url, wall, TalkifaiLimits()):
            await wall.until(lambda: sum(texts == {"0": _TEXT} for texts in wall.shown.values()) == size)

        assert size > 400
        assert {place: texts for place, texts in wall.shown.items() if texts != {"0": _TEXT}} == {}
        assert all(len(record.posted) == 1 for record in talkifai.book.records)
        assert talkifai.book.opened == size


async def test_a_silent_half_open_stream_is_given_up_for_the_history(stores: RedisStores) -> None:
    """S3: the connection stands and says nothing more; after the progress limit the answer is looked up."""
    gate = Gate()
    async with TalkifaiStandIn() as talkifai:
        talkifai.respond_with(Answer.of(BEGIN, Hold(gate), REST))
        async with Proxy.to(talkifai.base_url) as network:
            wall = Wall([_question("are you there?")])
            limits = TalkifaiLimits(first_event_s=5.0, progress_s=0.6)
            async with _running(stores, f"http://127.0.0.1:{network.port}", wall, limits):
                await wall.until(lambda: wall.shown["are you there?"].get("0", "").startswith(BEGIN.strip()))
                network.strand()
                gate.open()
                await wall.until(lambda: wall.shown["are you there?"] == {"0": BEGIN + REST})

        assert [record.posted for record in talkifai.book.records] == [["are you there?"]]
