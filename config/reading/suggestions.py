"""Finds the setting that an unknown name was probably meant to be. Pure."""

from collections.abc import Collection

_CLOSE = 0.8
"""How alike two names are, from 0 to 1, before one is taken for a slip of the other."""
_OF_OTHERS = frozenset({"REDIS_TLS_URL"})
"""Set by platforms beside ours: not a slip."""


def slips(given: Collection[str], known: Collection[str], prefixes: tuple[str, ...]) -> dict[str, str]:
    """Return the probable meaning of each unknown variable that begins like ours and is close to a known one."""
    found = {}
    for name in sorted(set(given) - set(known) - _OF_OTHERS):
        close = closest(name.upper(), known) if name.upper().startswith(prefixes) else None
        if close:
            found[name] = close
    return found


def closest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like this one; None where none is close."""
    # Imported late: few names are wrong.
    import difflib  # noqa: PLC0415 - the reason stands above

    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)), None)
