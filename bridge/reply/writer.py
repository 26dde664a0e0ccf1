"""Make the channel show what the reply says: one writer for each reply, one call in flight, the newest text wins."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from bridge.domain.errors import (
    ChannelRateLimited,
    ChannelUnavailable,
    LookupUnsupported,
    MessageGone,
    PageRejected,
    PostUncertain,
)
from bridge.domain.pages import PageView, Streaming
from bridge.domain.rate_limits import Budget, CallRequest, Priority
from bridge.domain.threads import Address
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Drafts, PostLookup
from bridge.rate_limits.channel_limiter import ChannelLimiter, reserved
from bridge.reply.display_mode import DisplayMode
from bridge.reply.page_state import PageState
from bridge.reply.progress_recorder import ProgressRecorder
from bridge.reply.reply import Reply
from bridge.runtime.cancellation import run_shielded
from bridge.runtime.clock import Clock

log = logging.getLogger(__name__)

FIRST_TEXT_CHARACTERS = 30
FIRST_TEXT_WAIT_S = 0.3
"""The first text goes out with that many characters, or that long after the first one came."""
_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.5, 15.0
_LOOK_AGAIN_S = 60.0
_POST_AFTER_STOP_S = 3.0
"""How long a post under way may go on once its turn was cancelled."""
_LOOK_PAUSE_S = 1.5
"""How far apart the searches for a post whose answer was lost are."""
_REST_MOST_S = 0.5
"""How late a page that has become full may be noticed."""
_SHOW_WITHIN_S = 1800.0
"""A reply that cannot be shown for so long after its end is given up, so that its thread can go on."""


class Writer:
    """Shows one reply in one place.

    Args:
        guard: Awaited before every call; raises `LeaseLost` when this worker may no longer write.
        record: Notes the message ids and the agent's text so far. `StoreUnavailable` there does not stop the reply:
            it is tried again.
        message_ids: Messages that already show pages of this reply, from an earlier try of the turn.
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
        taken_up: bool = False,
    ) -> None:
        self._channel = channel
        self._address = address
        self._reply = reply
        self._pacing = pacing
        self._clock = clock
        self._guard = guard
        self._pace = channel.pace(address)
        self._drafts = channel if isinstance(channel, Drafts) else None
        self._showing = DisplayMode(self._drafts.streaming if self._drafts else Streaming.EDIT, clock)
        self._live = ""
        self._taken_up = taken_up
        self._sheets = [self._new_sheet(message_id) for message_id in message_ids]
        self._noted = ProgressRecorder(record, (tuple(message_ids), reply.text))
        self._wake = asyncio.Event()
        self._began = clock.monotonic()
        self._first_text_at: float | None = None
        self._call_ended = 0.0
        self._backoff_s = 0.0
        self._not_before = 0.0
        self._look_not_before = 0.0
        self._refused: tuple[Priority, float] | None = None
        """What the pacing last refused, and until when it need not be asked for that again."""
        self._ended_at: float | None = None
        self._excused_until = 0.0
        """Until then it is the service's limit that keeps the reply from being shown."""

    @property
    def has_posted(self) -> bool:
        """True when people see something of this reply."""
        return any(sheet.message_id for sheet in self._sheets)

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The messages of the reply, in order of its pages; empty for a page whose message is not known."""
        ids = [sheet.message_id for sheet in self._sheets]
        while ids and not ids[-1]:
            ids.pop()
        return tuple(ids)

    def wake(self) -> None:
        """Say that the reply has changed."""
        if self._first_text_at is None and self._reply.length:
            self._first_text_at = self._clock.monotonic()
        self._wake.set()

    async def run(self) -> None:
        """Write until the reply has ended and is shown whole. Raises `LeaseLost` and `PlaceGone`."""
        async with self._pacing.live_reply(self._pace, is_shown=self.has_posted) as self._live:
            while True:
                self._wake.clear()
                wait_s = await self._advance()
                if wait_s is None:
                    break
                await self._wait(wait_s)
        await self._note_shown()

    async def _advance(self) -> float | None:
        """Make at most one call. Return how long to wait at most before looking again; None when done."""
        hold_s = max(self._showing.hold_s(self._reply), self._hold_first_text_s())
        if hold_s > 0:
            return hold_s
        self._note_end()
        rest_s = self._look_not_before - self._clock.monotonic()
        if rest_s > 0 and not self._reply.ended:
            return rest_s
        version, stale = self._reply.version, self._stale()
        if not stale or self._is_too_late():
            return None if self._reply.ended else self._showing.look_again_s(_LOOK_AGAIN_S)
        sheet, view = self._sheets[stale[0].number - 1], stale[0]
        kind, budgets = self._kind(sheet, view), self._budgets(sheet, view)
        due_s = self._due_in_s(kind)
        if due_s > 0:
            return self._rest(kind, due_s)
        asked = self._pacing.asked(
            kind,
            budgets,
            reply=self._live,
            is_last=kind is Priority.FINAL and len(stale) == 1 and not sheet.looks_left,
            waits_s=self._waits_s(kind),
            reserves=reserved(self._pace) if kind is Priority.FIRST and budgets == self._pace.posts else (),
        )
        answer = await self._pacing.take(asked)
        if answer.wait_s > 0:
            now = self._clock.monotonic()
            self._refused = kind, now + answer.wait_s
            self._excused_until = max(self._excused_until, now + answer.wait_s)
            return self._rest(kind, answer.wait_s)
        self._refused = None
        if self._reply.version != version:
            view = self._newest(sheet, view)
        # First the record: what people have seen must be known to whoever takes over.
        await self._note_shown()
        await self._guard()
        await self._show(sheet, view, asked)
        self._call_ended = self._clock.monotonic()
        return 0.0

    def _rest(self, kind: Priority, wait_s: float) -> float:
        """Do not look at the pages for a while: rendering them for each chunk would cost more than all else."""
        if kind is Priority.BETWEEN:
            self._look_not_before = self._clock.monotonic() + min(wait_s, _REST_MOST_S)
        return wait_s

    def _stale(self) -> list[PageView]:
        """Return the pages that do not look as they should, as they are to look."""
        return [wanted for view in self._showing.views(self._reply) if (wanted := self._wanted(view)) is not None]

    def _newest(self, sheet: PageState, view: PageView) -> PageView:
        """Return the page as it is to look now: its text may have grown while the limits were asked.

        One that counts elsewhere now, such as a draft that became final, is left to the next call.
        """
        newer = next((newer for newer in self._stale() if newer.number == view.number), view)
        return newer if self._budgets(sheet, newer) == self._budgets(sheet, view) else view

    def _kind(self, sheet: PageState, view: PageView) -> Priority:
        if self._showing.is_draft(view, sheet.message_id):
            if self._showing.is_urgent(view):
                return Priority.FIRST
            return Priority.BETWEEN if view.text else Priority.COSMETIC
        if self._reply.ended:
            return Priority.FINAL
        if not self.has_posted:
            return Priority.FIRST
        if view.final or not sheet.message_id:
            return Priority.TURN
        shown = sheet.shown
        return Priority.COSMETIC if shown is not None and shown.text == view.text else Priority.BETWEEN

    def _budgets(self, sheet: PageState, view: PageView) -> Sequence[Budget]:
        """Return what the next call for a page is counted in."""
        if self._showing.is_draft(view, sheet.message_id):
            return self._pace.drafts
        if sheet.looks_left:
            return self._pace.finds
        if not sheet.message_id:
            return self._pace.posts
        return (view.final and self._pace.finals) or self._pace.edits

    def _waits_s(self, kind: Priority) -> float:
        """Return for how long people have not been up to date."""
        since = self._call_ended
        if kind is Priority.FINAL and self._ended_at is not None:
            since = self._ended_at
        elif kind is Priority.FIRST:
            since = self._first_text_at or self._began
        return self._clock.monotonic() - since

    def _wanted(self, view: PageView) -> PageView | None:
        """Return how the page's message is to look now, or None where it looks so already or is given up."""
        while len(self._sheets) < view.number:
            self._sheets.append(self._new_sheet())
        sheet = self._sheets[view.number - 1]
        if sheet.given_up:
            return None
        if self._showing.is_draft(view, sheet.message_id):
            return view if self._showing.is_due(view) else None
        if sheet.message_id and sheet.shown is None and self._showing.leaves_alone(view):
            return None
        wanted = sheet.wanted(view)
        return None if wanted is None or self._shows(sheet, wanted) else wanted

    def _shows(self, sheet: PageState, view: PageView) -> bool:
        if sheet.shown is None or sheet.shown == view:
            return sheet.shown is not None
        # Rendering is dear: it is looked at only where nothing but the end of the page has come.
        return replace(sheet.shown, final=view.final) == view and self._channel.looks_same(sheet.shown, view)

    def _hold_first_text_s(self) -> float:
        """Return how long the first text is still held back, so that it is worth reading."""
        reply = self._reply
        if self.has_posted or reply.ended or reply.status or reply.length >= FIRST_TEXT_CHARACTERS:
            return 0.0
        if self._first_text_at is None:
            return _LOOK_AGAIN_S
        return self._first_text_at + FIRST_TEXT_WAIT_S - self._clock.monotonic()

    def _note_end(self) -> None:
        if self._reply.ended and self._ended_at is None:
            self._ended_at = self._clock.monotonic()
            if self._first_text_at is not None:
                self._pacing.learn(self._ended_at - self._first_text_at)

    def _is_too_late(self) -> bool:
        if self._ended_at is None:
            return False
        # A limit, however long it lasts, only makes the text late.
        if self._clock.monotonic() - max(self._ended_at, self._excused_until) < _SHOW_WITHIN_S:
            return False
        log.error("a reply could not be shown and is given up", extra={"place": self._address.place})
        return True

    def _due_in_s(self, kind: Priority) -> float:
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

    async def _show(self, sheet: PageState, view: PageView, asked: CallRequest) -> None:
        """Make one call, and take in how it went."""
        try:
            async with self._pacing.call(asked):
                await self._call(sheet, view)
        except ChannelRateLimited as error:
            await self._after_limit(sheet, error, asked)
        except ChannelUnavailable as error:
            self._backoff_s = min(max(self._backoff_s * 2, _BACKOFF_FIRST_S), _BACKOFF_MOST_S)
            log.warning("channel does not answer", extra={"wait_s": self._backoff_s, "cause": str(error)})
        except PostUncertain:
            log.warning("the answer to a post was lost", extra={"page": view.number})
            sheet.note_uncertain(view)
            self._backoff_s = _LOOK_PAUSE_S
        except MessageGone:
            sheet.note_gone()
        except PageRejected as error:
            log.error("the channel refuses a page", extra={"page": view.number, "cause": str(error)})  # noqa: TRY400 - no traceback wanted
            sheet.note_refusal(view)

    async def _call(self, sheet: PageState, view: PageView) -> None:
        if self._showing.is_draft(view, sheet.message_id):
            await self._draft(view)
        elif sheet.looks_left:
            await self._look_for(sheet, view)
            return
        elif sheet.message_id:
            await self._channel.edit(self._address, sheet.message_id, view)
            sheet.shown = view
        else:
            await run_shielded(self._post(sheet, view), at_most_s=_POST_AFTER_STOP_S)
            sheet.shown = view
        self._backoff_s = 0.0

    async def _draft(self, view: PageView) -> None:
        try:
            is_shown = self._drafts is not None and await self._drafts.draft(self._address, view)
        except ChannelUnavailable as error:
            log.info("a page that grows could not be shown", extra={"cause": str(error)})
            is_shown = True  # nothing is lost: the next one shows more, and the final text must not wait for it
        self._showing.note(view, is_shown=is_shown)

    async def _after_limit(self, sheet: PageState, error: ChannelRateLimited, asked: CallRequest) -> None:
        log.info("channel limit reached", extra={"scope": error.scope, "wait_s": error.retry_after_s})
        await self._pacing.pause(error.scope, error.retry_after_s)
        self._excused_until = self._clock.monotonic() + error.retry_after_s
        if all(budget.scope != error.scope for budget in asked.budgets):
            # The pacing does not know that this call belongs there, so this writer waits by itself.
            self._not_before = self._excused_until
        if sheet.looks_left and asked.budgets == self._pace.finds:
            sheet.note_refused_look()

    async def _post(self, sheet: PageState, view: PageView) -> None:
        """Post, and note the message's id: a message that no record tells of would be posted again."""
        sheet.message_id = await self._channel.post(self._address, view)
        await self._note_shown()

    async def _look_for(self, sheet: PageState, view: PageView) -> None:
        """Search the channel for a page that may be there without our knowing its message."""
        try:
            found = await self._find_post(view)
        except LookupUnsupported:
            sheet.looks_left = 0
            return
        sheet.note_look(found)
        # A request that timed out on our side may still be carried out on theirs.
        self._backoff_s = _LOOK_PAUSE_S if sheet.looks_left else 0.0

    async def _find_post(self, view: PageView) -> str | None:
        """Return the message that already shows the page. Raises `LookupUnsupported` where nobody can tell."""
        if isinstance(self._channel, PostLookup):
            return await self._channel.find_post(self._address, view)
        raise LookupUnsupported(f"{self._channel.name} cannot be searched")

    def _new_sheet(self, message_id: str = "") -> PageState:
        return PageState(message_id, looks_left=1 if self._taken_up and not message_id else 0)

    async def _note_shown(self) -> None:
        # The whole text is recorded by the turn, with how it came out, before the reply ends.
        text = self._noted.text if self._reply.ended else self._reply.text
        await self._noted.note((self.message_ids, text))

    async def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
