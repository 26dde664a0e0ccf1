"""Files: those that go up beside a reply."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A text that is shown as a file."""

    name: str
    """Made of our own words: nothing of the agent is in it."""
    text: str
    is_whole: bool = False
    """It holds the whole answer, of which the reply shows only the beginning."""

    @property
    def content(self) -> bytes:
        """Return the text as UTF-8. Halves of surrogate pairs, which no file can hold, become question marks."""
        return self.text.encode("utf-8", "replace")


class SharingState(StrEnum):
    """How far a file has come."""

    BEGUN = "begun"
    """People may see it: recorded before it is shared."""
    SHARED = "shared"
    GIVEN_UP = "given_up"
    """It is not shared any more: the pages hold what it would have held."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """What a turn's record says of one of its files."""

    state: SharingState
    upload_id: str = ""
    """The channel's name for what was uploaded; empty where sharing is one call."""
