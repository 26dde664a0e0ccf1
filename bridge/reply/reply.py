"""Fold the agent's events into what every page of the reply should look like now."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from bridge.domain.notices import Notice, Phrase, Status
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.stream_events import (
    HandedOff,
    StreamEnded,
    StreamEvent,
    StreamFailed,
    StreamStarted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from bridge.markdown.pagination import MAX_PAGES, Page, Paginator
from bridge.texts.catalog import Texts, texts_in
from bridge.texts.sentences import handoff_status, tool_status, tools_used, writing_status

MAX_REPLY_CHARACTERS = 160_000
"""Bound of one reply; what the agent writes beyond it is left out, with a notice."""

_MOST_TOOLS = 100
"""Bound of the tools that are remembered, used ones and those at work: an agent may call any number."""


class Reply:
    """One reply as it grows. Not thread-safe; no input or output.

    Args:
        turn_id: The question that is answered.
        fits: Says whether Markdown goes into one message of the channel.
        max_pages: How many messages it fills at most.
        show_tools: Whether the finished reply names the tools that were used.
        controls: What the channel can show below it, for people to press.
        streaming: How it is shown while it grows; None: as the channel's setting says.
        most_shown: How many pages of a longer answer are shown while a file may hold the rest; None: all of them.
        texts: What the bridge says in it; None: in the language of the setting.
    """

    def __init__(
        self,
        turn_id: str,
        fits: Callable[[str], bool],
        max_pages: int = MAX_PAGES,
        *,
        show_tools: bool = False,
        controls: Container[Button] = (),
        streaming: Streaming | None = None,
        most_shown: int | None = None,
        texts: Texts | None = None,
    ) -> None:
        self._texts = texts or texts_in("")
        self.streaming = streaming
        self._most_shown = most_shown and min(most_shown, max_pages)
        self.is_held = False
        """True while there are more pages than are shown, as far as the pages were looked at."""
        self.sent = ""
        """The words that were made of the question, where this worker made them."""
        self.rest_in = ""
        """The name of the file that holds what is not shown."""
        self.is_part = False
        """True where the answer did not come out whole."""
        self.conversation_id = ""
        """TalkifAI's conversation that it comes from, once that is known."""
        self.turn_id = turn_id
        self._offered = controls
        self._controls = self._of_those_offered((Button.STOP,))
        self._paginator = Paginator(fits, max_pages)
        self._parts: list[str] = []
        self._length = 0
        self._tools: list[str] = []
        self._show_tools = show_tools
        self.continues = ""
        """One line: from when the thread goes on."""
        self.used_tools: list[str] = []
        """What the agent has used, each name once, as far as a line could ever list them."""
        self._status: Status | None = None
        self._handoff = ""
        self.notice = ""
        self.ended = False
        """True when nothing will change any more."""
        self.has_begun = False
        """True once the agent has said anything at all, a tool call included: the question has arrived."""
        self.version = 0
        """Grows with every change that people could see."""
        self.looks = 0
        """How often the pages were made: what a reply costs."""
        self._looked_at = -1
        self._views: list[PageView] = []
        self._sealed: list[PageView] = []
        """The pages that are full: they are made once."""

    @property
    def length(self) -> int:
        """How many characters the agent has written so far."""
        return self._length

    @property
    def text(self) -> str:
        """All that the agent has written so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def status(self) -> str:
        """What the agent is doing; empty while it simply writes."""
        if self.ended:
            return ""
        if self._tools:
            return tool_status(self._texts, self._tools[-1])
        if self._handoff:
            return self._handoff
        if self._status is not None:
            return self._texts(self._status)
        # What comes beyond the pages that are shown would look as if nothing came.
        return writing_status(self._texts, self._length) if self.is_held else ""

    @property
    def _is_thinking(self) -> bool:
        return self._status is Status.THINKING and not (self._tools or self._handoff or self.ended)

    def say(self, status: Status | None) -> None:
        """Say what keeps the agent from writing, until its next text; None takes it back. None of it is its text."""
        if self._status is not status:
            self._status = status
            self.version += 1

    def apply(self, event: StreamEvent) -> None:
        """Take in one event of the stream. The caller decides what the stream's end means for the reply."""
        self.has_begun = True
        match event:
            case TextDelta(text):
                self._append(text)
            case ToolStarted(name):
                self._note_tool(name)
            case ToolFinished(name):
                if name in self._tools:
                    self._tools.remove(name)
            case HandedOff(to_agent):
                self._handoff = handoff_status(self._texts, to_agent)
            case StreamStarted() | StreamEnded() | StreamFailed():
                return
            case _:
                assert_never(event)
        self.version += 1

    def _note_tool(self, name: str) -> None:
        self._tools.append(name)
        del self._tools[:-_MOST_TOOLS]
        if len(self.used_tools) < _MOST_TOOLS and name not in self.used_tools:
            self.used_tools.append(name)

    def replace(self, text: str) -> None:
        """Replace what came over a broken stream by the whole answer, known from elsewhere.

        Where the two differ inside pages that are already full, those pages stand and the rest follows on.
        """
        self._parts = [text[:MAX_REPLY_CHARACTERS]]
        self._length = len(self._parts[0])
        self._paginator.read_again()
        self.version += 1

    def end(self, notice: str = "", controls: Iterable[Button] = ()) -> None:
        """Say that nothing more comes, and what may be pressed now. An empty answer gets the "empty" notice."""
        self._controls = self._of_those_offered(controls)
        self.notice = self.notice or notice or ("" if self.text.strip() else self._texts(Notice.EMPTY))
        self.ended = True
        self.version += 1

    def show_all(self) -> None:
        """Show every page: no file holds the rest."""
        self._most_shown = None
        self.version += 1

    def seal(self, shown: PageView) -> bool:
        """Leave the last page, which is shown like this, as it stands: the rest goes on behind it. False: it cannot."""
        closers = shown.text.removeprefix(shown.source)
        is_plain = shown.text.startswith(shown.source) and not shown.status and shown.number == len(self._sealed) + 1
        if not is_plain or not self._paginator.seal(self.text, shown.source, "" if "\n" in closers else closers):
            return False
        self._sealed.append(replace(shown, final=True, controls=()))
        self.version += 1
        return True

    def make_page(self) -> bool:
        """Do a part of the work of `views`, one page of it at most; False where nothing is left to do before."""
        if self._looked_at == self.version or (self._views and self._is_full):
            return False
        full, made = self._paginator.full, len(self._sealed)
        if made < len(full) and (self._most_shown is None or made < self._most_shown):
            self._sealed.append(self._view_of(full[made], made + 1))
            return True
        return self._paginator.make_page(self.text)

    def views(self) -> list[PageView]:
        """Return every page as it should look now. Empty while there is nothing to show."""
        # Pages that are full, all of them, stay as they are.
        if self._looked_at != self.version and not (self._views and self._is_full):
            self._views = self._make_views()
            self._looked_at = self.version
        return self._views

    def _make_views(self) -> list[PageView]:
        self.looks += 1
        pages = self._paginator.pages(self.text)
        self.is_held = self._most_shown is not None and len(pages) > self._most_shown
        pages = pages[: self._most_shown] if self.is_held else pages
        is_full = self._is_full
        self._sealed += [self._view_of(page, number) for number, page in self._newly_sealed(pages)]
        shown = self._sealed[: len(pages)]
        if len(shown) < len(pages):
            shown.append(self._view_of(pages[-1], len(pages)))
        shown[-1] = replace(
            shown[-1],
            status="" if is_full else self.status,
            is_thinking=self._is_thinking and not is_full,
            notice=self._below(is_full=is_full),
            aside=self.continues if self.ended and not is_full else "",
            final=self.ended or is_full,
            controls=() if is_full else self._controls,
        )
        return [view for view in shown if view.text or view.status or view.notice]

    @property
    def _is_full(self) -> bool:
        return self._paginator.is_full and not self.is_held

    def _newly_sealed(self, pages: Sequence[Page]) -> Iterator[tuple[int, Page]]:
        for number in range(len(self._sealed), len(pages)):
            if pages[number].continues:
                yield number + 1, pages[number]

    def _view_of(self, page: Page, number: int) -> PageView:
        shown, grown = page.looks(final=self.ended)
        return PageView(
            text=shown,
            number=number,
            final=page.continues,
            turn_id=self.turn_id,
            streaming=self.streaming,
            language=self._texts.language,
            source=grown,
        )

    def _of_those_offered(self, controls: Iterable[Button]) -> tuple[Button, ...]:
        return tuple(control for control in controls if control in self._offered)

    def _below(self, *, is_full: bool) -> str:
        """Return what stands below the finished text: the tools, then the notice."""
        if is_full:
            # This page is sealed by now, so nothing may be added when the stream ends.
            return self._texts(Notice.SHORTENED)
        if not self.ended:
            return ""
        is_part = self.is_part or self._length >= MAX_REPLY_CHARACTERS
        phrase = Phrase.PART_IN_FILE if is_part else Phrase.REST_IN_FILE
        rest = self._texts(phrase, file=self.rest_in) if self.rest_in else ""
        tools = tools_used(self._texts, self.used_tools) if self._show_tools else ""
        return "\n".join(line for line in (rest, tools, self.notice) if line)

    def _append(self, text: str) -> None:
        room = MAX_REPLY_CHARACTERS - self._length
        if room <= 0:
            return
        if len(text) > room:
            self.notice = self._texts(Notice.SHORTENED)
            text = text[:room]
        self._parts.append(text)
        self._length += len(text)
        # The agent writes again: a hand-over has been announced.
        if text.strip():
            self._handoff, self._status = "", None
