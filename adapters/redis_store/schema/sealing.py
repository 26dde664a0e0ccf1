"""What is kept encrypted in Redis where there are keys: session tokens and the words of people and of the agent.

Fernet: AES-128 in CBC mode, HMAC-SHA-256. A sealed value holds the name of what it belongs to, so that one which was
copied to another thread does not open there. Scripts join the texts of questions by line ends: each line of a text may
be sealed for itself.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.redis_store.schema.codec import Unreadable, unpack
from bridge.domain.exchanges import Exchange, Summary
from bridge.domain.incoming import Question, Queued
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import InboxItem, Lease, TurnRecord

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

MARK = "\x02sealed:"
"""Stands before what is sealed. No service lets people write the control sign."""


class Sealing:
    """Seals with the first key and opens with any of them. Without keys values stay as they are.

    What was kept before there was a key is read as it is. Tokens and exchanges that were sealed without the name of
    their thread, by an earlier build, open too: they last a day and `BRIDGE_CARRY_OVER_HOURS`.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._any = _fernet(keys) if keys else None

    @property
    def has_keys(self) -> bool:
        """Whether anything is sealed."""
        return self._any is not None

    def close(self, text: str, name: str) -> str:
        """Seal a text for the thing of that name."""
        if self._any is None or not text:
            return text
        return MARK + self._any.encrypt(json.dumps([name, text]).encode()).decode()

    def open(self, text: str, *names: str) -> str:
        """Return what was sealed for one of these names. Raises `Unreadable`: no key opens it, or another's name."""
        if MARK not in text:
            return text
        return "\n".join(self._opened(line, names) if line.startswith(MARK) else line for line in text.split("\n"))

    def close_session(self, session: Session) -> Session:
        """Seal the token, and the name by which TalkifAI knows the person, for its thread."""
        name = _token_of(session)
        return _with_secrets(session, lambda text: self.close(text, name))

    def open_session(self, session: Session) -> Session:
        """Open both. Raises `Unreadable`."""
        if MARK not in session.conversation.token and MARK not in session.user_identifier:
            return session
        names = _token_of(session), f"token:{session.conversation.id}"
        return _with_secrets(session, lambda text: self.open(text, *names))

    def close_name(self, name: str, thread: ThreadKey, person_id: str) -> str:
        """Seal a person's name, as `close_queued` does."""
        return self.close(name, _asked_in(thread, person_id))

    def open_name(self, text: str, thread: ThreadKey, person_id: str) -> str:
        """Open the name of the person who took a thread over; empty where it cannot be read."""
        try:
            return self.open(text, _asked_in(thread, person_id))
        except Unreadable:
            return ""

    def close_queued(self, queued: Queued) -> Queued:
        """Seal who asks, the words of a question, and what its files are called and where they are."""
        return _with_asked(queued, self.close) if self.has_keys else queued

    def open_queued(self, queued: Queued, thread: ThreadKey | None = None) -> Queued:
        """Open what is sealed of what was found in this thread. Raises `Unreadable`."""
        return _with_asked(queued, self.open, thread)

    def close_said(self, lease: Lease, text: str) -> str:
        """Seal a text of the record of the turn under this lease."""
        return self.close(text, _turn_of(lease.question_id))

    def open_item(self, queued: Queued, record: TurnRecord, question_id: bytes, thread: ThreadKey) -> InboxItem:
        """Open a question and the record of its turn, as they were found in a thread. Raises `Unreadable`."""
        text, wording = (self.open(words, _turn_of(unpack(question_id))) for words in (record.text, record.wording))
        return InboxItem(self.open_queued(queued, thread), replace(record, text=text, wording=wording))

    def close_exchange(self, exchange: Exchange, thread: ThreadKey) -> Exchange:
        """Seal what was said in a thread."""
        name = _said_in(exchange, thread)
        return _with_words(exchange, lambda words: self.close(words, name))

    def open_exchange(self, exchange: Exchange, thread: ThreadKey) -> Exchange:
        """Open what was said. Raises `Unreadable`."""
        names = _said_in(exchange, thread), f"said:{exchange.conversation_id}:{exchange.person.id}"
        return _with_words(exchange, lambda words: self.open(words, *names))

    def close_summary(self, summary: Summary) -> Summary:
        """Seal a summary."""
        return replace(summary, text=self.close(summary.text, _summary_of(summary)))

    def open_summary(self, summary: Summary) -> Summary:
        """Open a summary. Raises `Unreadable`."""
        return replace(summary, text=self.open(summary.text, _summary_of(summary)))

    def _opened(self, line: str, names: Sequence[str]) -> str:
        if self._any is None:
            raise Unreadable("BRIDGE_SECRET_KEY is not set, and something in Redis is sealed")
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - as below

        try:
            meant_for, text = json.loads(self._any.decrypt(line.removeprefix(MARK)))
        except (InvalidToken, ValueError, TypeError):
            raise Unreadable("BRIDGE_SECRET_KEY does not open something in Redis") from None
        if meant_for not in names:
            raise Unreadable("something in Redis was sealed for another place")
        return str(text)


def _token_of(session: Session) -> str:
    return f"token:{session.thread}:{session.conversation.id}"


def _with_secrets(session: Session, change: Callable[[str], str]) -> Session:
    conversation = Conversation(session.conversation.id, change(session.conversation.token))
    return replace(session, conversation=conversation, user_identifier=change(session.user_identifier))


def _asked_in(thread: ThreadKey, person_id: str) -> str:
    # Parts of one question have all of this in common, and so has the question that is asked again.
    return f"question:{thread}:{person_id}"


def _with_asked(queued: Queued, change: Callable[[str, str], str], thread: ThreadKey | None = None) -> Queued:
    person = queued.person
    name = _asked_in(thread or queued.thread, person.id)
    person = replace(person, name=change(person.name, name), handle=change(person.handle, name))
    metadata = {key: change(value, name) for key, value in queued.origin.metadata.items()}
    origin = replace(queued.origin, person=person, metadata=metadata)
    if not isinstance(queued, Question):
        return replace(queued, origin=origin)
    files = (replace(file, name=change(file.name, name), ref=change(file.ref, name)) for file in queued.files)
    return replace(queued, origin=origin, text=change(queued.text, name), files=tuple(files))


def _said_in(exchange: Exchange, thread: ThreadKey) -> str:
    return f"said:{thread}:{exchange.conversation_id}:{exchange.person.id}"


def _with_words(exchange: Exchange, change: Callable[[str], str]) -> Exchange:
    person = replace(exchange.person, name=change(exchange.person.name))
    return replace(exchange, question=change(exchange.question), answer=change(exchange.answer), person=person)


def _turn_of(question_id: str) -> str:
    return f"turn:{question_id}"


def _fernet(keys: Sequence[str]) -> "MultiFernet":
    """Make what seals with the first key. It is loaded here: a worker without a key has 7 MB less."""
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - the reason stands above

    return MultiFernet([Fernet(key) for key in keys])


def _summary_of(summary: Summary) -> str:
    # A place that moves takes it along: the thread's name is not part of it.
    return f"summary:{summary.thread.thread}:{summary.conversation_id}"
