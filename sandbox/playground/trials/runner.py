"""Runs one fault at a time and keeps what became of each promise."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.bridge_process import NotReady
from sandbox.playground.people.wishes import Wish, WishRefused
from sandbox.playground.playground import Playground
from sandbox.playground.trials.scene import Broken, Scene
from sandbox.talkifai.when_unread import WhenUnread

Play = Callable[[Scene], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault and its promise."""

    key: str
    group: str
    title: str
    """What is done, as a button says it."""
    about: str
    """What then happens, in one sentence."""
    promise: str
    """What must hold."""
    play: Play
    """Does it; returns the facts that show that the promise held. Raises `Broken`."""


@dataclass(slots=True)
class _Course:
    state: Literal["idle", "running", "kept", "broken"] = "idle"
    step: str = ""
    facts: list[str] = field(default_factory=list)
    runs: int = 0
    scene: Scene | None = None


class TrialRunner:
    """Everything about faults that the page shows and asks for."""

    def __init__(self, playground: Playground, trials: Sequence[Trial]) -> None:
        self._playground = playground
        self._trials = {trial.key: trial for trial in trials}
        self._courses = {trial.key: _Course() for trial in trials}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether something is broken at the moment."""
        return any(course.scene is not None and not course.scene.only_waits for course in self._courses.values())

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield each fault for the board."""
        for number, trial in enumerate(self._trials.values()):
            course = self._courses[trial.key]
            yield (
                f"trial/{trial.key}",
                {
                    "number": number,
                    "key": trial.key,
                    "group": trial.group,
                    "title": trial.title,
                    "about": trial.about,
                    "promise": trial.promise,
                    "state": course.state,
                    "step": course.step,
                    "facts": course.facts,
                    "runs": course.runs,
                    "canSkip": course.scene is not None and course.scene.skip is not None,
                },
            )

    async def press(self, wish: Wish) -> None:
        """Begin a fault. Raises `WishRefused` while another one is under way."""
        trial = self._trials.get(wish.name("key"))
        if trial is None:
            raise WishRefused("there is no such fault")
        if self.is_busy or self._courses[trial.key].scene is not None:
            raise WishRefused("one fault at a time: wait for the promise of the other one")
        task = asyncio.create_task(self._run(trial))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.sleep(0)  # it has begun: the next press is refused

    async def skip(self, wish: Wish) -> None:
        """End the wait of a fault. Raises `WishRefused` where there is none."""
        course = self._courses.get(wish.name("key"))
        if course is None or course.scene is None or course.scene.skip is None:
            raise WishRefused("there is nothing to wait for")
        # Once: the worker that takes over has a lease of its own, which must not run out.
        skip, course.scene.skip = course.scene.skip, None
        await skip()

    async def aclose(self) -> None:
        """Stop what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, trial: Trial) -> None:
        course = self._courses[trial.key]
        course.state, course.step, course.facts = "running", "", []
        course.runs += 1
        course.scene = Scene(self._playground, lambda step: setattr(course, "step", step))
        try:
            course.facts = list(await trial.play(course.scene))
            course.state = "kept"
        except (Broken, NotReady, TimeoutError) as error:
            course.facts, course.state = [str(error) or "it took too long"], "broken"
        except asyncio.CancelledError:
            course.state = "idle"
            raise
        finally:
            course.step, course.scene = "", None
            await self._mend()

    async def _mend(self) -> None:
        """Leave nothing broken behind."""
        self._playground.stage.talkifai.when_unread = WhenUnread.WRITE_ON
        if not self._playground.redis.is_up:
            with suppress(OSError):
                await self._playground.redis.start()
