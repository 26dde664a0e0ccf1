"""The steps of a turn, chosen from the outside: each function brings a talk to its step and holds it there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bridge.domain.notices import Notice
from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold, Say, Step
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.talks import Talk

BEGIN = "The answer begins with these words, and they are enough to show. "
MIDDLE = "Some more of it follows here, so that the message has to be edited. "
REST = "With this the answer ends."
WHOLE = BEGIN + MIDDLE + REST
LONG = " ".join(f"Sentence number {number} of a long answer that needs several pages." for number in range(1, 260))


@dataclass(slots=True)
class Scene:
    """One talk at one step."""

    cluster: Cluster
    talk: Talk
    question: str
    gate: Gate = field(default_factory=Gate)
    """Is reached when the step is under way; what is held there goes on when it is opened."""
    agent_gates: list[Gate] = field(default_factory=list)
    """Where the agent pauses in its answer."""
    shown_before: list[str] = field(default_factory=list)
    """The ids of the messages that stood there when the worker was killed."""

    def answer_in_parts(self, *parts: str) -> None:
        """Let the agent pause at a gate between the parts."""
        steps: list[Step | str] = []
        for number, part in enumerate(parts):
            if number:
                self.agent_gates.append(Gate())
                steps.append(Hold(self.agent_gates[-1]))
            # In one piece: the first post then shows a whole part, and no paced edit has to bring the rest of it.
            steps.append(Say(part, chunk=max(1, len(part))))
        self.cluster.answers[self.question] = Answer.of(*steps)

    def hold(self, call: str, *, after: int = 0, answer: bool = False, refuse: bool = False) -> None:
        """Hold a call to the channel: before its effect, or its answer; `refuse`: it never has an effect."""
        before, behind = (None, self.gate) if answer else (self.gate, None)
        fault = Fault(call, where=self.talk.here, after=after, hold=before, hold_answer=behind, refuse=refuse)
        self.talk.faults.arm(fault)

    def hold_agent(self, call: str, *, answer: bool = False, refuse: bool = False, **where: str) -> None:
        """Hold a call to TalkifAI, in the same way."""
        before, behind = (None, self.gate) if answer else (self.gate, None)
        fault = Fault(call, where=where, hold=before, hold_answer=behind, refuse=refuse)
        self.cluster.stage.talkifai.faults.arm(fault)

    async def ask(self) -> None:
        """Put the question."""
        await self.talk.ask(self.question)

    def open_all(self) -> None:
        """Let go on what is held, so far as anybody still hears it."""
        for gate in (self.gate, *self.agent_gates):
            gate.open()


Arrange = Callable[[Scene], Awaitable[None]]


async def opening_never_arrives(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold_agent("open", user_identifier=scene.talk.person, refuse=True)
    await scene.ask()


async def opening_is_under_way(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold_agent("open", user_identifier=scene.talk.person)
    await scene.ask()


async def opened_and_not_recorded(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold_agent("open", user_identifier=scene.talk.person, answer=True)
    await scene.ask()


async def question_never_arrives(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold_agent("ask", message=scene.question, refuse=True)
    await scene.ask()


async def question_is_under_way(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold_agent("ask", message=scene.question)
    await scene.ask()


async def question_has_arrived(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold_agent("ask", message=scene.question, answer=True)
    await scene.ask()


async def first_post_never_arrives(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE + REST)
    scene.hold(scene.talk.post_call, refuse=True)
    await scene.ask()


async def first_post_is_under_way(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE + REST)
    scene.hold(scene.talk.post_call)
    await scene.ask()


async def first_post_stands_unrecorded(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE + REST)
    scene.hold(scene.talk.post_call, answer=True)
    await scene.ask()


async def answer_whole_before_the_first_post(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    scene.hold(scene.talk.post_call, refuse=True)
    await scene.ask()


async def text_streams(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE + REST)
    await scene.ask()
    await scene.agent_gates[0].reached()
    await scene.talk.until_shown(BEGIN.strip())
    await scene.cluster.until_recorded(scene.talk.thread)
    scene.gate.mark_reached()


async def edit_is_under_way(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE, REST)
    await scene.ask()
    await scene.talk.until_shown(BEGIN.strip())
    scene.hold(scene.talk.edit_call)
    scene.agent_gates[0].open()


async def edit_stands(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE, REST)
    await scene.ask()
    await scene.talk.until_shown(BEGIN.strip())
    scene.hold(scene.talk.edit_call, answer=True)
    scene.agent_gates[0].open()


async def page_turns(scene: Scene) -> None:
    scene.answer_in_parts(LONG)
    scene.hold(scene.talk.post_call, after=1, refuse=True)
    await scene.ask()


async def last_edit_is_under_way(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE + REST)
    await scene.ask()
    await scene.talk.until_shown(BEGIN.strip())
    scene.hold(scene.talk.edit_call)
    scene.agent_gates[0].open()


async def last_edit_stands(scene: Scene) -> None:
    scene.answer_in_parts(BEGIN, MIDDLE + REST)
    await scene.ask()
    await scene.talk.until_shown(BEGIN.strip())
    scene.hold(scene.talk.edit_call, answer=True)
    scene.agent_gates[0].open()


async def settled(scene: Scene) -> None:
    scene.answer_in_parts(WHOLE)
    await scene.ask()
    await scene.talk.until_shown(WHOLE)
    await scene.cluster.until_let_go(scene.talk.thread)
    scene.gate.mark_reached()


async def end_is_under_way(scene: Scene) -> None:
    await _end(scene, answer=False)


async def end_is_done_and_not_recorded(scene: Scene) -> None:
    await _end(scene, answer=True)


async def _end(scene: Scene, *, answer: bool) -> None:
    scene.answer_in_parts(WHOLE)
    await scene.ask()
    await scene.talk.until_shown(WHOLE)
    scene.hold_agent("end", conversation=scene.talk.records[0].id, answer=answer)
    await scene.talk.ask("end" if scene.talk.name == "slack" else "/end")
    # The notice is shown and on record: only the end itself is undecided.
    await scene.talk.until_texts(WHOLE, english(Notice.ENDED))
    await scene.cluster.until_let_go(scene.talk.thread)


STEPS: dict[str, Arrange] = {
    step.__name__: step
    for step in (
        opening_never_arrives,
        opening_is_under_way,
        opened_and_not_recorded,
        question_never_arrives,
        question_is_under_way,
        question_has_arrived,
        first_post_never_arrives,
        first_post_is_under_way,
        first_post_stands_unrecorded,
        answer_whole_before_the_first_post,
        text_streams,
        edit_is_under_way,
        edit_stands,
        page_turns,
        last_edit_is_under_way,
        last_edit_stands,
        settled,
        end_is_under_way,
        end_is_done_and_not_recorded,
    )
}
"""In the order in which a turn goes through them."""
ORPHANS = frozenset({"opening_is_under_way", "opened_and_not_recorded"})
"""Where one conversation may stay open without a record: the documented gap."""
UNRECORDED_POSTS = frozenset({"first_post_is_under_way", "first_post_stands_unrecorded"})
"""Where a message comes to stand that no record tells of."""
