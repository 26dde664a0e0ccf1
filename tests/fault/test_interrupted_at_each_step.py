"""One worker is killed while newer questions interrupt answers, at every step of that; the next one finishes it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from bridge.domain.notices import Notice
from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold, Say
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.steps import BEGIN, REST, Scene
from tests.fault.talks import TALKS, talk_on

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"BRIDGE_BUSY": "interrupt"}
OLD = "Berlin has four million people."
WHOLE = BEGIN + REST
_LEASE_AND_CLAIM_S = 91.0


@dataclass(slots=True)
class Interruption(Scene):
    """A talk in which a question is answered, a second one waits, and a third one interrupts."""

    stopping: Gate = field(default_factory=Gate)
    """Holds the edit that says why the first answer stopped, until the third question is kept."""

    @property
    def second(self) -> str:
        """The question that is passed over."""
        return f"{self.question}, or rather?"

    @property
    def newest(self) -> str:
        """The question that counts."""
        return f"{self.question}, no: this!"

    async def begin(self) -> None:
        """Let the first answer begin."""
        first, rest = Gate(), Gate()
        self.agent_gates += [first, rest]
        self.cluster.answers |= {
            self.question: Answer.of(OLD, Hold(first), " More."),
            self.newest: Answer.of(Say(BEGIN, chunk=len(BEGIN)), Hold(rest), Say(REST, chunk=len(REST))),
        }
        await self.ask()
        await self.talk.until_shown(OLD)
        await first.reached()
        await self.cluster.until_recorded(self.talk.thread)

    async def interrupt(self) -> None:
        """Put both further questions, and wait until they are kept: each for itself."""
        for waiting, question in enumerate((self.second, self.newest), 2):
            await self.talk.ask(question)
            await self.cluster.until_kept(self.talk.thread, self.talk.place, waiting)

    async def stop(self) -> None:
        """Interrupt, and hold what shows it."""
        self.talk.faults.arm(Fault(self.talk.edit_call, self.talk.here, hold=self.stopping))
        await self.interrupt()
        await self.stopping.reached()

    def go_on(self) -> None:
        """Let the first answer end: TalkifAI takes one question of a conversation at a time."""
        self.agent_gates[0].open()
        self.stopping.open()


async def stop_is_never_shown(scene: Interruption) -> None:
    scene.hold(scene.talk.edit_call, refuse=True)
    await scene.interrupt()


async def stop_is_being_shown(scene: Interruption) -> None:
    scene.hold(scene.talk.edit_call)
    await scene.interrupt()


async def stop_is_shown_and_not_settled(scene: Interruption) -> None:
    scene.hold(scene.talk.edit_call, answer=True)
    await scene.interrupt()


async def passing_over_is_never_said(scene: Interruption) -> None:
    await scene.stop()
    scene.hold(scene.talk.post_call, refuse=True)
    scene.go_on()


async def passing_over_is_being_said(scene: Interruption) -> None:
    await scene.stop()
    scene.hold(scene.talk.post_call)
    scene.go_on()


async def passing_over_is_said_and_not_recorded(scene: Interruption) -> None:
    await scene.stop()
    scene.hold(scene.talk.post_call, answer=True)
    scene.go_on()


async def newest_never_arrives(scene: Interruption) -> None:
    await scene.stop()
    scene.hold_agent("ask", message=scene.newest, refuse=True)
    scene.go_on()


async def newest_is_under_way(scene: Interruption) -> None:
    await scene.stop()
    scene.hold_agent("ask", message=scene.newest)
    scene.go_on()


async def newest_has_arrived(scene: Interruption) -> None:
    await scene.stop()
    scene.hold_agent("ask", message=scene.newest, answer=True)
    scene.go_on()


async def new_answer_is_never_shown(scene: Interruption) -> None:
    await scene.stop()
    scene.hold(scene.talk.post_call, after=1, refuse=True)
    scene.go_on()


async def new_answer_is_shown_and_not_recorded(scene: Interruption) -> None:
    await scene.stop()
    scene.hold(scene.talk.post_call, after=1, answer=True)
    scene.go_on()


async def new_answer_streams(scene: Interruption) -> None:
    await scene.stop()
    scene.go_on()
    await scene.talk.until_shown(BEGIN.strip())
    await scene.cluster.until_recorded(scene.talk.thread)
    scene.gate.mark_reached()


async def new_answer_is_finished(scene: Interruption) -> None:
    await scene.stop()
    scene.go_on()
    scene.agent_gates[1].open()
    await scene.talk.until_shown(WHOLE)
    await scene.cluster.until_let_go(scene.talk.thread)
    scene.gate.mark_reached()


STEPS: dict[str, Callable[[Interruption], Awaitable[None]]] = {
    step.__name__: step
    for step in (
        stop_is_never_shown,
        stop_is_being_shown,
        stop_is_shown_and_not_settled,
        passing_over_is_never_said,
        passing_over_is_being_said,
        passing_over_is_said_and_not_recorded,
        newest_never_arrives,
        newest_is_under_way,
        newest_has_arrived,
        new_answer_is_never_shown,
        new_answer_is_shown_and_not_recorded,
        new_answer_streams,
        new_answer_is_finished,
    )
}
"""In the order in which an interruption goes through them."""
UNRECORDED_POSTS = frozenset(
    {
        "passing_over_is_being_said",
        "passing_over_is_said_and_not_recorded",
        "new_answer_is_shown_and_not_recorded",
    }
)
"""Where a message comes to stand that no record tells of."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(cluster: Cluster) -> Mapping[tuple[str, str], Interruption]:
    """Every step in both services, after the worker was killed there and another one was started."""
    first = await cluster.start_worker(**SETTINGS)
    scenes = {
        (step, channel): Interruption(cluster, talk_on(cluster.stage, channel), f"{step} in {channel}")
        for channel in TALKS
        for step in STEPS
    }
    await asyncio.gather(*(scene.begin() for scene in scenes.values()))
    # From here on calls are held, and those that are held for long come to their time limit.
    await asyncio.gather(*(_bring(step, scene) for (step, _), scene in scenes.items()))
    await first.kill()
    for scene in scenes.values():
        scene.open_all()
        scene.stopping.open()
        scene.shown_before = [reply.message_id for reply in scene.talk.replies]
    await cluster.let_time_pass(_LEASE_AND_CLAIM_S)
    await cluster.start_worker(**SETTINGS)
    return scenes


async def _bring(step: str, scene: Interruption) -> None:
    await STEPS[step](scene)
    await scene.gate.reached()


@pytest.mark.parametrize("channel", TALKS)
@pytest.mark.parametrize("step", STEPS)
async def test_an_interruption_is_finished_by_the_next_worker(
    scenes: Mapping[tuple[str, str], Interruption], step: str, channel: str
) -> None:
    """M10, D6: each question comes to one end, and what came between never reaches the agent."""
    scene = scenes[step, channel]
    talk = scene.talk
    await talk.ledger.until(lambda: talk.texts[-1:] == [WHOLE], 60.0)
    await scene.cluster.until_let_go(talk.thread)

    stopped, *between, whole = talk.texts
    assert stopped.startswith(OLD)
    assert english(Notice.STOPPED_FOR_NEWER) in stopped
    passed_over = english(Notice.PASSED_OVER)
    if step in UNRECORDED_POSTS and not talk.finds_lost_posts:
        # The documented gap: a service without a look-up may show this page once more.
        again = [text for text in between if text != passed_over]
        assert len(between) <= 2
        assert all(WHOLE.startswith(text) for text in again)
        assert passed_over in between
    else:
        assert between == [passed_over]
    assert whole == WHOLE
    assert talk.posted == [scene.question, scene.newest]
    assert [reply.message_id for reply in talk.replies][: len(scene.shown_before)] == scene.shown_before
    assert len(talk.records) == 1


async def test_every_session_is_ended_after_interruptions(
    cluster: Cluster, scenes: Mapping[tuple[str, str], Interruption]
) -> None:
    """M10, B5: none stays open."""
    await cluster.at_rest(60.0)
    await cluster.end_all()
    assert not [step for step, scene in scenes.items() if any(one.ended_at is None for one in scene.talk.records)]
