"""The routes of the configuration file: where another agent answers, or the same one in another way."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen, MinLen

from config.values.checks import After, Before, Example
from config.values.kinds import any_case, matches
from config.values.section import Checked

CONDITIONS = ("channel", "workspace", "place", "topic", "command", "person")
_OF_THE_BRIDGE = ("start", "new", "end", "stop", "retry", "status", "help", "quit", "human", "agent")
_MOST = 1_000_000
_word = matches(r"[a-z0-9_]{1,32}", "is not a command. Use up to 32 letters, digits and _, without the slash.")


def _command(text: str) -> str:
    word = _word(text.removeprefix("/"))
    if word in _OF_THE_BRIDGE:
        raise ValueError("is a command of the bridge itself. Use another word.")
    return word


def _id(value: object) -> object:
    """Take ids of Telegram as they are: numbers."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value.strip() if isinstance(value, str) else value


_Id = Annotated[str, MinLen(1), MaxLen(255), Before(_id)]
_Domain = Annotated[
    str, any_case, After(matches(r"[a-z0-9.-]{3,253}", "is not a domain. Use one such as example.com."))
]


@dataclass(frozen=True, kw_only=True)
class RouteAccess(Checked):
    """Who may ask, beside what the settings say."""

    allowed_users: tuple[_Id, ...] | None = None
    denied_users: tuple[_Id, ...] = ()
    allowed_email_domains: tuple[_Domain, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class RouteBudgets(Checked):
    """What may be used, instead of what the settings say."""

    person_live_turns: Annotated[int | None, Interval(ge=1, le=_MOST), Example(60)] = None
    person_questions_per_hour: Annotated[int | None, Interval(ge=1, le=_MOST), Example(60)] = None
    person_open_sessions: Annotated[int | None, Interval(ge=1, le=_MOST), Example(60)] = None
    person_messages_per_day: Annotated[int | None, Interval(ge=1, le=_MOST), Example(60)] = None
    place_messages_per_day: Annotated[int | None, Interval(ge=1, le=_MOST), Example(60)] = None


@dataclass(frozen=True, kw_only=True)
class RouteSettings(Checked):
    """One route, `[[routes]]`: its conditions, then its choices."""

    channel: _Id | None = None
    workspace: _Id | None = None
    """The id of a Slack workspace or of a Telegram bot."""
    place: _Id | None = None
    """The id of a Slack channel or DM, or of a Telegram chat."""
    topic: _Id | None = None
    command: Annotated[str, any_case, After(_command)] | None = None
    person: _Id | None = None

    agent: _Id | None = None
    """A name from `[agents]`, or the id of an agent."""
    idle_timeout: Annotated[float | None, Interval(gt=0, lt=1800), Example(300)] = None
    streaming: Annotated[Literal["edit", "status", "native"], any_case] | None = None
    busy: Annotated[Literal["queue", "interrupt"], any_case] | None = None
    idle_line: bool | None = None
    greeting: Annotated[str, MaxLen(4000)] | None = None
    prompts: Annotated[tuple[Annotated[str, MaxLen(300)], ...], MaxLen(4)] | None = None
    access: RouteAccess | None = None
    budgets: RouteBudgets | None = None

    @classmethod
    def field_at(cls, path: Sequence[str | int]) -> Field[Any] | None:
        """Return the field that an error's path leads to; None for a key that there is not."""
        part: type[RouteSettings | RouteAccess | RouteBudgets] = cls
        found = None
        for name in path:
            if isinstance(name, str):
                found = next((field for field in fields(part) if field.name == name), None)
                part = _PARTS.get(name, part)
        return found

    @classmethod
    def keys_beside(cls, path: Sequence[str]) -> tuple[str, ...]:
        """Return the keys that there are where an unknown one was found."""
        part = _PARTS.get(path[0], cls) if len(path) > 1 else cls
        return tuple(field.name for field in fields(part))

    @property
    def where(self) -> tuple[str | None, ...]:
        """The conditions, in their order."""
        return tuple(getattr(self, name) for name in CONDITIONS)


_PARTS: Mapping[str, type[RouteAccess | RouteBudgets]] = {"access": RouteAccess, "budgets": RouteBudgets}
