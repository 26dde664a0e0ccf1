"""One question and everything done to answer it: lease, record, outcome."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.exchanges import Exchange
from bridge.domain.files import FileMark
from bridge.domain.incoming import Queued
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey

_TOKEN_CHARACTERS = 16
_REFERENCE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one thread until it runs out; every later write carries its fence."""

    thread: ThreadKey
    fence: str
    """Different for every claim by any worker, also where the store has forgotten earlier ones."""
    question_id: str = ""
    """The question that was begun under it: what is written with this lease is not for any later one."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of leases that were to be moved ahead."""

    lost: Sequence[Lease]
    """Another worker has the thread, or it moved away."""
    stopped: Sequence[str]
    """Questions at work under the others whose answers a person stopped."""


class Step(StrEnum):
    """How far a turn has come. Recorded before the step is taken."""

    CLAIMED = "claimed"
    """Nothing has left the bridge for this question."""
    SENDING = "sending"
    """The question may have reached the conversation named in the record."""
    ANSWERED = "answered"
    """The whole answer is in the record: it only remains to be shown."""


class Outcome(StrEnum):
    """How a turn ended: exactly one for each question."""

    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    """The text so far and a notice."""
    STOPPED = "stopped"
    """A person stopped it: the text so far and a notice."""
    REFUSED = "refused"
    """A notice instead of an answer."""
    COMMAND_DONE = "command_done"
    SUPERSEDED = "superseded"
    """A notice: its asker's newer question is answered instead. It never reached the agent."""
    UNDELIVERABLE = "undeliverable"
    """The place is gone: no one is left to see an answer."""
    EXCLUDED = "excluded"
    """The asker may not ask: nothing was done, and the bridge takes no part in the thread because of it."""
    DEAD = "dead"
    """Given up after too many attempts."""


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """How asking came out."""

    outcome: Outcome
    notice: str = ""
    """The notice that ends the reply; empty where the text says it all."""
    usage: Mapping[str, int] = field(default_factory=dict)
    history_count: int | None = None
    """Messages in TalkifAI's history now; None when that is not certain."""
    end_reason: EndReason | None = None
    """Set: the session is to be ended."""
    tools: tuple[str, ...] = ()
    """The tools that the agent used, by their names."""
    continues: str = ""
    """The line that says from when the thread goes on."""
    may_retry: bool = True
    """False where the same words would be refused again."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """What is known of a turn that may have begun before: read by the worker that takes the thread."""

    attempts: int
    """How often the turn was begun, this time included."""
    step: Step = Step.CLAIMED
    conversation_id: str = ""
    history_count: int = 0
    """How many messages the conversation's history held before the question was sent."""
    wording: str = ""
    """What was sent, where it is not the question's text alone: the history holds it in these words."""
    message_ids: tuple[str, ...] = ()
    """The channel messages that show the reply, in order of its pages."""
    has_begun: bool = False
    """True when people were shown something that the agent said or did: the question has surely arrived."""
    text: str = ""
    """The agent's text, at least as far as people have seen it; whole from step `ANSWERED` on."""
    asked: AnswerResult | None = None
    """How asking came out, from step `ANSWERED` on."""
    cut_at: int | None = None
    """How many characters of the answer had come when the bridge itself hung up on it, to stop; None: it did not."""
    asked_again: int = 0
    """How often the question was sent once more because the bridge had hung up on its answer."""
    is_superseded: bool = False
    """True when the same person asked a newer question, which is answered instead."""
    is_stopped: bool = False
    """True when a person stopped this answer."""
    files: Mapping[str, FileMark] = field(default_factory=dict)
    """How far each file of the answer has come, by its name."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """The head of a thread's inbox, and the record of its turn."""

    queued: Queued
    record: TurnRecord


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling a turn writes, in one step with removing the question from the inbox."""

    outcome: Outcome
    idle_timeout_s: float
    """The session's next idle deadline, from now."""
    usage: Mapping[str, int] = field(default_factory=dict)
    history_count: int | None = None
    end_reason: EndReason | None = None
    """Set: the session's ending begins in the same step."""
    may_be_rated: bool = False
    """People can say whether this answer helped."""
    exchange: Exchange | None = None
    """What the thread's next conversation is to know of it."""
    conversation_id: str = ""
    """Where the agent was asked; empty where it was not."""
    first_text_s: float | None = None
    """From the question to its first text, by the clocks of the channel and this worker; None where none was shown."""
    whole_text_s: float | None = None
    """From the question to the whole reply."""
    renders: int = 0
    """How often the reply's pages were made: at most once for each call and each page."""


@dataclass(frozen=True, slots=True)
class PromptContext:
    """What a channel needs to know to put a question into words for the agent."""

    is_first: bool
    """The conversation holds no question yet."""
    names_speaker: bool
    """The agent has to read who speaks: several people do, or the text could be taken for another person's."""
    at_most: int
    """Characters that the agent takes. The question's own text fits."""


def reference_of(question_id: str) -> str:
    """Return the short name of a turn that the log has, and that people read in a notice that it failed."""
    return token_of(question_id)[:_REFERENCE_CHARACTERS]


def token_of(turn_id: str) -> str:
    """Return the 16 characters by which a button names a turn: they tell nothing, and need not be kept anywhere.

    `scripts/stop.lua` and `scripts/rate.lua` make the same.
    """
    return hashlib.sha1(turn_id.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:_TOKEN_CHARACTERS]
