"""Threads that have work, each held by one worker at a time under a lease with a fence."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from adapters.redis_store.client.commands import Argument, Commands
from adapters.redis_store.schema.codec import (
    Unreadable,
    answer_to_fields,
    history_to_text,
    message_ids_to_json,
    pack,
    queued_from_json,
    record_from_fields,
    unpack,
)
from adapters.redis_store.schema.keys import Keys, StoreLimits, milliseconds
from bridge.domain.errors import LeaseLost
from bridge.domain.incoming import Question, Queued
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, InboxItem, Lease, Outcome, Settlement, Step

LONGEST_POP_S = 2.0
"""Well below the time that a connection waits for an answer."""
SHORTEST_POP_S = 0.01
"""Redis takes 0 for "without end"."""
LEAVE_IDLE = -1


class RedisWorkQueue:
    """The `WorkQueue` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._at_the_bell = asyncio.Lock()

    async def claim(self) -> Lease | None:
        """Take the thread that has been due longest, for the length of a lease; None when none is due."""
        keys = self._keys
        taken = await self._commands.script(
            "claim", [keys.due, keys.leases, keys.fence, keys.bell], [milliseconds(self._limits.lease_s)]
        )
        return Lease(ThreadKey.parse(unpack(taken[0])), int(taken[1])) if taken else None

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Move the leases ahead. Return those that were lost."""
        if not leases:
            return []
        named: list[Argument] = [part for lease in leases for part in (str(lease.thread), lease.fence)]
        lost = await self._commands.script(
            "renew", [self._keys.due, self._keys.leases], [milliseconds(self._limits.lease_s), *named]
        )
        return [leases[int(at)] for at in lost]

    async def begin(self, lease: Lease) -> InboxItem | None:
        """Read the head of the thread's inbox and count an attempt; None when it is empty. Raises `LeaseLost`.

        A question that cannot be read is set aside, and the next one is read.
        """
        keys, thread = self._keys, lease.thread
        for _ in range(self._limits.inbox_length + 1):
            found = await self._commands.script(
                "begin",
                [keys.leases, keys.inbox(thread), keys.bodies(thread), keys.turn(thread)],
                [str(thread), lease.fence],
            )
            if found == -1:
                raise LeaseLost(str(thread))
            if found == 0:
                return None
            try:
                return InboxItem(_here(queued_from_json(found[0]), thread), record_from_fields(found[1]))
            except Unreadable as error:
                if not await self._settle(lease, Outcome.DEAD, LEAVE_IDLE, history="keep", dead_reason=str(error)):
                    return None
        return None

    async def record_sending(
        self, lease: Lease, conversation_id: str, history_count: int, wording: str = "", *, again: bool = False
    ) -> None:
        """Note that the question is about to be sent, in this wording: step `SENDING`. Raises `LeaseLost`."""
        await self._record(
            lease,
            *("step", Step.SENDING.value),
            *("conversation_id", pack(conversation_id)),
            *("history_count", history_count),
            *("wording", pack(wording)),
            *("has_begun", 0),
            *("cut_at", ""),
            *("asked_again", int(again)),
        )

    async def record_cut(self, lease: Lease, characters: int) -> None:
        """Note that the bridge hangs up on the answer, of which so much had come. Raises `LeaseLost`."""
        await self._record(lease, "cut_at", characters)

    async def record_shown(self, lease: Lease, message_ids: Sequence[str], text: str, *, has_begun: bool) -> None:
        """Note the reply's messages and the agent's text so far. Raises `LeaseLost`."""
        shown = (message_ids_to_json(message_ids), int(has_begun), pack(text))
        await self._record(lease, *shown, script="record_shown")

    async def record_answer(self, lease: Lease, text: str, asked: AnswerResult) -> None:
        """Note the agent's whole text and how asking came out: step `ANSWERED`. Raises `LeaseLost`."""
        await self._record(lease, "step", Step.ANSWERED.value, *answer_to_fields(text, asked))

    async def record_step(self, lease: Lease, step: Step) -> None:
        """Set the step alone. Raises `LeaseLost`."""
        await self._record(lease, "step", step.value)

    async def settle(self, lease: Lease, settlement: Settlement) -> bool:
        """Remove the head question and its record and update the session, in one step.

        Where the place is gone, all that waits in the thread comes to the same end.
        Returns True when the thread has more work; the lease is kept then, else given up. Raises `LeaseLost`.
        A command leaves the history as it was, unless the settlement says otherwise. Somebody who may not ask leaves
        the whole session as it was.
        """
        is_turn = settlement.outcome not in {Outcome.COMMAND_DONE, Outcome.EXCLUDED}
        keeps = not is_turn and settlement.history_count is None
        idle_ms = milliseconds(settlement.idle_timeout_s)
        return await self._settle(
            lease,
            settlement.outcome,
            LEAVE_IDLE if settlement.outcome is Outcome.EXCLUDED else idle_ms,
            is_turn=is_turn,
            end_reason=settlement.end_reason.value if settlement.end_reason else "",
            history="keep" if keeps else history_to_text(settlement.history_count),
            usage=[part for pair in settlement.usage.items() for part in pair],
            may_be_rated=settlement.may_be_rated,
        )

    async def dead_letter(self, lease: Lease, reason: str, idle_timeout_s: float) -> bool:
        """Move the head question to the dead letters, with its reason. Returns as `settle`. Raises `LeaseLost`."""
        idle_ms = milliseconds(idle_timeout_s)
        return await self._settle(lease, Outcome.DEAD, idle_ms, history="", dead_reason=reason or "no reason given")

    async def stopped(self, leases: Sequence[Lease]) -> Sequence[str]:
        """Return the ids of the questions at work under these leases that somebody wants stopped."""
        found = await self._commands.calls(
            [("HMGET", self._keys.turn(lease.thread), "stopped", "question") for lease in leases]
        )
        return [unpack(question_id) for is_stopped, question_id in found if is_stopped and question_id]

    async def unanswered(self, thread: ThreadKey) -> Question | None:
        """Return the thread's last question where its answer did not come out whole, for a day."""
        raw = await self._commands.call("GET", self._keys.unanswered(thread))
        try:
            queued = None if raw is None else queued_from_json(raw)
        except Unreadable:
            return None
        return queued if isinstance(queued, Question) else None

    async def release(self, lease: Lease, after_s: float = 0.0, *, counts: bool = True) -> None:
        """Give the thread back, to be taken again after that time. Does nothing where the lease was lost.

        `counts`: False where the turn's beginning is not to count as an attempt.
        """
        keys, thread = self._keys, lease.thread
        await self._commands.script(
            "release",
            [keys.due, keys.leases, keys.inbox(thread), keys.bell, keys.turn(thread)],
            [str(thread), lease.fence, max(0, round(after_s * 1000)), self._limits.bell_length, int(not counts)],
        )

    async def wait_for_work(self, timeout_s: float) -> None:
        """Return when the bell rings, when a thread comes due, or after that time, 2 s at most.

        Of several that wait in this process, one wakes for each ring.
        """
        try:
            async with asyncio.timeout(min(timeout_s, LONGEST_POP_S)):
                await self._at_the_bell.acquire()
        except TimeoutError:
            return
        try:
            next_due_ms = int(await self._commands.script("next_due", [self._keys.due], []))
            until_due_s = next_due_ms / 1000 if next_due_ms >= 0 else LONGEST_POP_S
            if until_due_s > 0:
                wait_s = max(SHORTEST_POP_S, min(timeout_s, LONGEST_POP_S, until_due_s))
                await self._commands.pop(self._keys.bell, wait_s)
        finally:
            self._at_the_bell.release()

    async def _record(self, lease: Lease, *fields: Argument, script: str = "record") -> None:
        written = await self._commands.script(
            script,
            [self._keys.leases, self._keys.turn(lease.thread)],
            [str(lease.thread), lease.fence, pack(lease.question_id), *fields],
        )
        if not written:
            raise LeaseLost(str(lease.thread))

    async def _settle(
        self,
        lease: Lease,
        outcome: Outcome,
        idle_ms: int,
        *,
        history: str,
        is_turn: bool = True,
        end_reason: str = "",
        dead_reason: str = "",
        usage: Sequence[Argument] = (),
        may_be_rated: bool = False,
    ) -> bool:
        keys, thread = self._keys, lease.thread
        more = await self._commands.script(
            "settle",
            [
                *(keys.due, keys.leases, keys.inbox(thread), keys.bodies(thread), keys.turn(thread)),
                *(keys.known(thread), keys.session(thread), keys.idle, keys.endings, keys.ends),
                *(keys.counters, keys.dead, keys.unanswered(thread), keys.answers),
            ],
            [
                *(str(thread), lease.fence, pack(lease.question_id), outcome.value, end_reason, idle_ms),
                milliseconds(self._limits.known_thread_s),
                *(history, int(is_turn)),
                *(pack(dead_reason), self._limits.dead_letters, milliseconds(self._limits.unanswered_s)),
                milliseconds(self._limits.rated_s) if may_be_rated else 0,
                *usage,
            ],
        )
        if more == -1:
            raise LeaseLost(str(thread))
        return bool(more)


def _here(queued: Queued, thread: ThreadKey) -> Queued:
    """Give a question that was moved with its place the address there. The message that it was is not there."""
    if queued.thread == thread:
        return queued
    address = replace(queued.address, place=thread.place, reply_to="")
    return replace(queued, origin=replace(queued.origin, thread=thread, address=address))
