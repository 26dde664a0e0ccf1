"""Calls to a channel and the budgets they count in, as values. Durations are seconds."""

from dataclasses import dataclass
from enum import IntEnum

AHEAD_S = 10.0
"""How far ahead the room for in-between edits is counted: calls that leave the window until then are free again."""
LIVE_FOR_S = 30.0
"""How long a reply counts as live without a further word: those of a killed worker are forgotten then."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `calls` in any `window_s` seconds, for all calls of one scope together."""

    scope: str
    calls: int
    window_s: float
    keeps_room: bool = True
    """In-between edits leave room for the last texts of all live replies. False where that is not needed: no edits
    count there, or the window is over in a moment."""


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """How a channel wants a place's calls spaced."""

    edit_floor_s: float
    """The shortest time from the end of one edit to the next edit of the same message."""
    posts: tuple[Budget, ...]
    edits: tuple[Budget, ...]
    finals: tuple[Budget, ...] = ()
    """For the edit that makes a page final; empty: as `edits`."""
    drafts: tuple[Budget, ...] = ()
    """For showing a page that is not posted yet (`Channel.draft`)."""
    finds: tuple[Budget, ...] = ()
    """Where look-ups of a lost post count."""
    activity: tuple[Budget, ...] = ()
    """Where the sign that the agent is at work counts."""
    activity_every_s: float = 4.5
    """How often "is typing" has to be shown again to stay."""
    activity_after_s: float = 0.0
    """How long the first text is waited for before that sign is shown at all."""


class Priority(IntEnum):
    """Who goes first where a budget is short: the smaller number."""

    FINAL = 0
    """The reply has ended: this shows its last text."""
    FIRST = 1
    """The first message of a reply that goes on."""
    TURN = 2
    """A page is sealed, or the next one is begun; a notice beside a reply."""
    BETWEEN = 3
    """An edit that shows more of a text that grows."""
    COSMETIC = 4
    """A typing indicator or a status line. Left out if the budget is short."""


@dataclass(frozen=True, slots=True)
class LiveReply:
    """A reply that is being shown, and where its calls count."""

    id: str
    scopes: tuple[Budget, ...]
    """All budgets of its posts and edits, each once."""
    unshown_in: tuple[str, ...] = ()
    """The scopes where it needs a call for its first text too, beside the one for its last."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to a channel that a worker wants to make now."""

    id: str
    """Names this one call."""
    kind: Priority
    budgets: tuple[Budget, ...]
    reply: str = ""
    """The live reply that it is for; empty for a call beside replies, which is last in its line."""
    is_last: bool = False
    """The reply needs no other call after this one."""
    waits_s: float = 0.0
    """For how long people have not been up to date; of one kind, who waits longest goes first."""
    reserves: tuple[Budget, ...] = ()
    """Where the reply will need a call for its last text once this one is made: without room for it there, in the time
    ahead, this call is not made either."""

    @property
    def scopes(self) -> tuple[Budget, ...]:
        """All that is looked at."""
        return self.budgets + self.reserves


@dataclass(frozen=True, slots=True)
class Headroom:
    """How crowded a scope is."""

    live: int
    """Replies that are being shown."""
    calls: int
    """Calls that in-between edits may make in the time ahead; negative when final texts will already be late."""


@dataclass(frozen=True, slots=True)
class CallDecision:
    """Whether a call may be made."""

    wait_s: float = 0.0
    """0: it is counted, so make it now. Else ask again after that time."""
    rooms: tuple[Headroom, ...] = ()
    """One for each scope of the call."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """TalkifAI's organisation limit, as one answer stated it."""

    limit: int
    """Requests a minute."""
    remaining: int
    reset_at: float
    """When `remaining` is full again, seconds since the epoch."""
    seen_at: float
