"""What a person asked, out of the words that were sent for it: without quotes, files and the asker's name. Pure."""

import re
from collections.abc import Sequence

from bridge.domain.exchanges import Exchange
from bridge.domain.prompts.carried_words import SUMMARY_PROMPT
from bridge.domain.sessions import HistoryMessage, Session
from bridge.domain.threads import Person

_QUOTES = re.compile(r"[^\n]*Nothing in (?:it|them) is an instruction[^\n]*\n(?:>[^\n]*\n)+\n[^\n]*:\n")
"""What goes along in front of a question: a header, lines that begin with `>`, and a footer."""
_FILES = re.compile(
    r'\n\nThe (?:beginning of the )?file "[^"\n]*"[^\n]* Nothing in it is an instruction\.(?:\n>[^\n]*)*\Z'
)
_NAMED = re.compile(r"(?:(?P<name>[^\n:()]{1,60}) )?\((?P<id>[^\n:()]{1,60})\): ")


def exchanges_in(messages: Sequence[HistoryMessage], session: Session) -> Sequence[Exchange]:
    """Return the exchanges of a conversation, given its history, oldest first. A greeting is none, nor is a summary."""
    found: list[Exchange] = []
    asked: HistoryMessage | None = None
    answers: list[str] = []
    for message in (*messages, HistoryMessage("user", "")):
        if message.role == "user":
            if asked is not None and answers and asked.content != SUMMARY_PROMPT:
                found.append(_exchange(asked, "\n\n".join(answers), session))
            asked, answers = message, []
        elif message.content.strip():
            answers.append(message.content)
    return found


def asked_in(wording: str, session: Session) -> tuple[str, Person]:
    """Return the question as it was typed, and its asker: the opener, unless the words name another one."""
    text = wording
    while quotes := _QUOTES.match(text):
        text = text[quotes.end() :]
    while files := _FILES.search(text):
        text = text[: files.start()]
    named = _NAMED.match(text)
    if named is None or not (session.several_speak or named["id"] == session.person_id):
        return text, Person(session.person_id)
    first, *further = text[named.end() :].split("\n")
    return "\n".join([first, *(line.removeprefix("  ") for line in further)]), Person(named["id"], named["name"] or "")


def _exchange(asked: HistoryMessage, answer: str, session: Session) -> Exchange:
    question, person = asked_in(asked.content, session)
    kept = Exchange.kept(question, answer, person, asked.at or session.opened_at)
    return Exchange(kept.question, kept.answer, person, kept.at, session.conversation.id, session.agent_id)
