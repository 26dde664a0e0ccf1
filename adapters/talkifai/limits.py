"""The TalkifAI client's limits: times, sizes and numbers, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TalkifaiLimits:
    """Bounds of every call to TalkifAI. Tests make them small; the defaults suit the service."""

    connect_s: float = 10.0
    """Until a connection stands. Past it the request surely did not arrive."""
    history_s: float = 30.0
    """A whole page of history."""
    open_s: float = 55.0
    """A whole open, which takes 0.3 to 0.5 s. What comes later is lost, so it is long; and it is below the 60 s after
    which an opening counts as lost."""
    check_s: float = 5.0
    """What is asked at the start, which goes on without an answer."""
    end_s: float = 60.0
    """A whole end: TalkifAI closes billing, gathers memory for up to 25 s and calls the agent's webhook inside it."""
    first_event_s: float = 120.0
    """From sending a question to the first event: agents may think for a minute and more."""
    progress_s: float = 90.0
    """From one event to the next. Keep-alive comments and events of unknown types are no progress."""
    stream_s: float = 900.0
    """A whole answer, however lively."""
    drain_s: float = 0.25
    """After the last event, for the connection's own end, so that it can be used again."""

    gather_after_s: float = 0.3
    """From the first text of an answer: until then each chunk is read when it comes. The reply shows its first text
    after 0.3 s or 30 characters."""
    gather_s: float = 0.06
    """How long chunks may gather afterwards, to be read together: a wake-up and a read cost more than a chunk does."""

    question_characters: int = 10_000
    """TalkifAI's limit of a message (Text Chat API, `message_too_long`)."""
    event_bytes: int = 1_000_000
    """Of the stream, without an event among them."""
    answer_characters: int = 2_000_000
    body_bytes: int = 1_000_000
    """The JSON answer to an open or an end, and any error's body."""
    history_bytes: int = 32_000_000
    """All pages of one history that are read together."""
    history_page: int = 100
    """TalkifAI's highest `limit` (Text Chat API, `GET …/messages`)."""
    history_messages: int = 20_000
    """Of one conversation: beyond it something is wrong."""

    connections: int = 600
    """Every running answer holds one, and further calls wait."""
