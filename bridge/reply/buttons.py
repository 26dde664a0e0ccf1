"""What people can press beside a reply, and how a press names the turn that it is about."""

from bridge.domain.incoming import CommandName, Question, Queued
from bridge.domain.pages import Button
from bridge.domain.sessions import EndReason
from bridge.domain.turns import AnswerResult, Outcome

_BROKEN = frozenset({Outcome.INTERRUPTED, Outcome.STOPPED, Outcome.REFUSED})


def buttons_after(asked: AnswerResult, queued: Queued) -> tuple[Button, ...]:
    """Return what may be pressed once this turn has ended so. Commands and lost places have nothing."""
    if asked.outcome is Outcome.ANSWERED:
        if asked.end_reason is EndReason.HUMAN:
            return (Button.GOOD, Button.BAD)
        ends = () if asked.end_reason else (Button.END, Button.HUMAN)
        return (Button.GOOD, Button.BAD, Button.NEW, *ends)
    # There are words to ask again, and they would not be too long again.
    has_words = isinstance(queued, Question) or queued.name is CommandName.RETRY
    may_retry = has_words and asked.may_retry and asked.outcome in _BROKEN
    return (Button.RETRY,) if may_retry else ()
