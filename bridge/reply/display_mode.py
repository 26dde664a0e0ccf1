"""How the page that grows is shown: as it is, as a status line alone, or without a message where the channel can.

A page that is final is always shown whole, in a message. So whatever is lost on the way, be it a draft, a status or
the whole worker, the answer itself comes out the same in every mode.
"""

from collections.abc import Sequence
from dataclasses import replace

from bridge.domain.pages import PageView, Streaming
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Drafts
from bridge.reply.reply import Reply
from bridge.runtime.clock import Clock
from bridge.texts.catalog import texts_in
from bridge.texts.sentences import writing_status

STATUS_AFTER_S = 2.0
"""A status line that says no more than "thinking" or "writing" comes so late: a quick answer needs none."""
DRAFT_AGAIN_S = 20.0
"""Drafts of Telegram last 30 s (Bot API, `sendMessageDraft`), so one that does not change is shown again before."""
_LEAST_WAIT_S = 0.05


class DisplayMode:
    """One reply's way of being shown. Knows which page is shown without a message, and since when."""

    def __init__(self, streaming: Streaming, clock: Clock) -> None:
        self._streaming = streaming
        self._clock = clock
        self._began = clock.monotonic()
        self._takes_drafts = streaming is not Streaming.EDIT
        self._draft: PageView | None = None
        self._drafted_at = 0.0

    def views(self, reply: Reply) -> list[PageView]:
        """Return every page of the reply as this mode wants it to look now."""
        views = reply.views()
        if self._streaming is Streaming.STATUS:
            return as_status(views)
        # A message that says "Thinking…" would be all that a notification tells.
        return [view for view in views if self._takes_drafts or view.text or not view.is_thinking]

    def hold_s(self, reply: Reply) -> float:
        """Return how long a status line is still held back; not above 0 for not at all."""
        if self._streaming is not Streaming.STATUS or reply.ended:
            return 0.0
        return self._began + STATUS_AFTER_S - self._clock.monotonic()

    def leaves_alone(self, view: PageView) -> bool:
        """Say whether a message that was there before is to stay as it is for now: it may show more than this view."""
        return not view.final and (self._streaming is Streaming.STATUS or not view.text)

    def is_draft(self, view: PageView, message_id: str) -> bool:
        """Say whether the page is shown without a message. The page before it may still need one."""
        return self._takes_drafts and not view.final and not message_id

    def is_due(self, view: PageView) -> bool:
        """Say whether the draft differs from what is shown, or would soon go."""
        return self._draft != view or self._again_in_s() <= 0

    def is_urgent(self, view: PageView) -> bool:
        """Say whether a draft is not to wait behind the one before: it is the first, or the first that shows text."""
        return self._draft is None or (bool(view.text) and not self._draft.text)

    def note(self, view: PageView, *, is_shown: bool) -> None:
        """Note how showing a draft went. Where the channel takes none, this reply is shown in messages from now on."""
        self._takes_drafts = is_shown
        self._draft = view
        self._drafted_at = self._clock.monotonic()

    def look_again_s(self, most_s: float) -> float:
        """Return when to look again though nothing changes: before a draft goes, `most_s` where there is none."""
        if not self._takes_drafts or self._draft is None:
            return most_s
        return min(most_s, max(_LEAST_WAIT_S, self._again_in_s()))

    def _again_in_s(self) -> float:
        return self._drafted_at + DRAFT_AGAIN_S - self._clock.monotonic()


def by_edits(channel: Channel, streaming: Streaming | None) -> Streaming | None:
    """Return how a reply is shown in messages that stand there already: a stream of the service's own cannot be."""
    own = channel.streaming if isinstance(channel, Drafts) else None
    return Streaming.EDIT if (streaming or own) is Streaming.NATIVE else streaming


def as_status(views: Sequence[PageView]) -> list[PageView]:
    """Show of a page that still grows only what the agent is doing. Pure."""
    written = sum(len(view.text) for view in views)
    return [
        view
        if view.final
        else replace(view, text="", source="", status=view.status or writing_status(texts_in(view.language), written))
        for view in views
    ]
