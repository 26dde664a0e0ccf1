"""For how long, and how many, of everything that is kept."""

from dataclasses import dataclass, field

from bridge.domain.exchanges import CarryOverLimits


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """The bounds of everything that is kept."""

    lease_s: float = 30.0
    """How long a thread belongs to a worker that says nothing more."""
    opening_s: float = 60.0
    """How long after its beginning an opening that was neither recorded nor given up counts as lost."""
    presence_s: float = 60.0
    """How long after its last word a worker is taken to live by the others."""
    inbox_length: int = 50
    """Questions that may wait in one thread."""
    queued_from: int = 3
    """From so many questions in one thread on, a notice says that they wait."""
    dedupe_s: float = 48 * 3600.0
    """How long a message is recognised by its id. Telegram keeps an update for 24 hours, Slack repeats for about 1."""
    dedupe_further_s: float = 2 * 3600.0
    """How long it is recognised by what else it is called."""
    known_thread_s: float = 7 * 86400.0
    """How long a silent thread stays one that the bridge takes part in."""
    joined_characters: int = 10_000
    """How long a question may be, one of several messages too. TalkifAI takes no longer one, so none is kept."""
    session_s: float = 24 * 3600.0
    """The life of a TalkifAI session token: no session outlives it."""
    reply_root_s: float = 7 * 86400.0
    unanswered_s: float = 24 * 3600.0
    """How long a question whose answer did not come out whole can be asked again by a word."""
    rated_s: float = 30 * 86400.0
    """For how long people can say whether an answer helped."""
    told_wordless_s: float = 3600.0
    """How long a place is not told again that only text is read."""
    busy_delay_s: float = 30.0
    """How far an idle deadline moves when the thread is busy."""
    unserved_s: float = 300.0
    """How long after its deadline a session ends although a question waits that no worker takes."""
    bell_length: int = 64
    dead_letters: int = 1000
    dead_letter_s: float = 30 * 86400.0
    ledger_s: float = 365 * 86400.0
    ratings_s: float = 365 * 86400.0
    carried: CarryOverLimits = field(default_factory=CarryOverLimits)
    """What of a thread outlives its conversation."""
    remarks: int = 30
    """Of what was said while a person had a thread, so many of the newest are kept, and so many bytes."""
    remark_bytes: int = 60_000
    hand_back_s: float = 24 * 3600.0
    """For so long nothing was said in a thread that a person has: the agent gets it back."""
    carried_again_s: float = 1800.0
    """How old that may be to be written down again for a server that forgot it: then TalkifAI has closed all."""
    ledger_lines: int = 5000
    """Lines of the ledger, and as many of the ratings; about 250 bytes each."""
