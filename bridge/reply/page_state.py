"""What is known of one page's message, and what each answer of the channel changes in that."""

from dataclasses import dataclass, replace

from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from bridge.texts.catalog import texts_in
from bridge.texts.sentences import notice_of

_LOOKS = 2
"""How often a post whose answer was lost is searched for."""
_MOST_REFUSED_LOOKS, _MOST_FRESH_POSTS = 3, 3
"""How often a look-up may be refused, and a page whose message vanished be posted anew."""


@dataclass(slots=True)
class PageState:
    """One page of a reply in its channel."""

    message_id: str = ""
    shown: PageView | None = None
    given_up: bool = False
    """The channel refuses this page, or it is unknown whether it is there."""
    uncertain: PageView | None = None
    """Posted, but the answer was lost: this text must not be posted again, unless a look-up finds nothing."""
    looks_left: int = 0
    """How often the channel is still to be searched for this page before it is posted."""
    refused_looks: int = 0
    fresh_posts: int = 0
    stand_in: Notice | None = None
    """The notice that stands in for the page's text: it was refused, or it is unknown whether it is there."""

    def wanted(self, view: PageView) -> PageView | None:
        """Return how the message is to look, given the page; None where nothing more may be done for now."""
        if self.uncertain is not None and not self.message_id and not self.looks_left:
            # The unanswered post may stand there. Only a whole, different text is worth a second message.
            if not view.final:
                return None
            if view.text == self.uncertain.text:
                self.stand_in = Notice.UNSURE
        if self.stand_in is None:
            return view
        said = notice_of(texts_in(view.language), self.stand_in, view.turn_id)
        return replace(view, text="", source="", status="", notice=said, final=True, controls=())

    def note_uncertain(self, view: PageView) -> None:
        """Take in that the answer to a post was lost."""
        self.uncertain = view
        self.looks_left = _LOOKS

    def note_look(self, found: str | None) -> None:
        """Take in what a search brought: the message, or nothing this time."""
        if found is not None:
            self.message_id, self.looks_left, self.uncertain = found, 0, None
            return
        self.looks_left -= 1
        if not self.looks_left:
            self.uncertain = None

    def note_refused_look(self) -> None:
        """Take in that the channel's limit refused a search."""
        self.refused_looks += 1
        if self.refused_looks >= _MOST_REFUSED_LOOKS:
            self.looks_left = 0

    def note_gone(self, *, is_read: bool) -> None:
        """Take in that the message vanished. `is_read`: its whole text stood there."""
        if is_read:
            self.given_up = True
            return
        self.fresh_posts += 1
        self.message_id = ""
        self.given_up = self.fresh_posts > _MOST_FRESH_POSTS

    def note_refusal(self, view: PageView, *, is_read: bool) -> None:
        """Take in that the channel refuses a page as it looks. `is_read`: its whole text stands there."""
        if is_read or not view.final:
            self.shown = view  # a later text of the same page may be acceptable
        elif self.stand_in is not None:
            self.given_up = True
        else:
            self.stand_in = Notice.FAILED
