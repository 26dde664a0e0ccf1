"""All pages of a reply in their channel: which of them does not look as it should, and what call it needs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.domain.limits.rate_limits import Budget, ChannelLimits, Priority
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from bridge.ports.channel import Channel
from bridge.rate_limits.channel_limiter import reserved
from bridge.reply.display_mode import DisplayMode
from bridge.reply.page_state import PageState
from bridge.reply.reply import Reply
from bridge.texts.catalog import texts_in


@dataclass(frozen=True, slots=True)
class CallKind:
    """What a call is for and where it counts: all that the pacing needs to know, and nothing of the text."""

    priority: Priority
    budgets: Sequence[Budget]
    reserves: Sequence[Budget] = ()
    is_last: bool = False
    """The reply needs no other call after this one."""


@dataclass(frozen=True, slots=True)
class NextCall:
    """What is to be done next: a page and how it is to look."""

    page: PageState
    view: PageView
    kind: CallKind
    is_optional: bool = False
    """People see the whole text already: only buttons are wrong."""


async def make_pages(reply: Reply) -> None:
    """Make the pages one by one: a long answer that comes at once must not hold up the other replies."""
    while reply.make_page():  # noqa: ASYNC110 - it waits for nothing, it lets others work
        await asyncio.sleep(0)


class PageList:
    """Knows every page's message.

    Args:
        message_ids: Messages that already show pages of this reply, from an earlier try of the turn.
        replaced: Those of them that show an older answer so far: its question was edited and is asked again.
        taken_up: True when the turn was begun before: pages may be there that no record tells of.
    """

    def __init__(
        self,
        channel: Channel,
        pace: ChannelLimits,
        reply: Reply,
        showing: DisplayMode,
        message_ids: Sequence[str],
        replaced: Sequence[str] = (),
        *,
        taken_up: bool,
    ) -> None:
        self._channel = channel
        self._pace = pace
        self._reply = reply
        self._showing = showing
        self._taken_up = taken_up
        self._replaced = frozenset(replaced)
        self._pages = [self._new_page(message_id) for message_id in message_ids]
        self._left: list[PageState] = []
        """Old messages that no page of this reply takes."""

    @property
    def has_posted(self) -> bool:
        """True when people see something of this reply."""
        return any(page.message_id and not self._is_old(page) for page in self._pages)

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The messages of the reply, in order of its pages; empty for a page whose message is not known."""
        ids = [page.message_id for page in self._pages]
        while ids and not ids[-1]:
            ids.pop()
        return tuple(ids)

    async def next_call(self) -> NextCall | None:
        """Look at the pages; return the first call that is needed to make the channel show them, None for none."""
        await make_pages(self._reply)
        if self._reply.ended and not self._reply.length:
            self._keep_old_answer()
        views = self._showing.views(self._reply)
        stale = [item for view in views if (item := self._stale(view)) is not None]
        if self._reply.ended and self._replaced and views:
            stale += self._surplus(views)
        if not stale:
            return None
        worse = [item for item in stale if not self._reply.ended or not self._lacks_buttons_only(*item)]
        page, view = (worse or stale)[0]
        priority = self._priority(page, view) if worse else Priority.COSMETIC
        budgets = self._budgets(page, view)
        kind = CallKind(
            priority,
            budgets,
            reserved(self._pace) if priority is Priority.FIRST and budgets == self._pace.posts else (),
            is_last=priority is Priority.FINAL and len(stale) == 1 and not page.looks_left,
        )
        return NextCall(page, view, kind, is_optional=not worse)

    def post_rest(self, call: NextCall) -> bool:
        """Let the rest of a page's text go out as the next message, where posts count apart. False: it cannot.

        The page's message shows the beginning, and that is all that it will show.
        """
        shown, posts = call.page.shown, {budget.scope for budget in self._pace.posts}
        counts_apart = bool(posts) and not any(budget.scope in posts for budget in call.kind.budgets)
        return counts_apart and bool(call.page.message_id) and shown is not None and self._reply.seal(shown)

    def leave_old(self, page: PageState) -> bool:
        """Show this page and those behind it in new messages: the old one cannot be edited. False: it is no old one."""
        if not self._is_old(page):
            return False
        at = next((at for at, one in enumerate(self._pages) if one is page), None)
        if at is None:
            page.given_up = True
            return True
        for one in filter(self._is_old, self._pages[at:]):
            if one is not page:
                self._left.append(PageState(one.message_id))
            one.message_id, one.looks_left = "", int(self._taken_up)
        return True

    def expected(self, page: PageState, view: PageView) -> CallKind | None:
        """Return what call comes next where this view, which was just shown, goes on growing."""
        if view.final or not view.text:
            return None
        return CallKind(Priority.BETWEEN, self._budgets(page, view))

    def is_draft(self, page: PageState, view: PageView) -> bool:
        """Say whether the page is shown without a message."""
        return self._showing.is_draft(view, page.message_id)

    def _budgets(self, page: PageState, view: PageView) -> Sequence[Budget]:
        """Return what the next call for a page is counted in."""
        if self.is_draft(page, view):
            return self._pace.drafts
        if page.looks_left:
            return self._pace.finds
        if not page.message_id:
            return self._pace.posts
        return (view.final and self._pace.finals) or self._pace.edits

    def _stale(self, view: PageView) -> tuple[PageState, PageView] | None:
        """Return the page and how its message is to look, or None where it looks so already or is given up."""
        while len(self._pages) < view.number:
            self._pages.append(self._new_page())
        page = self._pages[view.number - 1]
        if page.given_up:
            return None
        if self.is_draft(page, view):
            return (page, view) if self._showing.is_due(view) else None
        if page.message_id and page.shown is None and self._showing.leaves_alone(view):
            return None
        wanted = page.wanted(view)
        return None if wanted is None or self._shows(page.shown, wanted) else (page, wanted)

    def _keep_old_answer(self) -> None:
        """Let what is said be a new message: a notice alone is no answer in place of the older one."""
        for page in filter(self._is_old, self._pages):
            page.message_id, page.looks_left = "", int(self._taken_up)

    def _surplus(self, views: Sequence[PageView]) -> list[tuple[PageState, PageView]]:
        """Return the old messages that the answer does not need, and how they are to look."""
        count, language = len(views), views[-1].language
        said = PageView(notice=texts_in(language)(Notice.ANSWER_ABOVE), final=True, language=language)
        pages = (*self._pages[count:], *self._left)
        return [
            (page, replace(said, number=number))
            for number, page in enumerate(pages, count + 1)
            if self._is_old(page) and not page.given_up
        ]

    def _is_old(self, page: PageState) -> bool:
        """Say whether the message still shows the older answer."""
        return page.shown is None and page.message_id in self._replaced

    def _shows(self, shown: PageView | None, view: PageView) -> bool:
        if shown is None or shown == view:
            return shown is not None
        # Rendering is dear: it is looked at only where nothing but the end of the page has come.
        return replace(shown, final=view.final) == view and self._channel.looks_same(shown, view)

    def _lacks_buttons_only(self, page: PageState, view: PageView) -> bool:
        shown = page.shown
        return bool(page.message_id) and shown is not None and self._shows(replace(shown, controls=view.controls), view)

    def _priority(self, page: PageState, view: PageView) -> Priority:
        if self.is_draft(page, view):
            if self._showing.is_urgent(view):
                return Priority.FIRST
            return Priority.BETWEEN if view.text else Priority.COSMETIC
        if self._reply.ended:
            return Priority.FINAL
        if not self.has_posted:
            return Priority.FIRST
        if view.final or not page.message_id:
            return Priority.TURN
        shown = page.shown
        return Priority.COSMETIC if shown is not None and shown.text == view.text else Priority.BETWEEN

    def _new_page(self, message_id: str = "") -> PageState:
        return PageState(message_id, looks_left=1 if self._taken_up and not message_id else 0)
