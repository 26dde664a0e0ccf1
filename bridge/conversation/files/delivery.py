"""Shares the files of a finished answer, each at most once. If that fails, the pages of the reply hold everything."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bridge.conversation.turn_context import Guard, TurnContext
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelUnavailable,
    LeaseLost,
    LookupUnsupported,
    Misconfigured,
    PostUncertain,
    Retryable,
    StoreUnavailable,
)
from bridge.domain.files import FileMark, ResultFile, SharingState
from bridge.domain.limits.rate_limits import Budget, Priority
from bridge.domain.threads import Address
from bridge.domain.turns import Lease
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Files, FileSharing
from bridge.ports.stores.work_queue import WorkQueue
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.page_list import make_pages
from bridge.reply.reply import Reply
from bridge.reply.result_files import files_of
from bridge.reply.writer import Writer
from bridge.runtime.cancellation import run_shielded
from bridge.runtime.clock import Clock
from bridge.runtime.operator_alerts import OperatorAlerts

log = logging.getLogger(__name__)

_BEGINNING_WITHIN_S = 5.0
"""How long a file waits for the beginning of the answer, so that it stands below it."""
_ALL_WITHIN_S = 90.0
"""How long the files of one answer may take before its pages are shown instead."""
_NOTE_WITHIN_S = 2.0
"""How long the record of a file may take: the answer's pages wait for it."""
_PAUSES_S = (0.5, 2.0, 5.0)
"""Between the tries of a call that surely had no effect."""
_LONGEST_LIMIT_S = 30.0
_LOOK_PAUSES_S = (1.0, 2.0, 4.0)
"""Before each search for a file whose sharing may have worked: services show it a moment later."""
_FINISH_WITHIN_S = 3.0
"""How long a request under way may go on once its turn was cancelled."""

T = TypeVar("T")


@dataclass(slots=True)
class _Answer:
    """One answer, where its files go, and how far they have come."""

    lease: Lease
    address: Address
    turn_id: str
    files: Files
    budgets: Sequence[Budget]
    guard: Guard
    marks: dict[str, FileMark]


@dataclass(frozen=True, slots=True)
class FileDelivery:
    """Shares files, if the settings ask for them and the channel takes them."""

    queue: WorkQueue
    pacing: ChannelLimiter
    clock: Clock
    alarms: OperatorAlerts
    from_pages: int | None = None
    """Over how many pages an answer becomes a file; None: never."""

    def most_shown(self, channel: Channel) -> int | None:
        """Return how many pages of a longer answer are shown there; None: all of them."""
        return self.from_pages if isinstance(channel, FileSharing) else None

    async def deliver(self, turn: TurnContext, address: Address, writer: Writer) -> None:
        """Share the files of the finished answer; if that fails, let the reply show the rest.

        Raises `LeaseLost`.
        """
        reply, channel = turn.reply, turn.channel
        if self.from_pages is None or not isinstance(channel, FileSharing):
            return
        await make_pages(reply)
        if not _is_long(reply):
            return
        files = files_of(reply.text, channel.fits, is_held=reply.is_held)
        if not files:
            return
        await writer.note_shown()
        with suppress(TimeoutError):
            writer.wake()
            async with asyncio.timeout(_BEGINNING_WITHIN_S):
                await writer.has_caught_up.wait()
        budgets = channel.pace(address, reply.streaming).posts
        marks = dict(turn.record.files)
        answer = _Answer(turn.lease, address, reply.turn_id, channel.files, budgets, turn.guard, marks)
        for file in files:
            is_shared = await self._bring(answer, file)
            if file.is_whole and not is_shared:
                reply.show_all()
                return
            reply.rest_in = file.name if file.is_whole else reply.rest_in

    async def _bring(self, answer: _Answer, file: ResultFile) -> bool:
        """Share a file, unless that was done. Return True if people see it. Raises `LeaseLost`."""
        mark = answer.marks.get(file.name)
        if mark is not None and mark.state is not SharingState.BEGUN:
            return mark.state is SharingState.SHARED
        try:
            async with asyncio.timeout(_ALL_WITHIN_S):
                is_shared = await (self._share(answer, file) if mark is None else self._is_there(answer, mark))
        except LeaseLost:
            raise
        except (BridgeError, TimeoutError) as error:
            if isinstance(error, Misconfigured):
                self.alarms.tell(error)
            log.warning("a file could not be shared", extra={"file": file.name, "cause": str(error)})
            is_shared = False
        state = SharingState.SHARED if is_shared else SharingState.GIVEN_UP
        with suppress(StoreUnavailable):
            await self._note(answer, file, FileMark(state))
        return is_shared

    async def _share(self, answer: _Answer, file: ResultFile) -> bool:
        upload_id = await self._patiently((), partial(answer.files.upload, answer.address, file))
        mark = FileMark(SharingState.BEGUN, upload_id)
        # Record first: another worker must know that people may see it.
        await self._note(answer, file, mark)
        await answer.guard()
        share = partial(answer.files.share, answer.address, file, upload_id)
        try:
            await run_shielded(self._share_and_note(answer, file, share), at_most_s=_FINISH_WITHIN_S)
        except PostUncertain:
            return await self._is_there(answer, mark)
        return True

    async def _share_and_note(self, answer: _Answer, file: ResultFile, share: Callable[[], Awaitable[None]]) -> None:
        await self._patiently(answer.budgets, share)
        with suppress(StoreUnavailable):
            await self._note(answer, file, FileMark(SharingState.SHARED))

    async def _is_there(self, answer: _Answer, mark: FileMark) -> bool:
        """Return True if people see a file that may have been shared. It is never shared twice: pages are safer."""
        for pause_s in _LOOK_PAUSES_S:
            await self.clock.sleep(pause_s)
            try:
                if await answer.files.is_shared(answer.address, answer.turn_id, mark.upload_id):
                    return True
            except LookupUnsupported:
                return False
            except Retryable as error:
                log.info("a file could not be looked for", extra={"cause": str(error)})
        return False

    async def _patiently(self, budgets: Sequence[Budget], call: Callable[[], Awaitable[T]]) -> T:
        """Make a call within the limits, and again if it surely had no effect. Raises what the last try raises."""
        pauses = iter(_PAUSES_S)
        while True:
            asked = self.pacing.asked(Priority.TURN, budgets)
            while (decision := await self.pacing.take(asked)).wait_s > 0:
                await self.clock.sleep(decision.wait_s)
            try:
                async with self.pacing.call(asked):
                    return await call()
            except ChannelRateLimited as error:
                await self.pacing.pause(error.scope, error.retry_after_s)
                pause_s = next(pauses, None)
                if pause_s is None or error.retry_after_s > _LONGEST_LIMIT_S:
                    raise
                await self.clock.sleep(max(pause_s, error.retry_after_s))
            except ChannelUnavailable:
                pause_s = next(pauses, None)
                if pause_s is None:
                    raise
                await self.clock.sleep(pause_s)

    async def _note(self, answer: _Answer, file: ResultFile, mark: FileMark) -> None:
        """Record how far a file has come. Raises `LeaseLost`, and `StoreUnavailable`: soon, also if the store hangs."""
        answer.marks[file.name] = mark
        try:
            async with asyncio.timeout(_NOTE_WITHIN_S):
                await self.queue.record_files(answer.lease, answer.marks)
        except TimeoutError:
            raise StoreUnavailable("the store hangs") from None


def _is_long(reply: Reply) -> bool:
    """Return True if the answer is more than one message: a shorter one needs no file."""
    return len(reply.views()) > 1 or reply.is_held
