"""The routes of the configuration file: where another agent answers, or the same one in another way."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

from config.values.kinds import any_case, matches

CONDITIONS = ("channel", "workspace", "place", "topic", "command", "person")
_OF_THE_BRIDGE = ("start", "new", "end", "stop", "retry", "status", "help", "quit", "human", "agent")
_MOST = 1_000_000
_word = matches(r"[a-z0-9_]{1,32}", "is not a command. Use up to 32 letters, digits and _, without the slash.")


def _command(text: str) -> str:
    word = _word(text.removeprefix("/"))
    if word in _OF_THE_BRIDGE:
        raise ValueError("is a command of the bridge itself. Use another word.")
    return word


def _number_as_text(value: object) -> object:
    """Take ids of Telegram as they are: numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Id = Annotated[
    str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True), BeforeValidator(_number_as_text)
]
_Domain = Annotated[
    str, any_case, AfterValidator(matches(r"[a-z0-9.-]{3,253}", "is not a domain. Use one such as example.com."))
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RouteAccess(_Part):
    """Who may ask, beside what the settings say."""

    allowed_users: tuple[_Id, ...] | None = None
    denied_users: tuple[_Id, ...] = ()
    allowed_email_domains: tuple[_Domain, ...] | None = None


class RouteBudgets(_Part):
    """What may be used, instead of what the settings say."""

    person_live_turns: int | None = Field(None, ge=1, le=_MOST, examples=[60])
    person_questions_per_hour: int | None = Field(None, ge=1, le=_MOST, examples=[60])
    person_open_sessions: int | None = Field(None, ge=1, le=_MOST, examples=[60])
    person_messages_per_day: int | None = Field(None, ge=1, le=_MOST, examples=[60])
    place_messages_per_day: int | None = Field(None, ge=1, le=_MOST, examples=[60])


class RouteSettings(_Part):
    """One route, `[[routes]]`: its conditions, then its choices."""

    channel: _Id | None = None
    workspace: _Id | None = None
    """The id of a Slack workspace or of a Telegram bot."""
    place: _Id | None = None
    """The id of a Slack channel or DM, or of a Telegram chat."""
    topic: _Id | None = None
    command: Annotated[str, any_case, AfterValidator(_command)] | None = None
    person: _Id | None = None

    agent: _Id | None = None
    """A name from `[agents]`, or the id of an agent."""
    idle_timeout: float | None = Field(None, gt=0, lt=1800, examples=[300])
    streaming: Annotated[Literal["edit", "status", "native"], any_case] | None = None
    busy: Annotated[Literal["queue", "interrupt"], any_case] | None = None
    idle_line: bool | None = None
    greeting: Annotated[str, StringConstraints(max_length=4000)] | None = None
    prompts: Annotated[tuple[Annotated[str, StringConstraints(max_length=300)], ...], Field(max_length=4)] | None = None
    access: RouteAccess | None = None
    budgets: RouteBudgets | None = None

    @classmethod
    def field_at(cls, path: Sequence[str | int]) -> FieldInfo | None:
        """Return the field that an error's path leads to; None for a key that there is not."""
        model: type[BaseModel] = cls
        field = None
        for name in path:
            if isinstance(name, str):
                field = model.model_fields.get(name)
                model = _PARTS.get(name, model)
        return field

    @classmethod
    def keys_beside(cls, path: Sequence[str]) -> tuple[str, ...]:
        """Return the keys that there are where an unknown one was found."""
        part = _PARTS.get(path[0], cls) if len(path) > 1 else cls
        return tuple(part.model_fields)

    @property
    def where(self) -> tuple[str | None, ...]:
        """The conditions, in their order."""
        return tuple(getattr(self, name) for name in CONDITIONS)


_PARTS: Mapping[str, type[BaseModel]] = {"access": RouteAccess, "budgets": RouteBudgets}
