"""What a worker remembers of its own work, in case Redis forgets it, or an answer of Redis is lost."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from bridge.domain.exchanges import Exchange
from bridge.domain.sessions import Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Lease
from bridge.runtime.bounded_dict import BoundedDict

_MOST_SESSIONS = 5000
"""About 1.5 KB each."""
_MOST_SAID = 1000
_MOST_OF_A_THREAD = 3
"""About 4 KB each."""
_MOST_DROPS = 5000
"""As many as Redis keeps: `note_drop` in `prelude.lua`."""


@dataclass(slots=True)
class TurnAtWork:
    """One turn that this worker has begun: all that is needed to write it down again."""

    lease: Lease
    question_id: str
    body: bytes
    """The question, as Redis holds it."""
    epoch: str
    """The server's epoch when the thread was claimed."""
    fields: dict[bytes, bytes] = field(default_factory=dict)
    """The record."""

    def flat(self) -> list[bytes]:
        """Return the record as a flat list."""
        return [part for pair in self.fields.items() for part in pair]


@dataclass(slots=True)
class Requests:
    """Names for requests. A request without an answer keeps its name, so that Redis recognises its repetition."""

    prefix: str
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _open: str = ""

    def next(self) -> str:
        """Return the name of the request that is to be made, or to be made again."""
        self._open = self._open or f"{self.prefix}.{next(self._numbers)}"
        return self._open

    def answered(self) -> None:
        """Note that the answer has arrived."""
        self._open = ""


class WorkerState:
    """Shared by the stores of one worker.

    Args:
        name: Different from every other worker's, those of the past included; by default it is drawn.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name or secrets.token_hex(4)
        self.looks = Requests(f"{self.name}.look")
        self.claims = Requests(self.name)
        self.end_claims = Requests(self.name)
        self.epoch = ""
        """As the first claim or the last tick saw it."""
        self.is_alone = False
        """Whether the last tick saw no other worker."""
        self.may_be_due = True
        """Whether something was written that may come due before the next tick."""
        self._epochs: dict[str, str] = {}
        self._turns: dict[str, TurnAtWork] = {}
        """By fence."""
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._said: BoundedDict[ThreadKey, tuple[tuple[int, bytes], ...]] = BoundedDict(_MOST_SAID)
        """When (ms) and what, oldest first."""
        self.taken: dict[ThreadKey, Sequence[bytes]] = {}
        """Threads that people have, with the record of each as a flat list, as this worker saw them last."""
        self.drops_seen = ""
        """The id of the last drop that this worker has seen."""
        self._dropped_at: BoundedDict[str, float] = BoundedDict(_MOST_DROPS)
        """When what was said was dropped, by thread; "": everywhere."""

    # ------------------------------------------------------------ turns

    def claimed(self, lease: Lease, epoch: str) -> None:
        """Note in which epoch a thread was claimed."""
        self._epochs[lease.fence] = epoch
        self.epoch = self.epoch or epoch

    def begun(self, lease: Lease, question_id: str, body: bytes, record: Sequence[bytes]) -> None:
        """Note a turn that was begun."""
        fields = dict(zip(record[::2], record[1::2], strict=True))
        self._turns[lease.fence] = TurnAtWork(lease, question_id, body, self._epochs.get(lease.fence, ""), fields)

    def recorded(self, lease: Lease, flat: Sequence[str | bytes | float]) -> None:
        """Note what was recorded of the turn that was begun under this lease, names and values in turn.

        A whole answer stays as it is.
        """
        turn = self._turns.get(lease.fence)
        if turn is None:
            return
        parts = [part if isinstance(part, bytes) else str(part).encode() for part in flat]
        fields = dict(zip(parts[::2], parts[1::2], strict=True))
        is_whole = turn.fields.get(b"step") == b"answered" and b"step" not in fields
        turn.fields |= {name: value for name, value in fields.items() if not (is_whole and name == b"text")}

    def settled(self, lease: Lease) -> None:
        """Forget the turn; the lease may be kept for the next one."""
        self._turns.pop(lease.fence, None)

    def released(self, lease: Lease) -> None:
        """Forget the lease and its turn."""
        self._turns.pop(lease.fence, None)
        self._epochs.pop(lease.fence, None)

    def lost(self, lease: Lease) -> None:
        """Forget a lease that another worker has, and its turn: that worker answers, or has answered.

        Do nothing if the next question is at work under the lease: then a write for the question before came late.
        """
        turn = self._turns.get(lease.fence)
        if turn is None or lease.question_id in {"", turn.question_id}:
            self.released(lease)

    def turn_of(self, lease: Lease) -> TurnAtWork | None:
        """Return the turn at work under this lease."""
        return self._turns.get(lease.fence)

    @property
    def turns(self) -> Sequence[TurnAtWork]:
        """All turns at work in this worker."""
        return list(self._turns.values())

    # ------------------------------------------------------------ conversations

    def knows(self, session: Session) -> None:
        """Remember a session whose conversation may be open. Beyond a bound, forget the one known longest."""
        if not session.conversation.token:
            return
        self._sessions[session.conversation.id] = session
        self._sessions.move_to_end(session.conversation.id)
        while len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)

    def ended(self, conversation_id: str) -> None:
        """Forget a conversation that TalkifAI has closed."""
        self._sessions.pop(conversation_id, None)

    @property
    def sessions(self) -> Sequence[Session]:
        """All sessions that may still be open; those in which something was dropped are marked so."""
        return [
            replace(session, is_dropped=True) if session.opened_at < self._last_drop(str(session.thread)) else session
            for session in self._sessions.values()
        ]

    # ------------------------------------------------------------ what was said

    def placed(self, turn: TurnAtWork | None, exchange: Exchange) -> Exchange | None:
        """Return the exchange with its conversation and agent; None where nothing was sent."""
        raw = turn.fields.get(b"conversation_id") if turn else None
        if not raw:
            return None
        conversation_id = raw.decode("utf-8", "surrogatepass")
        session = self._sessions.get(conversation_id)
        return replace(exchange, conversation_id=conversation_id, agent_id=session.agent_id if session else "")

    def said(self, thread: ThreadKey, exchange: Exchange, body: bytes) -> None:
        """Remember what was said, in case the server forgets it."""
        before = self._said.get(thread, ())
        self._said[thread] = (*before, (round(exchange.at * 1000), body))[-_MOST_OF_A_THREAD:]

    def exchanges_dropped(self, thread: str, at: float) -> None:
        """Forget what was said by then in a thread, or (no name) in all of them."""
        self._dropped_at[thread] = max(at, self._dropped_at.get(thread, 0.0))

    def forgotten(self, thread: ThreadKey, *, but_last: bool) -> None:
        """Forget what was said in a thread, as settling does it in Redis: all, or all but the last exchange."""
        said = self._said.get(thread, ())
        if dropped := said[:-1] if but_last else said:
            self.exchanges_dropped(str(thread), dropped[-1][0] / 1000)

    def _last_drop(self, thread: str) -> float:
        return max(self._dropped_at.get(thread, 0.0), self._dropped_at.get("", 0.0))

    @property
    def exchanges(self) -> Sequence[tuple[ThreadKey, Sequence[tuple[int, bytes]]]]:
        """What was said last, by thread, and was not dropped since."""
        return [
            (thread, [one for one in said if one[0] > round(self._last_drop(str(thread)) * 1000)])
            for thread, said in self._said.items()
        ]
