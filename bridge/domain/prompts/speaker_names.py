"""Who said it: names on questions once several people speak in one conversation. Pure.

A named question is `Name (id): first line`, and each further line is indented. So a line of a person's text, or a
display name, cannot pass for another person's words: no line but the first begins with a name.
"""

import re
import unicodedata

from bridge.domain.errors import QuestionTooLong
from bridge.domain.incoming import Question
from bridge.domain.sessions import Session
from bridge.domain.turns import PromptContext

_MOST_NAME_CHARACTERS = 40
_INDENT = "  "
_FRAME_SIGNS = frozenset(":()[]<>")
"""What frames a name, and what could be taken for that."""
_NAME_LIKE = re.compile(r"[^:：]{1,80}[:：]")  # noqa: RUF001 - the full-width colon is meant


def is_another_speaker(question: Question, session: Session) -> bool:
    """Say whether another person asks than the one who opened the session."""
    return bool(session.person_id) and question.person.id != session.person_id


def needs_speaker(question: Question) -> bool:
    """Say whether the question has to be named although no other person has asked yet.

    Where other people read along, a line such as "Bob: yes" could be taken for Bob's.
    """
    return not question.origin.is_direct and any(map(_NAME_LIKE.match, question.text.splitlines()))


def with_speaker_name(question: Question, circumstances: PromptContext) -> str:
    """Return what the agent reads: the question, with its asker in front where the circumstances say so.

    Raises `QuestionTooLong` where that does not fit: without the asker the question could pass for another person's.
    """
    if not circumstances.names_speaker:
        return question.text
    named = spoken(question.text, speaker_label(question.person.name, question.person.id))
    if len(named) > circumstances.at_most:
        raise QuestionTooLong
    return named


def speaker_label(name: str, person_id: str = "") -> str:
    """Return `Name (id)`; the id alone for a person without a readable name."""
    readable = _readable(name)
    if not person_id:
        return readable
    return f"{readable} ({person_id})" if readable else f"({person_id})"


def spoken(text: str, label: str) -> str:
    """Put a speaker in front of a text, so that no further line of it can pass for another speaker's."""
    first, *further = text.splitlines() or [""]
    return "\n".join([f"{label}: {first}", *(_INDENT + line if line.strip() else "" for line in further)])


def _readable(name: str) -> str:
    """Make a name one short line without the signs that frame it here: people choose their names freely."""
    plain = unicodedata.normalize("NFKC", name)
    shown = "".join(sign if sign.isprintable() and sign not in _FRAME_SIGNS else " " for sign in plain)
    return " ".join(shown.split())[:_MOST_NAME_CHARACTERS].rstrip()
