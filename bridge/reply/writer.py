"""Make the channel show what the reply says: one writer for each reply, one call in flight, the newest text wins.

The pacing is asked first, and the pages are made when a call may be made: until then a chunk costs no more than to be
kept. Only the first look, and the looks once the reply has ended, come before that question.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bridge.domain.errors import (
    ChannelOutage,
    ChannelRateLimited,
    ChannelUnavailable,
    LookupUnsupported,
    MessageGone,
    PageRejected,
    PlaceMuted,
    PostUncertain,
)
from bridge.domain.limits.rate_limits import CallRequest, Priority
from bridge.domain.pages import PageView, Streaming
from bridge.domain.threads import Address
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Drafts, PostLookup
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.call_times import CallTimes
from bridge.reply.display_mode import DisplayMode
from bridge.reply.page_list import CallKind, NextCall, PageList
from bridge.reply.page_state import PageState
from bridge.reply.progress_recorder import ProgressRecorder
from bridge.reply.reply import Reply
from bridge.runtime.cancellation import run_shielded
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

_POST_AFTER_STOP_S = 3.0
"""How long a post under way may go on once its turn was cancelled."""
_A_MOMENT_S = 0.01
_LOOK_PAUSE_S = 1.5
"""How far apart the searches for a post whose answer was lost are."""
_HALF_A_TEXT_S = 2.0
"""How long a text may stand unfinished after its end: if no edit is to be had by then, the rest is posted."""
_SHOW_WITHIN_S, _SHOW_AGAIN_WITHIN_S = 1800.0, 120.0
"""How long after its end a reply is tried to be shown before its turn is put off; and when it is taken up again."""


class Writer:
    """Shows one reply in one place.

    Args:
        guard: Awaited before every call; raises `LeaseLost` when this worker may no longer write.
        record: Notes the message ids and the agent's text so far. `StoreUnavailable` there does not stop the reply:
            it is tried again.
        message_ids: Messages that already show pages of this reply, from an earlier try of the turn.
        replaced: Those of them that show an older answer so far.
        taken_up: True when the turn was begun before: pages may be there that no record tells of.
    """

    def __init__(
        self,
        channel: Channel,
        address: Address,
        reply: Reply,
        *,
        pacing: ChannelLimiter,
        clock: Clock,
        guard: Callable[[], Awaitable[None]],
        record: Callable[[Sequence[str], str], Awaitable[None]],
        message_ids: Sequence[str] = (),
        replaced: Sequence[str] = (),
        taken_up: bool = False,
    ) -> None:
        self._channel = channel
        self._address = address
        self._reply = reply
        self._pacing = pacing
        self._clock = clock
        self._guard = guard
        self._pace = channel.pace(address, reply.streaming)
        self._drafts = channel if isinstance(channel, Drafts) else None
        mode = (reply.streaming or self._drafts.streaming) if self._drafts else Streaming.EDIT
        self._showing = DisplayMode(mode, clock)
        self._pages = PageList(channel, self._pace, reply, self._showing, message_ids, replaced, taken_up=taken_up)
        self._times = CallTimes(reply, pacing, self._pace, clock)
        self._gives_up_after_s = _SHOW_AGAIN_WITHIN_S if taken_up else _SHOW_WITHIN_S
        self.noted = ProgressRecorder(record, (tuple(message_ids), reply.text))
        self._live = ""
        self._wake = asyncio.Event()
        self.has_caught_up = asyncio.Event()
        """Set while people see all that there is so far, as far as it may be shown."""
        self._is_resting = False
        """True while the writer will look by itself as soon as there can be anything to do."""
        self._expected: CallKind | None = None
        """What the next call will be while the reply grows, known without a look at the pages."""
        self._length_looked_at = 0
        self.first_text_at: float | None = None
        """When the first text was shown, by the monotonic clock."""

    def wake(self) -> None:
        """Say that the reply has changed. While its next call has to wait, that costs nothing."""
        self._times.note_text()
        self.has_caught_up.clear()
        if not self._is_resting or self._times.rest_s() <= 0:
            self._wake.set()

    async def run(self) -> None:
        """Write until the reply has ended and is shown whole.

        Raises `LeaseLost`, `PlaceGone` (`PlaceMuted` where it takes no words at all), and `ChannelOutage` where the
        channel does not take it for very long.
        """
        async with self._pacing.live_reply(self._pace, is_shown=self._pages.has_posted) as self._live:
            while True:
                self._wake.clear()
                wait_s = await self._advance()
                if wait_s is None:
                    break
                await self._wait(wait_s)
        await self.note_shown()

    async def _advance(self) -> float | None:
        """Make at most one call. Return how long to wait at most before looking again; None when done."""
        if (hold_s := self._hold_s()) > 0:
            return hold_s
        self._times.note_end()
        kind, call = self._expected_kind(), None
        if kind is None:
            call = await self._look()
            if call is None:
                self.has_caught_up.set()
                return None if self._reply.ended else self._showing.look_again_s(self._times.rest_unchanged())
            if self._times.is_late(self._gives_up_after_s) and not call.is_optional:
                raise ChannelOutage(f"a reply could not be shown in {self._address.place}")
            kind = call.kind
        return await self._try(kind, call)

    async def _try(self, kind: CallKind, call: NextCall | None) -> float | None:
        """Ask the limits for a call; make the pages as they are by then, and the call. As `_advance`."""
        is_optional = call is not None and call.is_optional
        if (due_s := self._times.due_in_s(Priority.FINAL if is_optional else kind.priority)) > 0:
            return self._times.wait_for_buttons(due_s) if is_optional else self._times.rest(due_s)
        version = self._reply.version
        asked = self._times.request(kind, self._live)
        wait_s = self._pacing.surely_waits_s(asked) or await self._ask_for(asked)
        if wait_s > 0:
            return self._times.wait_for_buttons(wait_s) if is_optional else self._put_off(kind, call, wait_s)
        self._times.note_grant()
        if call is None or self._reply.version != version:
            call = await self._look()
            if call is None or call.kind.budgets != kind.budgets:
                # Nothing certain has come, or what is needed now counts elsewhere.
                self._expected = None
                if call is None:
                    self._times.note_call()
                return 0.0
        await self.note_shown()  # where more has come meanwhile
        await self._guard()
        await self._show(call, asked)
        self._times.note_call()
        return 0.0

    async def _ask_for(self, asked: CallRequest) -> float:
        """Take a call; return how long to wait instead, 0 where it may be made."""
        if self._times.is_refused_again:  # a further try may well be refused too: it costs no record
            return (await self._pacing.take(asked)).wait_s
        # The record goes along: a worker that takes over must know what people have seen.
        decision, _ = await asyncio.gather(self._pacing.take(asked), self.note_shown())
        return decision.wait_s

    def _hold_s(self) -> float:
        """Return for how long there is nothing to do, whatever the agent writes."""
        first_s = 0.0 if self._pages.has_posted else self._times.hold_first_text_s()
        return max(self._showing.hold_s(self._reply), first_s, self._times.rest_s())

    def _expected_kind(self) -> CallKind | None:
        has_grown = self._reply.length != self._length_looked_at
        return self._expected if has_grown and not self._reply.ended else None

    async def _look(self) -> NextCall | None:
        self._length_looked_at = self._reply.length
        return await self._pages.next_call()

    def _put_off(self, kind: CallKind, call: NextCall | None, wait_s: float) -> float:
        """Ask for the same again later, without a look at the pages before it is granted."""
        if call is not None and kind.priority is Priority.FINAL:
            # Half a sentence never waits for a window of the limits.
            waits_s = self._times.waits_s(Priority.FINAL) + wait_s
            if waits_s > _HALF_A_TEXT_S and self._pages.post_rest(call):
                return 0.0
        self._times.note_refusal(kind.priority, wait_s)
        if kind.priority is Priority.COSMETIC:
            return wait_s  # text that comes meanwhile is worth more
        self._expected, self._length_looked_at = kind, -1
        return self._times.rest(wait_s)

    async def _show(self, call: NextCall, asked: CallRequest) -> None:
        """Make one call, and take in how it went."""
        page, view = call.page, call.view
        self._expected = None
        try:
            async with self._pacing.call(asked):
                await self._call(page, view)
            self._expected = self._pages.expected(page, view)
        except ChannelRateLimited as error:
            await self._after_limit(page, error, asked)
        except ChannelUnavailable as error:
            wait_s = self._times.note_failure()
            log.warning("channel does not answer", extra={"wait_s": wait_s, "cause": str(error)})
        except PostUncertain:
            log.warning("the answer to a post was lost", extra={"page": view.number})
            page.note_uncertain(view)
            self._times.pause(_LOOK_PAUSE_S)
        except MessageGone:
            if not self._pages.leave_old(page):
                page.note_gone(is_read=call.is_optional)
        except PageRejected as error:
            if self._pages.leave_old(page):
                return
            log.error("the channel refuses a page", extra={"page": view.number, "cause": str(error)})  # noqa: TRY400 - no traceback wanted
            page.note_refusal(view, is_read=call.is_optional)
            if page.given_up and not self._pages.has_posted:
                # Not even the notice was taken: it is not the words.
                raise PlaceMuted(str(error)) from error

    async def _call(self, page: PageState, view: PageView) -> None:
        if self._pages.is_draft(page, view):
            await self._draft(view)
        elif page.looks_left:
            await self._look_for(page, view)
            return
        elif page.message_id:
            await self._channel.edit(self._address, page.message_id, view)
            page.shown = view
        else:
            await run_shielded(self._post(page, view), at_most_s=_POST_AFTER_STOP_S)
            page.shown = view
        self._times.note_answer()
        if self.first_text_at is None and self._reply.length:
            self.first_text_at = self._clock.monotonic()

    async def _draft(self, view: PageView) -> None:
        try:
            is_shown = self._drafts is not None and await self._drafts.draft(self._address, view)
        except ChannelUnavailable as error:
            log.info("a page that grows could not be shown", extra={"cause": str(error)})
            is_shown = True  # nothing is lost: the next one shows more, and the final text must not wait for it
        self._showing.note(view, is_shown=is_shown)

    async def _after_limit(self, page: PageState, error: ChannelRateLimited, asked: CallRequest) -> None:
        log.info("channel limit reached", extra={"scope": error.scope, "wait_s": error.retry_after_s})
        await self._pacing.pause(error.scope, error.retry_after_s)
        is_unknown = all(budget.scope != error.scope for budget in asked.budgets)
        self._times.note_limit(error.retry_after_s, is_unknown=is_unknown)
        if page.looks_left and asked.budgets == self._pace.finds:
            page.note_refused_look()

    async def _post(self, page: PageState, view: PageView) -> None:
        """Post, and note the message's id: a message that no record tells of would be posted again."""
        page.message_id = await self._channel.post(self._address, view)
        await self.note_shown()

    async def _look_for(self, page: PageState, view: PageView) -> None:
        """Search the channel for a page that may be there without our knowing its message."""
        if isinstance(self._channel, PostLookup):
            with suppress(LookupUnsupported):
                page.note_look(await self._channel.find_post(self._address, view))
                # A request that timed out on our side may still be carried out on theirs.
                self._times.pause(_LOOK_PAUSE_S if page.looks_left else 0.0)
                return
        page.looks_left = 0

    async def note_shown(self) -> None:
        """Bring the record up to date. A store that does not answer holds this up for a moment. Raises `LeaseLost`."""
        # The whole text is recorded by the turn, with how it came out, before the reply ends.
        await self.noted.note((self._pages.message_ids, self.noted.text if self._reply.ended else self._reply.text))

    async def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._is_resting = seconds <= self._times.rest_s() + _A_MOMENT_S
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
