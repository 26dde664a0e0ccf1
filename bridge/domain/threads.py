"""Where people talk and who they are: threads, addresses, persons."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote

_NAMES_KEPT = 2000
"""Of threads: a turn needs its own some sixty times."""


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Names the smallest thing people answer in. `str()` of it is injective and reversible."""

    channel: str
    """The messaging service: `slack`, `telegram`, `terminal`."""
    account: str
    """Whose: the Slack workspace, the Telegram bot."""
    place: str
    """Where in it: a Slack channel or DM, a Telegram chat."""
    thread: str = ""
    """The thread or topic there; empty where the whole place is one thread."""

    def __str__(self) -> str:
        return _name_of(self.channel, self.account, self.place, self.thread)

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read what `str()` wrote. Raises `ValueError` for anything else."""
        parts = name.split(":")
        if len(parts) != 4:  # noqa: PLR2004 - the four fields above
            raise ValueError(f"not a thread key: {name!r}")
        return cls(*(unquote(part, errors="surrogatepass") for part in parts))


@lru_cache(_NAMES_KEPT)
def _name_of(*parts: str) -> str:
    return ":".join(quote(part, safe="", errors="surrogatepass") for part in parts)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply is posted. The channel alone knows how to read it."""

    account: str
    place: str
    thread: str = ""
    """Empty where nothing but the place is named when posting."""
    reply_to: str = ""
    """The message that the reply quotes; empty where replies do not quote."""


@dataclass(frozen=True, slots=True)
class Locale:
    """What a channel says of how a person reads. Empty where it says nothing."""

    language: str = ""
    """A code such as `de` or `pt-BR`."""
    time_zone: str = ""
    """A name such as `Europe/Berlin`."""


UNKNOWN_LOCALE = Locale()


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    id: str
    """The channel's own id of the person."""
    name: str = ""
    """As the person is shown in the channel; empty where the channel did not say."""
    handle: str = ""
    """The name by which the person is found, in lower case, where the channel has such names. It can change hands."""
    is_program: bool = False
    """True for a program that the operator lets ask."""
    locale: Locale = UNKNOWN_LOCALE
    """As far as the event itself said. A channel may know more: `KnownLocales`."""
