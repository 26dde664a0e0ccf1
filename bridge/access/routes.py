"""Which agent answers where, and how: the operator's routes. Pure.

A route has conditions and choices. Every condition that it names has to be met. Where several routes fit, each choice
comes from the most specific route that makes it: a person counts for more than a command, a command for more than a
topic, then the place, the workspace and the channel.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

from bridge.domain.incoming import Question, Queued
from bridge.domain.pages import Streaming
from bridge.domain.threads import ThreadKey

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:\s+|\Z)")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a question comes from, or where a route holds. The least specific condition first."""

    channel: str = ""
    """`slack`, `telegram`, …."""
    workspace: str = ""
    """The Slack workspace's id, or the Telegram bot's."""
    place: str = ""
    """A Slack channel or DM, a Telegram chat."""
    topic: str = ""
    """A topic of a Telegram group; empty elsewhere."""
    command: str = ""
    """The word with a slash in front that the question begins with, in lower case and without the slash."""
    person: str = ""

    @classmethod
    def of(cls, queued: Queued) -> Self:
        """Return where a question or a command of the bridge comes from."""
        thread = queued.thread
        return cls(
            channel=thread.channel,
            workspace=thread.account,
            place=thread.place,
            topic=queued.address.thread,
            command=command_of(queued.text) if isinstance(queued, Question) else "",
            person=queued.person.id,
        )


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask, beside what the settings say. None and empty leave it to them."""

    allowed_users: frozenset[str] | None = None
    denied_users: frozenset[str] = frozenset()
    allowed_email_domains: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Budgets:
    """What may be used, instead of what the settings say. None leaves it to them."""

    person_live_turns: int | None = None
    person_questions_per_hour: int | None = None
    person_open_sessions: int | None = None
    person_messages_per_day: int | None = None
    place_messages_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What holds for a question instead of the settings. None leaves it to them."""

    agent_id: str | None = None
    idle_timeout_s: float | None = None
    streaming: Streaming | None = None
    interrupts: bool | None = None
    """A newer question of the same person stops the answer to the one before."""
    idle_line: bool | None = None
    """A thread that falls idle gets one line that says so."""
    greeting: str | None = None
    """Markdown, shown when a conversation is begun without a question, instead of the agent's own greeting."""
    prompts: tuple[str, ...] | None = None
    access: Access | None = None
    budgets: Budgets | None = None


@dataclass(frozen=True, slots=True)
class Routed:
    """What the routes say of one question."""

    choices: Choices
    text: str
    """What the agent is to read: without the command, where a route stands for it and anything else is left."""
    by_command: bool
    """The question begins with the command of a route."""

    def calls_another(self, agent_id: str) -> bool:
        """Say whether the question's command is for another agent than the one that answers there now."""
        wanted = self.choices.agent_id
        return self.by_command and bool(wanted) and wanted != agent_id


@dataclass(frozen=True, slots=True)
class Route:
    """Choices, and where they hold: an empty condition is met everywhere."""

    scope: Scope
    choices: Choices

    def fits(self, scope: Scope) -> bool:
        """Say whether every condition is met there."""
        return all(wanted in {"", getattr(scope, name)} for name, wanted in _conditions(self.scope))

    @property
    def specificity(self) -> tuple[bool, ...]:
        """A greater one counts for more."""
        return tuple(bool(wanted) for _, wanted in reversed(_conditions(self.scope)))


class RouteTable:
    """The routes that are in force. Replaced as a whole when the operator changes them."""

    def __init__(self, routes: Sequence[Route] = ()) -> None:
        """Take routes in any order, no two of which have the same conditions."""
        self._routes: tuple[Route, ...] = ()
        self.replace(routes)

    def replace(self, routes: Sequence[Route]) -> None:
        """Let other routes hold from now on. What is under way goes on as it began."""
        self._routes = tuple(sorted(routes, key=lambda route: route.specificity, reverse=True))

    def route(self, queued: Queued) -> Routed:
        """Return what the routes say of a question, or of a command of the bridge."""
        scope, text = Scope.of(queued), queued.text if isinstance(queued, Question) else ""
        by_command = any(route.scope.command and route.fits(scope) for route in self._routes)
        rest = _COMMAND.sub("", text, count=1) if by_command else text
        return Routed(self.choices_at(scope), rest or text, by_command)

    def prompts_at(self, place: ThreadKey, person_id: str) -> Sequence[str] | None:
        """Return what the routes suggest to ask in a place, to a person; None where they say nothing."""
        return self.choices_at(Scope(place.channel, place.account, place.place, person=person_id)).prompts

    def choices_at(self, scope: Scope) -> Choices:
        """Return what the routes choose there, each choice by the most specific route that makes it."""
        fitting = [route.choices for route in self._routes if route.fits(scope)]
        if len(fitting) < 2:  # noqa: PLR2004 - nothing to choose between
            return fitting[0] if fitting else _NOTHING
        made = {
            name: next((value for choices in fitting if (value := getattr(choices, name)) is not None), None)
            for name in _CHOICES
        }
        return Choices(**made)


def command_of(text: str) -> str:
    """Return the word with a slash in front that a text begins with, in lower case; empty where there is none."""
    found = _COMMAND.match(text)
    return found[1].lower() if found else ""


_NOTHING = Choices()
_CHOICES = tuple(one.name for one in fields(Choices))


def _conditions(scope: Scope) -> list[tuple[str, str]]:
    return [(one.name, getattr(scope, one.name)) for one in fields(scope)]
