"""What is not known of the live service. Each may be set the other way, so that tests try both."""

from dataclasses import dataclass


@dataclass(slots=True)
class Assumptions:
    """How this Slack behaves where the documentation does not tell."""

    cuts_long_updates: bool = False
    """Whether `chat.update` silently cuts a `text` that is too long (openclaw#128613), or refuses it (docs)."""
    repairs_expired_streams: bool = True
    """Whether `chat.update` may change a stream that expired, or answers as for a live one."""
    repeats_presses: bool = True
    """Whether a press that was not acknowledged is delivered again, as events are."""
    takes_late_acks: bool = False
    """Whether an acknowledgement over another socket than the envelope's counts."""
    presses_name_the_thread: bool = True
    """Whether a press carries `container.thread_ts`; its message has a `thread_ts` anyway."""
