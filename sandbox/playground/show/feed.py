"""Looks at everything ten times a second and wakes the pages when something changed."""

import asyncio
from collections.abc import Iterator
from typing import Any

from sandbox.playground import agents
from sandbox.playground.playground import REAL, STREAMING, Playground
from sandbox.playground.show.board import Board
from sandbox.playground.show.calls import Timeline
from sandbox.playground.show.meter import Meter
from sandbox.playground.show.slack_view import SlackView
from sandbox.playground.show.telegram_view import TelegramView
from sandbox.playground.tour.tour import Tour
from sandbox.playground.trials.runner import TrialRunner

_LOOK_EVERY_S = 0.1


class Feed:
    """The board and the time line, kept up to date while `run` runs."""

    def __init__(self, playground: Playground, trials: TrialRunner, tour: Tour) -> None:
        self.board = Board()
        self.timeline = Timeline(playground)
        self._playground = playground
        self._trials = trials
        self._tour = tour
        self._slack = SlackView(playground)
        self._telegram = TelegramView(playground)
        self._meter = Meter(playground)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Look, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._meter.follow())
            while True:
                self.look()
                await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Look once."""
        calls = self.timeline.number
        self.timeline.read()
        if self.board.write(dict(self._items())) or calls != self.timeline.number:
            self._changed.set()
            self._changed = asyncio.Event()

    async def until_changed(self, board: int, calls: int) -> None:
        """Wait until there is more than these numbers tell."""
        while (board, calls) == (self.board.number, self.timeline.number):
            await self._changed.wait()

    def _items(self) -> Iterator[tuple[str, Any]]:
        yield from self._slack.items()
        yield from self._telegram.items()
        yield from self._meter.items()
        yield from self._trials.items()
        yield "tour", self._tour.shown()
        yield "setup", self._setup()
        yield "calls", {"counts": self.timeline.counts, "limited": self.timeline.limited}
        yield (
            "workers",
            [{"name": slot.name, "state": slot.state, "kills": slot.kills} for slot in self._playground.workers.slots],
        )
        yield "redis", "up" if self._playground.redis.is_up else "down"

    def _setup(self) -> dict[str, Any]:
        modes = self._playground.modes
        known = [
            {"key": key, "title": agent.title, "about": agent.about, "prompts": agent.prompts}
            for key, agent in agents.AGENTS.items()
        ]
        if self._playground.real_agent:
            real = {
                "key": REAL,
                "title": "Your own agent",
                "about": "The real TalkifAI, with your key: this costs money.",
            }
            known.append({**real, "prompts": ("Hello! What can you do?",)})
        return {
            "agents": known,
            "agent": modes.agent,
            "slack": modes.slack,
            "telegram": modes.telegram,
            "agentView": modes.agent_view,
            "streaming": STREAMING,
            "idleAfter": self._playground.options.idle_after_s,
        }
