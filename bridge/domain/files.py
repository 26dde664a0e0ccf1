"""Files: those that go up beside a reply, and those that came along with a question."""

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


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that came along with a question, as its channel describes it."""

    name: str
    size: int = 0
    """Bytes; 0 where the channel does not say."""
    ref: str = ""
    """Where the channel finds it; empty for what it could not give."""

    @property
    def extension(self) -> str:
        """Return what stands behind the last full stop of the name, in lower case."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


@dataclass(frozen=True, slots=True)
class FileRules:
    """Which answers become files, and which attachments are read."""

    from_pages: int | None = None
    """Over how many pages an answer becomes a file; None: never."""
    extensions: frozenset[str] = frozenset()
    """Empty: none."""
    most_bytes: int = 0

    def allow_reading(self, file: Attachment) -> bool:
        """Say whether this one is read, as far as its description tells."""
        return bool(file.ref) and file.extension in self.extensions and file.size <= self.most_bytes


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What was read of an attachment."""

    name: str
    text: str
    is_cut: bool = False
    """There is more of it."""


NO_FILES = FileRules()
"""Answers are messages, and nothing is read."""
