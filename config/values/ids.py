"""Lists of ids, names and domains, as operators write them: separated by commas."""

import re
from typing import Annotated

from config.values.checks import After, Before
from config.values.kinds import from_entries

DIRECT = "direct"
"""Stands in a list of places for every direct message or private chat."""
_MOST = 10_000


def _listed(pattern: str, remedy: str, *, lower: bool = False) -> Before:
    """Read a list whose entries all have this form. `lower`: in any case, and kept in lower case."""
    form = re.compile(pattern, re.ASCII)

    def read(text: str) -> frozenset[str]:
        given = text.lower() if lower else text
        found = [entry for part in given.split(",") if (entry := part.strip())]
        for number, entry in enumerate(found, start=1):
            if not form.fullmatch(entry):
                raise ValueError(f"has an entry of another form, number {number}. {remedy}")
        return frozenset(found)

    return from_entries(read)


def _bounded(found: frozenset[str]) -> frozenset[str]:
    if len(found) > _MOST:
        raise ValueError(f"has more than {_MOST:,} entries. Name places or domains instead of so many people.")
    return found


_Ids = Annotated[frozenset[str], After(_bounded)]
_TELEGRAM_USER = r"[1-9][0-9]{0,19}|@[a-z][a-z0-9_]{3,31}"

EmailDomains = Annotated[
    _Ids,
    _listed(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "List domains such as example.com, separated by commas.", lower=True),
]
SlackTeams = Annotated[
    _Ids, _listed(r"[TE][A-Z0-9]{1,30}", "List ids of workspaces (T…) and organisations (E…), separated by commas.")
]
SlackChannels = Annotated[
    _Ids,
    _listed(r"[CDG][A-Z0-9]{1,30}|direct", "List ids of channels (C… or G…), and the word direct for direct messages."),
]
SlackUsers = Annotated[
    _Ids, _listed(r"[UWB][A-Z0-9]{1,30}", "List ids of people (U… or W…), separated by commas; names can change.")
]
TelegramChats = Annotated[
    _Ids, _listed(r"-?[1-9][0-9]{0,19}|direct", "List ids of chats, and the word direct for private chats.", lower=True)
]
TelegramUsers = Annotated[_Ids, _listed(_TELEGRAM_USER, "List user ids and @names, separated by commas.", lower=True)]
