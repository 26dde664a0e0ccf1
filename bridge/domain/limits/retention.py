"""Whose traces are deleted, and what became of that."""

from dataclasses import dataclass
from typing import Self

from bridge.domain.threads import ThreadKey


@dataclass(frozen=True, slots=True)
class PersonKey:
    """One person in one channel."""

    channel: str
    account: str
    """Empty: in every workspace, or with every bot."""
    id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<channel>:<id>` or `<channel>:<account>:<id>`. Raises `ValueError` for anything else."""
        match text.split(":"):
            case [channel, person] if channel and person:
                return cls(channel, "", person)
            case [channel, account, person] if channel and account and person:
                return cls(channel, account, person)
        raise ValueError(text)

    def is_at(self, thread: ThreadKey) -> bool:
        """Say whether this could be the person of that id who writes there."""
        return self.channel == thread.channel and self.account in {"", thread.account}

    def is_named_in(self, name: str) -> bool:
        """Say whether a name that holds the id is about this person: ids of two accounts may be the same."""
        return not self.account or self.account in name


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was deleted."""

    ledger_lines: int = 0
    ratings: int = 0
    dead_letters: int = 0
    keys: int = 0
    left: int = 0
    """Questions and conversations that are not over yet."""
