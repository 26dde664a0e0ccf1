"""Which agent answers where, and how: the operator's routes. Pure.

A route has conditions and choices. Every condition that it names has to be met. Where several routes fit, each choice
comes from the most specific route that makes it: a person counts for more than a command, a command for more than a
topic, then the place, the workspace and the channel.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

from bridge.domain.incoming import Question
from bridge.domain.pages import Streaming

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:\s+|\Z)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a question comes from, in the names that conditions have. The least specific one first."""

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
    def of(cls, question: Question) -> Self:
        """Return where a question comes from."""
        thread = question.thread
        return cls(
            channel=thread.channel,
            workspace=thread.account,
            place=thread.place,
            topic=question.address.thread,
            command=command_of(question.text),
            person=question.person.id,
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
    greeting: str | None = None
    """Markdown, shown when a conversation is begun without a question, instead of the agent's own greeting."""
    prompts: tuple[str, ...] | None = None
    access: Access | None = None
    budgets: Budgets | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Choices, and where they hold: an empty condition is met everywhere."""

    where: Origin
    choices: Choices

    def fits(self, origin: Origin) -> bool:
        """Say whether the origin meets every condition."""
        return all(wanted in {"", getattr(origin, name)} for name, wanted in _conditions(self.where))

    @property
    def specificity(self) -> tuple[bool, ...]:
        """A greater one counts for more."""
        return tuple(bool(wanted) for _, wanted in reversed(_conditions(self.where)))


class RouteTable:
    """The routes that are in force. Replaced as a whole when the operator changes them."""

    def __init__(self, routes: Sequence[Route] = ()) -> None:
        """Take routes in any order, no two of which have the same conditions."""
        self._routes: tuple[Route, ...] = ()
        self.replace(routes)

    def replace(self, routes: Sequence[Route]) -> None:
        """Let other routes hold from now on. What is under way goes on as it began."""
        self._routes = tuple(sorted(routes, key=lambda route: route.specificity, reverse=True))

    def choices(self, question: Question) -> Choices:
        """Return what the routes choose for a question."""
        return self.choices_at(Origin.of(question))

    def choices_at(self, origin: Origin) -> Choices:
        """Return what the routes choose there, each choice by the most specific route that makes it."""
        fitting = [route.choices for route in self._routes if route.fits(origin)]
        made = {
            name: next((value for choices in fitting if (value := getattr(choices, name)) is not None), None)
            for name in _CHOICES
        }
        return Choices(**made)

    def without_command(self, question: Question) -> str:
        """Return the text without the command that a route of its own stands for; as it is where nothing is left."""
        command = command_of(question.text)
        origin = Origin.of(question)
        if not command or not any(route.where.command and route.fits(origin) for route in self._routes):
            return question.text
        return _COMMAND.sub("", question.text, count=1) or question.text


def command_of(text: str) -> str:
    """Return the word with a slash in front that a text begins with, in lower case; empty where there is none."""
    found = _COMMAND.match(text)
    return found[1].lower() if found else ""


_CHOICES = tuple(one.name for one in fields(Choices))


def _conditions(where: Origin) -> list[tuple[str, str]]:
    return [(one.name, getattr(where, one.name)) for one in fields(where)]
