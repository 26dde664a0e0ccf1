"""What is kept encrypted in Redis where there are keys: session tokens and the words of people and of the agent.

Fernet: AES-128 in CBC mode, HMAC-SHA-256. A sealed value holds the name of what it belongs to, so that one which was
copied to another place does not open there. Scripts join the texts of questions by line ends: each line of a text may
be sealed for itself.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from adapters.redis_store.schema.codec import Unreadable
from bridge.domain.exchanges import Exchange
from bridge.domain.incoming import Question, Queued
from bridge.domain.sessions import Conversation, Session
from bridge.domain.turns import InboxItem, Lease, TurnRecord

MARK = "\x02sealed:"
"""Stands before what is sealed. No service lets people write the control sign."""


class Sealing:
    """Seals with the first key and opens with any of them. Without keys values stay as they are.

    What was kept before there was a key is read as it is.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._newest = Fernet(keys[0]) if keys else None
        self._any = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def close(self, text: str, name: str) -> str:
        """Seal a text for the thing of that name."""
        if self._newest is None or not text:
            return text
        return MARK + self._newest.encrypt(json.dumps([name, text]).encode()).decode()

    def open(self, text: str, name: str) -> str:
        """Return what was sealed for that name. Raises `Unreadable` where no key opens it, or another name is in it."""
        if MARK not in text:
            return text
        return "\n".join(self._opened(line, name) if line.startswith(MARK) else line for line in text.split("\n"))

    def close_session(self, session: Session) -> Session:
        """Seal the token."""
        return _with_token(session, self.close(session.conversation.token, _token_of(session)))

    def open_session(self, session: Session) -> Session:
        """Open the token. Raises `Unreadable`."""
        return _with_token(session, self.open(session.conversation.token, _token_of(session)))

    def close_queued(self, queued: Queued) -> Queued:
        """Seal the words of a question, and what its files are called and where they are."""
        return _with_question(queued, self.close) if isinstance(queued, Question) else queued

    def open_queued(self, queued: Queued) -> Queued:
        """Open the words of a question and its files. Raises `Unreadable`."""
        return _with_question(queued, self.open) if isinstance(queued, Question) else queued

    def close_said(self, lease: Lease, text: str) -> str:
        """Seal a text of the record of the turn under this lease."""
        return self.close(text, _turn_of(lease.question_id))

    def open_item(self, queued: Queued, record: TurnRecord, question_id: str) -> InboxItem:
        """Open a question and the record of its turn. Raises `Unreadable`."""
        text, wording = (self.open(words, _turn_of(question_id)) for words in (record.text, record.wording))
        return InboxItem(self.open_queued(queued), replace(record, text=text, wording=wording))

    def close_exchange(self, exchange: Exchange) -> Exchange:
        """Seal what was said."""
        return _with_words(exchange, self.close)

    def open_exchange(self, exchange: Exchange) -> Exchange:
        """Open what was said. Raises `Unreadable`."""
        return _with_words(exchange, self.open)

    def _opened(self, line: str, name: str) -> str:
        if self._any is None:
            raise Unreadable("BRIDGE_SECRET_KEY is not set, and something in Redis is sealed")
        try:
            meant_for, text = json.loads(self._any.decrypt(line.removeprefix(MARK)))
        except (InvalidToken, ValueError, TypeError):
            raise Unreadable("BRIDGE_SECRET_KEY does not open something in Redis") from None
        if meant_for != name:
            raise Unreadable("something in Redis was sealed for another place")
        return str(text)


def _token_of(session: Session) -> str:
    return f"token:{session.conversation.id}"


def _with_token(session: Session, token: str) -> Session:
    return replace(session, conversation=Conversation(session.conversation.id, token))


def _words_of(question: Question) -> str:
    # Parts of one question have all of this in common, and so has the question that is asked again.
    return f"question:{question.thread}:{question.person.id}"


def _with_question(question: Question, change: Callable[[str, str], str]) -> Question:
    name = _words_of(question)
    files = (replace(file, name=change(file.name, name), ref=change(file.ref, name)) for file in question.files)
    return replace(question, text=change(question.text, name), files=tuple(files))


def _with_words(exchange: Exchange, change: Callable[[str, str], str]) -> Exchange:
    name = f"said:{exchange.conversation_id}:{exchange.person.id}"
    return replace(exchange, question=change(exchange.question, name), answer=change(exchange.answer, name))


def _turn_of(question_id: str) -> str:
    return f"turn:{question_id}"
