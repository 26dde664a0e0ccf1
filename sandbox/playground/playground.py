"""Everything that the page shows and changes: the stand-ins, Redis, the workers, and who answers."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.playground import agents
from sandbox.playground.cast import Cast, bring_in
from sandbox.playground.options import Options
from sandbox.playground.redis_switch import RedisSwitch
from sandbox.playground.workers import WorkerPool
from sandbox.slack.people import AGENT_SCOPES, ALL_SCOPES
from sandbox.stage import Stage
from sandbox.talkifai.script import Answer

REAL = "real"
"""The key of the visitor's own agent."""
STREAMING = ("edit", "status", "native")
_SLACK_AGAIN_AFTER_S = (0.0, 10.0, 20.0, 60.0)
"""Slack delivers again after 0, 60 and 300 seconds; too long to wait for on a page."""


@dataclass(slots=True)
class Modes:
    """How the workers are set up. A change restarts them."""

    slack: str = "edit"
    telegram: str = "edit"
    agent_view: bool = False
    agent: str = agents.DEFAULT

    def settings(self) -> dict[str, str]:
        """Return the variables of it."""
        return {
            "SLACK_STREAMING": self.slack,
            "TELEGRAM_STREAMING": self.telegram,
            "SLACK_AGENT_VIEW": "on" if self.agent_view else "off",
        }


@dataclass(slots=True)
class Notes:
    """What clients show that no bot is told: reactions of people, and names of files."""

    reactions: dict[str, dict[str, str]] = field(default_factory=dict)
    """By message: each person's emoji."""
    files: dict[str, str] = field(default_factory=dict)
    """By message: the name of its file."""
    answers: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Slack's answers to slash commands that one person sees: channel, user, thread, text."""


class Playground:
    """Use as an async context manager: everything is started, and stopped at the end.

    Args:
        folder: Takes the data of Redis and the workers' logs.
    """

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.stage = Stage(pace=options.pace)
        self.cast = Cast()
        self.redis = RedisSwitch(folder / "data")
        self.workers = WorkerPool(self._settings, folder)
        self.modes = Modes()
        self.notes = Notes()
        self.answers: dict[str, Answer] = {}
        """Answers to the questions of faults and of the tour, which come before the chosen agent's."""
        self._changing = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.stage.talkifai.respond_with(self._respond)
            self.stage.slack.sockets.redelivery_after_s = _SLACK_AGAIN_AFTER_S
            await stack.enter_async_context(self.stage)
            self.cast = bring_in(self.stage)
            stack.push_async_callback(self.redis.aclose)
            await self.redis.start()
            stack.push_async_callback(self.workers.aclose)
            await self.workers.add()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def real_agent(self) -> Mapping[str, str]:
        """The visitor's own TalkifAI settings out of the environment; empty where there are none."""
        names = ("TALKIFAI_API_KEY", "TALKIFAI_AGENT_ID", "TALKIFAI_BASE_URL")
        found = {name: os.environ[name] for name in names if os.environ.get(name)}
        return found if {"TALKIFAI_API_KEY", "TALKIFAI_AGENT_ID"} <= set(found) else {}

    async def change(self, **changes: Any) -> None:
        """Change modes and restart the workers where they have to know of it. Raises `ValueError`."""
        async with self._changing:
            before = (self.modes.settings(), self.modes.agent == REAL)
            for name, value in changes.items():
                self._check(name, value)
                setattr(self.modes, name, value)
            if before != (self.modes.settings(), self.modes.agent == REAL):
                scopes = self.stage.slack.scopes
                scopes.clear()
                scopes |= AGENT_SCOPES if self.modes.agent_view else ALL_SCOPES
                await self.workers.restart()

    def _check(self, name: str, value: Any) -> None:
        known = {
            "slack": STREAMING,
            "telegram": STREAMING,
            "agent_view": (True, False),
            "agent": (*agents.AGENTS, *((REAL,) if self.real_agent else ())),
        }
        if value not in known[name]:
            raise ValueError(f"{value!r} is no value of {name}")

    def _settings(self) -> dict[str, str]:
        return {
            **self.stage.settings,
            **(self.real_agent if self.modes.agent == REAL else {}),
            **self.modes.settings(),
            "REDIS_URL": self.redis.url,
            "BRIDGE_IDLE_TIMEOUT": f"{self.options.idle_after_s:g}",
            "BRIDGE_LOG_FORMAT": "json",
            "BRIDGE_SHOW_TOOLS": "on",
            # Three people play a whole crowd, and press fault after fault.
            "BRIDGE_PERSON_OPEN_SESSIONS": "0",
            "BRIDGE_PERSON_QUESTIONS_PER_HOUR": "0",
            "SLACK_FEEDBACK": "on",
            "TELEGRAM_FEEDBACK": "on",
            "SLACK_PROMPTS": "|".join(agents.AGENTS[agents.DEFAULT].prompts),
            **self.options.settings,
        }

    def _respond(self, text: str) -> Answer:
        for question, answer in self.answers.items():
            if text.rstrip().endswith(question):
                return answer
        return agents.AGENTS.get(self.modes.agent, agents.AGENTS[agents.DEFAULT]).respond(text)
