"""Where questions wait, one list for each thread."""

from contextlib import suppress
from dataclasses import replace

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.limits.allowances import MOST_REMEMBERED
from adapters.redis_store.queue.lost_state import LostState
from adapters.redis_store.schema.codec import Unreadable, pack, queued_from_json, queued_to_json, unpack
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.errors import StoreUnavailable
from bridge.domain.exchanges import MOST_QUESTION, shortened
from bridge.domain.incoming import (
    TAKE_OVER,
    Command,
    CommandName,
    Edit,
    IntakeResult,
    Origin,
    Question,
    Queued,
    Rating,
    Remark,
    Stop,
    Withdrawal,
)
from bridge.domain.threads import ThreadKey

_STOP_KEPT_MS = 60_000
_EDITED = "edited:"
"""Stands before the id of a question that is asked anew: the message's own id is at its end, as always."""
_AMENDED = {1: IntakeResult.AMENDED, 2: IntakeResult.ASKED_ANEW, 3: IntakeResult.OFFERED}


class RedisInbox:
    """The `Inbox` port on Redis."""

    def __init__(
        self, commands: Commands, keys: Keys, limits: StoreLimits, lost_state: LostState, sealing: Sealing
    ) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._lost_state = lost_state
        self._sealing = sealing

    async def append(self, queued: Queued, per_hour: int = 0, *, interrupts: bool = False) -> IntakeResult:
        """Remove duplicates and append, in one step, with counting it for the person's hour.

        A message seen before under any of its dedupe keys is seen under all of them from then on. One that is
        turned away because the inbox is full, it is too long or the hour is used up, counts as seen; one that is not
        addressed to the bridge does not.
        """
        if isinstance(queued, Command) and queued.name in TAKE_OVER:
            return await self._take_over(queued)
        keys, limits, thread = self._keys, self._limits, queued.thread
        joins_s, size = (queued.joins_within_s, len(queued.text)) if isinstance(queued, Question) else (0.0, 0)
        is_press = isinstance(queued, Command) and bool(queued.about)
        became, *told = await self._commands.durable_script(
            "append",
            [
                keys.inbox(thread),
                keys.bodies(thread),
                keys.known(thread),
                keys.due,
                keys.bell,
                keys.counters,
                keys.told_queued(thread),
                *(keys.turn(thread), keys.leases, keys.burst(thread, queued.person.id), keys.clock),
                *(keys.askers, keys.taken(thread), keys.taken_due, keys.overheard(thread)),
                keys.allowance("hour", thread.channel, thread.account, queued.person.id),
                *self._seen(queued.origin),
            ],
            [
                str(thread),
                pack(queued.id),
                self._written(queued) if size <= limits.joined_characters else b"",
                int(queued.origin.addressed),
                limits.inbox_length,
                milliseconds(limits.dedupe_s),
                milliseconds(limits.known_thread_s),
                limits.bell_length,
                limits.queued_from,
                *(round(joins_s * 1000), size, limits.joined_characters),
                *(int(is_press), milliseconds(limits.dedupe_further_s)),
                pack(f"{thread.channel}:{thread.account}:{queued.person.id}"),
                self._remark(queued) if isinstance(queued, Question) and queued.text else b"",
                *self._bounds,
                *(per_hour, max(per_hour, MOST_REMEMBERED)),
                pack(queued.person.id) if interrupts else b"",
                int(isinstance(queued, Question)),
            ],
            once=self._keys.request,
        )
        if told[0]:
            await self._ring(*told)
        return IntakeResult(unpack(became))

    async def place_of(self, queued: Queued) -> int:
        """Return behind how many others it waits; 0 where it does not."""
        place = await self._commands.call("LPOS", self._keys.inbox(queued.thread), pack(queued.id))
        return int(place or 0)

    async def _take_over(self, command: Command) -> IntakeResult:
        """Give the thread to a person, or back to the agent, in one step with queueing the command that says so."""
        keys, limits, thread = self._keys, self._limits, command.thread
        became, *told = await self._commands.durable_script(
            "take_over",
            [
                *(keys.inbox(thread), keys.bodies(thread), keys.turn(thread), keys.known(thread), keys.due),
                *(keys.bell, keys.counters, keys.leases, keys.clock, keys.session(thread), keys.idle, keys.endings),
                *(keys.ends, keys.taken(thread), keys.taken_due, keys.overheard(thread)),
                *self._seen(command.origin),
            ],
            [
                *(str(thread), pack(command.id), self._written(command), int(command.origin.addressed)),
                *(int(command.name is CommandName.HUMAN), pack(command.person.id), int(command.owner_only)),
                *(milliseconds(limits.dedupe_s), milliseconds(limits.dedupe_further_s)),
                *(milliseconds(limits.known_thread_s), limits.bell_length, limits.inbox_length),
                *(self._bounds[-1], *self._bounds[:-1]),
            ],
            once=self._keys.request,
        )
        if told and told[0]:
            await self._ring(*told)
        result = IntakeResult(unpack(became))
        if result is IntakeResult.ACCEPTED:
            await self._lost_state.note_taken(thread)
        return result

    async def overhear(self, remark: Remark) -> IntakeResult:
        """Keep what was said, where a person has the thread."""
        keys, limits, thread = self._keys, self._limits, remark.thread
        became = await self._commands.script(
            "overhear",
            [
                *(keys.known(thread), keys.taken(thread), keys.taken_due, keys.overheard(thread), keys.clock),
                *self._seen(remark.origin),
            ],
            [
                *(str(thread), self._remark(Question(remark.origin, remark.text)), milliseconds(limits.dedupe_s)),
                *(milliseconds(limits.dedupe_further_s), milliseconds(limits.known_thread_s)),
                *(self._bounds[-1], *self._bounds[:-1]),
            ],
            once=self._keys.request,
        )
        return IntakeResult(unpack(became))

    @property
    def _bounds(self) -> tuple[int, int, int, int]:
        """How much of what was said is kept while a person has a thread, for how long, and how long a person has it."""
        limits = self._limits
        most = limits.remarks if limits.carried.exchanges else 0
        kept_ms = milliseconds(limits.carried.kept_s)
        return most, limits.remark_bytes, kept_ms, milliseconds(limits.hand_back_s)

    def _remark(self, question: Question) -> bytes:
        return self._written(replace(question, text=shortened(question.text, MOST_QUESTION)))

    async def stop(self, stop: Stop) -> IntakeResult:
        """Mark the turn at the head of the thread as stopped, in one step with removing duplicates."""
        keys, thread = self._keys, stop.thread
        became, *told = await self._commands.script(
            "stop",
            [
                *(keys.inbox(thread), keys.turn(thread), keys.known(thread), keys.counters),
                *(keys.bodies(thread), keys.session(thread), keys.leases),
                *self._seen(stop.origin),
            ],
            [
                *(int(stop.origin.addressed), milliseconds(self._limits.dedupe_s)),
                *(stop.about, pack(stop.person.id), int(stop.owner_only), str(thread)),
            ],
            once=self._keys.request,
        )
        stopped = IntakeResult(unpack(became))
        if stopped is IntakeResult.STOPPED:
            await self._ring(*told)
        return stopped

    async def _ring(self, question_id: bytes, fence: bytes) -> None:
        """Notify the worker of a question. If it does not hear that, it sees the stop at its next renewal."""
        worker = unpack(fence).partition("-")[2].partition(".")[0]
        if not worker:
            return
        stops = self._keys.stops(worker)
        with suppress(StoreUnavailable):
            await self._commands.calls([("RPUSH", stops, question_id), ("PEXPIRE", stops, _STOP_KEPT_MS)])

    async def rate(self, rating: Rating) -> IntakeResult:
        """Write down whether an answer helped, in one step with removing duplicates."""
        keys, limits, thread = self._keys, self._limits, rating.thread
        line = {
            "turn": rating.about,
            "channel": thread.channel,
            "account": thread.account,
            "place": thread.place,
            "thread": thread.thread,
            "person": rating.person.id,
        }
        became = await self._commands.script(
            "rate",
            [
                *(keys.answer(rating.about), keys.ratings, keys.counters),
                *(keys.seen(rating.id), keys.turn(thread)),
            ],
            [
                *("good" if rating.is_good else "bad", limits.ledger_lines),
                *(milliseconds(limits.dedupe_s), rating.about),
                *(pack(part) for pair in line.items() for part in pair),
            ],
            once=self._keys.request,
        )
        return IntakeResult(unpack(became))

    async def note_wordless(self, thread: ThreadKey) -> IntakeResult:
        """Say whether to post that only text is read: once an hour in a place, not while a person has the thread."""
        if await self._commands.read("EXISTS", [self._keys.taken(thread)]):
            return IntakeResult.OVERHEARD
        life_ms = milliseconds(self._limits.told_wordless_s)
        is_first = await self._commands.mark(self._keys.told_wordless(thread), life_ms, once=self._keys.request)
        return IntakeResult.WORDLESS if is_first else IntakeResult.DUPLICATE

    async def amend(self, change: Edit | Withdrawal) -> IntakeResult:
        """Change or drop a question that still waits; ask one at work anew; let one that was answered be asked again.

        `NOT_ADDRESSED` where nothing comes of it, or where it is a command.
        """
        keys, limits, thread = self._keys, self._limits, change.thread
        body, again, again_id = b"", b"", f"{_EDITED}{change.id}"
        if isinstance(change, Edit):
            edited = await self._edited(change, again_id)
            if edited is None:
                return IntakeResult.NOT_ADDRESSED
            body = self._written(edited)
            origin = replace(edited.origin, id=again_id, dedupe_keys=(again_id,))
            again = self._written(replace(edited, origin=origin, first_id=edited.first_id or change.id))
        became, *fence = await self._commands.script(
            "amend",
            [
                *(keys.inbox(thread), keys.bodies(thread), keys.turn(thread), keys.due, keys.leases),
                *(keys.answered(thread), keys.unanswered(thread), keys.seen(again_id), keys.overheard(thread)),
                keys.allowance("hour", thread.channel, thread.account, change.person.id),
            ],
            [
                *(str(thread), pack(change.id), body, pack(again_id), again),
                *(milliseconds(limits.dedupe_s), milliseconds(limits.unanswered_s)),
            ],
            once=self._keys.request,
        )
        if fence:
            await self._ring(pack(change.id), *fence)
        return _AMENDED.get(became, IntakeResult.NOT_ADDRESSED)

    async def _edited(self, edit: Edit, again_id: str) -> Question | None:
        """Return the question with its new words; None where it is not kept, or the words are as they were."""
        keys, thread = self._keys, edit.thread
        kept = [
            *await self._commands.call("HMGET", keys.bodies(thread), pack(again_id), pack(edit.id)),
            *await self._commands.call("MGET", keys.unanswered(thread), keys.answered(thread)),
            *await self._commands.call("LRANGE", keys.overheard(thread), 0, -1),
        ]
        read = [self._read(raw, thread) for raw in kept if raw]
        found = [queued for queued in read if queued is not None and edit.id in {queued.id, queued.first_id}]
        if not found or found[0].text == edit.text:
            return None
        # A text that is too long now is cut: its beginning is long enough to be refused.
        return replace(found[0], text=edit.text[: self._limits.joined_characters + 1])

    def _read(self, raw: bytes, thread: ThreadKey) -> Question | None:
        try:
            queued = self._sealing.open_queued(queued_from_json(raw), thread)
        except Unreadable:
            return None
        return queued if isinstance(queued, Question) else None

    def _written(self, queued: Queued) -> bytes:
        return queued_to_json(self._sealing.close_queued(queued))

    def _seen(self, origin: Origin) -> list[str]:
        return [self._keys.seen(alias) for alias in dict.fromkeys((origin.id, *origin.dedupe_keys))]
