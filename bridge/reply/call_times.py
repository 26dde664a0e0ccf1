"""When a reply's next call may be made, as far as the reply itself knows: waits, back-off, and how late it is."""

import logging

from bridge.domain.limits.rate_limits import CallRequest, ChannelLimits, Priority
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.page_list import CallKind
from bridge.reply.reply import Reply
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

FIRST_TEXT_CHARACTERS = 30
FIRST_TEXT_WAIT_S = 0.3
"""The first text goes out with that many characters, or that long after the first one came."""
LOOK_AGAIN_S = 60.0
_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.5, 15.0
_BUTTONS_WITHIN_S = 2.0
"""How long a turn whose whole text is shown waits for the room to change its buttons."""
_UNSEEN_S = 0.1
"""How soon to look again where nothing of the first text is certain enough to be shown."""


class CallTimes:
    """The times of one reply. All durations are seconds."""

    def __init__(self, reply: Reply, pacing: ChannelLimiter, pace: ChannelLimits, clock: Clock) -> None:
        self._reply = reply
        self._pacing = pacing
        self._pace = pace
        self._clock = clock
        self._began = clock.monotonic()
        self._first_text_at: float | None = None
        self._ended_at: float | None = None
        self._call_ended = 0.0
        self._backoff_s = 0.0
        self._not_before = 0.0
        self._look_not_before = 0.0
        self._refused: tuple[Priority, float] | None = None
        """What the pacing last refused, and until when it need not be asked for that again."""
        self._refusals = 0
        self._excused_until = 0.0
        """Until then it is the service's limit that keeps the reply from being shown."""

    def note_text(self) -> None:
        """Note that the reply has changed. The first text is looked at without delay."""
        if self._first_text_at is None and self._reply.length:
            self._first_text_at = self._clock.monotonic()
            self._look_not_before = 0.0

    def note_end(self) -> None:
        """Note when the reply ended, and how long it streamed."""
        if self._reply.ended and self._ended_at is None:
            self._ended_at = self._clock.monotonic()
            if self._first_text_at is not None:
                self._pacing.learn(self._ended_at - self._first_text_at)

    def note_call(self) -> None:
        """Note that a call has ended, however it went."""
        self._call_ended = self._clock.monotonic()

    def note_answer(self) -> None:
        """Note that the channel has answered."""
        self._backoff_s = 0.0

    def note_failure(self) -> float:
        """Note that the channel did not answer; return how long to wait before the next call."""
        self._backoff_s = min(max(self._backoff_s * 2, _BACKOFF_FIRST_S), _BACKOFF_MOST_S)
        return self._backoff_s

    def pause(self, seconds: float) -> None:
        """Make no call for so long after the last one."""
        self._backoff_s = seconds

    def note_refusal(self, kind: Priority, wait_s: float) -> None:
        """Note that the pacing says to ask again after that time."""
        until = self._clock.monotonic() + wait_s
        self._refused = kind, until
        self._refusals += 1
        self._excused_until = max(self._excused_until, until)

    def note_grant(self) -> None:
        """Note that the pacing lets a call be made."""
        self._refused, self._refusals = None, 0

    @property
    def is_refused_again(self) -> bool:
        """Whether the pacing has refused more than once since it last let a call be made: there is a crowd."""
        return self._refusals > 1

    def note_limit(self, retry_after_s: float, *, is_unknown: bool) -> None:
        """Note a 429. One in a scope that the pacing does not connect with the call is waited out here."""
        self._excused_until = self._clock.monotonic() + retry_after_s
        if is_unknown:
            self._not_before = self._excused_until

    def rest_s(self) -> float:
        """Return for how long the pages need not be looked at; not above 0 for not at all."""
        return 0.0 if self._reply.ended else self._look_not_before - self._clock.monotonic()

    def rest(self, wait_s: float) -> float:
        """Leave the pages alone until a call may be made: to look at them for each chunk costs more than all else."""
        self._look_not_before = self._clock.monotonic() + wait_s
        return wait_s

    def rest_unchanged(self) -> float:
        """Leave the pages alone after a look that found nothing to show; return for how long."""
        wait_s = self._pace.edit_floor_s if self._call_ended else _UNSEEN_S
        self._look_not_before = self._clock.monotonic() + wait_s
        return LOOK_AGAIN_S

    def hold_first_text_s(self) -> float:
        """Return how long the first text is still held back, so that it is worth reading."""
        reply = self._reply
        if reply.ended or reply.status or reply.length >= FIRST_TEXT_CHARACTERS:
            return 0.0
        if self._first_text_at is None:
            return LOOK_AGAIN_S
        return self._first_text_at + FIRST_TEXT_WAIT_S - self._clock.monotonic()

    def due_in_s(self, kind: Priority) -> float:
        """Return how long a call of this kind has to wait, before the pacing is asked; not above 0 for not at all."""
        now = self._clock.monotonic()
        if now < self._not_before:
            return self._not_before - now
        if self._backoff_s:
            return self._call_ended + self._backoff_s - now
        if self._refused is not None and kind >= self._refused[0] and now < self._refused[1]:
            return self._refused[1] - now
        if kind < Priority.BETWEEN:
            return 0.0
        age_s = now - (self._first_text_at or self._began)
        return self._call_ended + self._pacing.edit_interval_s(self._pace, age_s) - now

    def waits_s(self, kind: Priority) -> float:
        """Return for how long people have not been up to date."""
        since = self._call_ended
        if kind is Priority.FINAL and self._ended_at is not None:
            since = self._ended_at
        elif kind is Priority.FIRST:
            since = self._first_text_at or self._began
        return self._clock.monotonic() - since

    def request(self, kind: CallKind, live: str) -> CallRequest:
        """Return what the limits are asked for. `live`: the name under which the reply counts as live."""
        return self._pacing.asked(
            kind.priority,
            kind.budgets,
            reply=live,
            is_last=kind.is_last,
            waits_s=self.waits_s(kind.priority),
            reserves=kind.reserves,
        )

    def wait_for_buttons(self, wait_s: float) -> float | None:
        """Wait a moment for the edit that brings the last buttons, while people read the whole text; else leave it."""
        return wait_s if self.waits_s(Priority.FINAL) + wait_s <= _BUTTONS_WITHIN_S else None

    def is_late(self, limit_s: float) -> bool:
        """Say whether the reply could not be shown for so long after its end. A limit only makes it wait."""
        if self._ended_at is None:
            return False
        return self._clock.monotonic() - max(self._ended_at, self._excused_until) >= limit_s
