"""A channel that keeps an honest book of its messages, judges each call, and fails as it is told."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.domain.errors import (
    ChannelRateLimited,
    ChannelUnavailable,
    MessageGone,
    PageRejected,
    PlaceGone,
    PostUncertain,
)
from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.notices import WORDS, Notice
from bridge.domain.pages import PageView, Streaming
from bridge.domain.threads import Address
from bridge.ports.channel import Accept
from bridge.texts.sentences import question_changed
from tests.english import english, says
from tests.fakes import FakeChannel
from tests.property.bridge_agent import Fault
from tests.property.bridge_host import Host, Store

_POST_S = 0.15
_NOTE_S = 2.0
"""How long before a call its record may have been tried."""
_MOST_REFUSED_LOOKS = 3


@dataclass(eq=False)
class Message:
    """One message in a channel."""

    id: str
    thread: str
    view: PageView
    poster: Host = field(repr=False)
    posted_at: float
    changed_at: float = 0.0
    answer_lost: bool = False
    among_two: bool = False
    """Two workers were at work in its thread after a jump of Redis's clock, and only one of them could record it."""
    is_deleted: bool = False

    @property
    def page(self) -> tuple[str, int]:
        return self.view.turn_id, self.view.number

    @property
    def is_aside(self) -> bool:
        """Said beside the pages: it holds no text that could be there twice."""
        view = self.view
        is_offer = view.notice == question_changed(english, WORDS) or view.notice.startswith("Your question waits")
        return not view.text and (is_offer or says(view, Notice.BUSY, Notice.UNSURE))


class ChannelBook:
    """A messaging service, shared by all workers."""

    def __init__(self, name: str, store: Store, problems: list[str], *, finds_posts: bool, page_size: int) -> None:
        self.name = name
        self.finds_posts = finds_posts
        self.page_size = page_size
        self.messages: dict[str, Message] = {}
        self.faults: list[Fault] = []
        self.never_landed: set[tuple[str, int]] = set()
        """Pages of which a post had no effect, and the bridge cannot know."""
        self.recorded: set[str] = set()
        self.settled: set[str] = set()
        self.doubled = 0
        self.taken_back: set[str] = set()
        """Turns whose last words were seen while Redis was away, and then could not be had any more."""
        self.refused_looks: Counter[tuple[str, str, int]] = Counter()
        """How often a worker was refused a search for a page of a turn, as the channel is limited."""
        self.gone: set[str] = set()
        """Threads in which the bot may not write now."""
        self.met_gone: set[str] = set()
        """Turns that found their place gone."""
        self.refuses = ""
        """A page that holds this word is refused, whatever the number of tries."""
        self.refused: set[str] = set()
        """Turns of which a page was refused."""
        self.two_at_work: set[str] = set()
        """Turns in which a worker wrote that had lost its thread to a jump of Redis's clock."""
        self.gave_way: set[str] = set()
        """Turns whose text so far gave way to the notice that the rest was refused."""
        self.replaced: set[str] = set()
        """Turns in whose messages the answer to their new words stands."""
        self._store = store
        self._problems = problems

    def standing(self, page: tuple[str, int]) -> list[Message]:
        """Return the messages that show a page, oldest first."""
        return [m for m in self.messages.values() if m.page == page and not m.is_deleted and not m.is_aside]

    def was_deleted(self, turn_id: str) -> bool:
        """Say whether people deleted a part of the reply."""
        return any(m.is_deleted and m.view.turn_id == turn_id for m in self.messages.values())

    def was_lost(self, turn_id: str) -> bool:
        """Say whether a post of the reply was lost on its way, where the bridge cannot know."""
        return not self.finds_posts and any(turn == turn_id for turn, _ in self.never_landed)

    def admit(self, thread: str, view: PageView) -> None:
        """Let a call through to its effect. Raises `PlaceGone` and `PageRejected`."""
        if thread in self.gone:
            self.met_gone.add(view.turn_id)
            raise PlaceGone(thread)
        if self.refuses and self.refuses in view.text:
            self.refused.add(view.turn_id)
            raise PageRejected(self.refuses)

    def land(self, message: Message) -> None:
        """Let a post have its effect, and judge it."""
        page = message.page
        if message.is_aside or (says(message.view, Notice.FAILED) and not message.view.text):
            self.messages[message.id] = message
            return
        message.among_two = self._store.clock.excuses_two_at_work(message.thread)
        if page[0] in self.settled:
            self._blame(message, f"posted after it was settled: {page}")
        for earlier in self.standing(page):
            self.doubled += 1
            if earlier.among_two and earlier.id not in self.recorded:
                self.two_at_work.add(message.view.turn_id)
            elif not self._may_double(earlier, message):
                self._blame(message, f"page posted twice: {page} {earlier} {message}")
        self.messages[message.id] = message

    def _blame(self, message: Message, problem: str) -> None:
        """Note a problem, but for the gap that a jump of Redis's clock leaves."""
        if self._store.clock.excuses_two_at_work(message.thread):
            self.two_at_work.add(message.view.turn_id)
        else:
            self._problems.append(problem)

    def _may_double(self, earlier: Message, later: Message) -> bool:
        """Tell the gaps. The bridge could not know of the first: its channel cannot or must not be searched."""
        if earlier.id in self.recorded:
            return False
        if self.finds_posts:
            return self.refused_looks[later.poster.name, *later.page] >= _MOST_REFUSED_LOOKS
        poster = earlier.poster
        # The record follows the answer to a post at once: nothing else can have come in between.
        if poster.stopped_between(earlier.posted_at, earlier.posted_at + _POST_S):
            return True
        if self._store.trouble_at >= earlier.posted_at:
            return True
        # A worker that takes the turn up later does not know that a post was uncertain.
        return earlier.answer_lost and (earlier.view.text != later.view.text or earlier.poster is not later.poster)

    def change(self, message: Message, view: PageView) -> None:
        """Let an edit have its effect, and judge it."""
        if view.turn_id in self.settled:
            self._blame(message, f"edited after it was settled: {message.page}")
        before, after = words_of(message.view), words_of(view)
        # A page that has become full hands its last words on to the next one.
        hands_on = view.final and not view.notice and after and before.startswith(after)
        old = message.view.turn_id
        if view.turn_id != old:
            self.replaced.add(old)
            is_next = view.turn_id == f"edited:{old}" or says(view, Notice.ANSWER_ABOVE)
            if not is_next or old not in self.settled:
                self._blame(message, f"shows {view.turn_id} in place of {old}")
        elif not after and says(view, Notice.FAILED) and view.turn_id in self.refused:
            if before:
                self.gave_way.add(view.turn_id)
        elif self._may_take_back(message, view) and not after.startswith(before):
            self.taken_back.add(view.turn_id)
        elif not (after.startswith(before) or hands_on or "Welcome" in before):
            self._blame(message, f"went back in time: {message.page} {message.view} {view}")
        message.view, message.changed_at = view, self._store.loop.time()

    def _may_take_back(self, message: Message, view: PageView) -> bool:
        """Tell the documented gap: what people saw last could not be recorded, and the rest cannot be had."""
        trouble = self._store.trouble_at >= message.changed_at - _NOTE_S
        return trouble and says(view, Notice.INTERRUPTED) and words_of(message.view).startswith(words_of(view))


def words_of(view: PageView) -> str:
    """Return the text of a page, however its white space was cut."""
    return "".join(view.text.split())


class HostChannel(FakeChannel):
    """The channel port of one worker."""

    receives_alone = ""

    def __init__(self, book: ChannelBook, host: Host) -> None:
        super().__init__(name=book.name, page_size=book.page_size)
        self._book = book
        self._host = host

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        del streaming
        scope = f"{self.name}:{address.place}"
        return ChannelLimits(1.0, (), (Budget(scope, 50, 60.0),))

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        self._host.accept = accept
        connected("connected")
        await asyncio.Event().wait()

    async def post(self, address: Address, view: PageView) -> str:
        fault = self._fail(address, view)
        if fault is Fault.REQUEST_LOST:
            self._book.never_landed.add((view.turn_id, view.number))
            await asyncio.sleep(0.5)
            raise PostUncertain("lost")
        now = asyncio.get_running_loop().time()
        identity = f"{self.name}{len(self._book.messages) + 1}"
        message = Message(identity, address.thread, view, self._host, now, answer_lost=fault is Fault.ANSWER_LOST)
        self._book.land(message)
        await asyncio.sleep(_POST_S)
        if message.answer_lost:
            raise PostUncertain("lost")
        await self._host.step()
        return identity

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        fault = self._fail(address, view)
        if fault is Fault.REQUEST_LOST:
            raise ChannelUnavailable("lost")
        message = self._book.messages[message_id]
        if message.is_deleted:
            raise MessageGone(message_id)
        self._book.change(message, view)
        await asyncio.sleep(0.1)
        if fault is Fault.ANSWER_LOST:
            raise ChannelUnavailable("lost")
        await self._host.step()

    def _fail(self, address: Address, view: PageView) -> Fault | None:
        # No pause in here: the request leaves in the same instant in which the guard let it pass.
        self._host.live_step()
        fault = self._book.faults.pop(0) if self._book.faults else None
        if fault is Fault.UNAVAILABLE:
            raise ChannelUnavailable(self.name)
        if fault is Fault.LIMITED:
            raise ChannelRateLimited(3.0, f"{self.name}:P")
        self._book.admit(address.thread, view)
        return fault

    async def show_activity(self, address: Address, language: str = "") -> None:
        del address, language
        await self._host.gate()


class SearchableHostChannel(HostChannel):
    """One whose messages can be searched."""

    async def find_post(self, address: Address, view: PageView) -> str | None:
        try:
            fault = self._fail(address, PageView(turn_id=view.turn_id))
        except ChannelRateLimited:
            self._book.refused_looks[self._host.name, view.turn_id, view.number] += 1
            raise
        if fault is not None:
            raise ChannelUnavailable("lost")
        await asyncio.sleep(0.1)
        await self._host.step()
        found = self._book.standing((view.turn_id, view.number))
        return found[-1].id if found else None


def host_channel(book: ChannelBook, host: Host) -> HostChannel:
    """Return the channel port of one worker, as its service is."""
    return SearchableHostChannel(book, host) if book.finds_posts else HostChannel(book, host)
