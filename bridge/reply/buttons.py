"""What people can press beside a reply, and how a press names the turn that it is about."""

from bridge.domain.incoming import QuestionKind
from bridge.domain.notices import Notice
from bridge.domain.pages import Button
from bridge.domain.turns import AnswerResult, Outcome

_BROKEN = frozenset({Outcome.INTERRUPTED, Outcome.STOPPED, Outcome.REFUSED})


def buttons_after(asked: AnswerResult, kind: QuestionKind) -> tuple[Button, ...]:
    """Return what may be pressed once a turn of this kind has ended so. Commands and lost places have nothing."""
    if asked.outcome is Outcome.ANSWERED:
        ends = () if asked.end_reason else (Button.END,)
        return (Button.GOOD, Button.BAD, Button.NEW, *ends)
    # There are words to ask again, and they would not be too long again.
    has_words = kind in {QuestionKind.ASK, QuestionKind.RETRY} and asked.notice != Notice.TOO_LONG
    return (Button.RETRY,) if has_words and asked.outcome in _BROKEN else ()
