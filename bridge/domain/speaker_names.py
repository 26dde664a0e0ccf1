"""Who said it: names on questions once several people speak in one conversation. Pure."""

from bridge.domain.incoming import Question
from bridge.domain.sessions import Session
from bridge.domain.turns import PromptContext

_MOST_NAME_CHARACTERS = 40


def is_another_speaker(question: Question, session: Session) -> bool:
    """Say whether somebody else than the one who opened the session asks."""
    return bool(session.person_id) and question.person.id != session.person_id


def with_speaker_name(question: Question, circumstances: PromptContext) -> str:
    """Return what the agent is told: the question, with the asker's name in front once several people have asked.

    A person without a known name gets none, and so does a question that would become too long by it.
    """
    name = _readable(question.person.name)
    if not name or not circumstances.names_speaker:
        return question.text
    named = f"{name}: {question.text}"
    return named if len(named) <= circumstances.at_most else question.text


def _readable(name: str) -> str:
    """Make a name one short line without the sign that ends it here: people choose their names freely."""
    return " ".join(name.replace(":", " ").split())[:_MOST_NAME_CHARACTERS].rstrip()
