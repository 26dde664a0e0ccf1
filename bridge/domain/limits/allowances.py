"""What a person, a place and the whole bridge may use."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.threads import ThreadKey


@dataclass(frozen=True, slots=True)
class Allowances:
    """The operator's limits. 0 is no limit. A day is one of UTC."""

    person_live_turns: int = 3
    """Answers to one person at a time; further questions wait."""
    person_questions_per_hour: int = 60
    person_open_sessions: int = 5
    person_messages: int = 0
    """Questions a day."""
    person_tokens: int = 0
    """Tokens a day, as TalkifAI counts them. They are known after an answer, so the last one may go over."""
    place_messages: int = 0
    place_tokens: int = 0
    total_messages: int = 0
    total_tokens: int = 0


class Limit(StrEnum):
    """What is used up."""

    HOUR = "hour"
    PERSON = "person"
    PLACE = "place"
    TOTAL = "total"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who uses something, and where."""

    thread: ThreadKey
    person_id: str
    question_id: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A budget of a day has reached this part of its limit just now."""

    limit: Limit
    unit: str
    """`messages` or `tokens`."""
    percent: int
    """80 or 100."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a try to use something."""

    over: Limit | None = None
    """What is used up; None where it was counted."""
    again_after_s: float = 0.0
    levels: tuple[Level, ...] = ()
