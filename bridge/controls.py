"""What people can press beside a reply, and how a press names the turn that it is about."""

import hashlib

from bridge.models import Asked, Control, Outcome
from bridge.notices import Notice

_TOKEN_CHARACTERS = 16
_BROKEN = frozenset({Outcome.INTERRUPTED, Outcome.STOPPED, Outcome.REFUSED})


def controls_after(asked: Asked) -> tuple[Control, ...]:
    """Return what may be pressed once the turn has ended so. Commands and lost places have nothing."""
    if asked.outcome is Outcome.ANSWERED:
        ends = () if asked.end_reason else (Control.END,)
        return (Control.GOOD, Control.BAD, Control.NEW, *ends)
    # The same words would be too long again.
    return (Control.RETRY,) if asked.outcome in _BROKEN and asked.notice != Notice.TOO_LONG else ()


def token_of(turn_id: str) -> str:
    """Return the 16 characters by which a button names a turn: they tell nothing, and need not be kept anywhere.

    `scripts/stop.lua` and `scripts/rate.lua` make the same.
    """
    return hashlib.sha1(turn_id.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:_TOKEN_CHARACTERS]
