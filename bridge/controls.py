"""What people can press beside a reply, and how a press names the turn that it is about."""

import hashlib

from bridge.models import Asked, Control, Outcome, QuestionKind
from bridge.notices import Notice

ANY_TURN = "*"
"""In the place of a turn's token: whichever is at work. As for a press, the channel itself answers."""
_TOKEN_CHARACTERS = 16
_BROKEN = frozenset({Outcome.INTERRUPTED, Outcome.STOPPED, Outcome.REFUSED})


def controls_after(asked: Asked, kind: QuestionKind) -> tuple[Control, ...]:
    """Return what may be pressed once a turn of this kind has ended so. Commands and lost places have nothing."""
    if asked.outcome is Outcome.ANSWERED:
        ends = () if asked.end_reason else (Control.END,)
        return (Control.GOOD, Control.BAD, Control.NEW, *ends)
    # There are words to ask again, and they would not be too long again.
    has_words = kind in {QuestionKind.ASK, QuestionKind.RETRY} and asked.notice != Notice.TOO_LONG
    return (Control.RETRY,) if has_words and asked.outcome in _BROKEN else ()


def token_of(turn_id: str) -> str:
    """Return the 16 characters by which a button names a turn: they tell nothing, and need not be kept anywhere.

    `scripts/stop.lua` and `scripts/rate.lua` make the same.
    """
    return hashlib.sha1(turn_id.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:_TOKEN_CHARACTERS]
