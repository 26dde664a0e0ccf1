"""The terminal as a channel: one person, one thread, questions asked one after the other.

A question is read only when the answer to the one before it is shown whole. The core does not say when a turn is
over, so this does: the turn's last page is final, none is open, and nothing more came for a moment. Being wrong
about it does no harm, for the core keeps the order: the prompt merely comes early.
"""

import asyncio
import getpass
import logging
import platform
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from adapters.terminal.input import LEAVE, Lines, keys_unseen, read_line
from adapters.terminal.screen import Screen
from bridge.domain.errors import PlaceGone, StoreUnavailable
from bridge.domain.incoming import STOP_WORD, Incoming, IntakeResult, Queued, Stop
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.notices import TERMINAL, CommandStyle, Notice
from bridge.domain.pages import PageView, Streaming
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.ports.channel import Accept
from bridge.runtime.cancellation import unwrap_group
from bridge.texts.catalog import texts_in

log = logging.getLogger(__name__)

MOST_CHARACTERS = 20_000
"""Of one page. A terminal has no limit; this one keeps the drawing of a growing page quick."""
EDIT_FLOOR_S = 0.1
_QUIET_S = 0.4
"""Nothing new for that long after a final page: the turn is over."""
_SILENT_S = 180.0
"""Without any activity for that long, stop waiting for the answer."""
_STORE_RETRY_S = 1.0
_MOST_TYPED_AHEAD = 100
"""Lines that wait here while an answer is shown. Further ones wait in the terminal, "stop" among them."""


class TerminalChannel:
    """`Channel` and `Receiver` on standard input and output.

    Args:
        stdin: The file descriptor that questions are read from.
        stdout: Where replies are shown: drawn as they grow on a terminal, printed once, as text, elsewhere.
        user: Who asks; by default the user of the operating system.
        host: Where; by default this machine's name.
        now: Seconds since the epoch.
    """

    name = "terminal"

    def __init__(
        self,
        *,
        stdin: int = 0,
        stdout: TextIO | None = None,
        user: str = "",
        host: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        user = user or _user_name()
        self._person = Person(id=user, name=user)
        self._host = host or platform.node() or "localhost"
        self.thread = ThreadKey(self.name, f"{self._person.id}@{self._host}", "chat")
        self._stdin = stdin
        self._lines = Lines(stdin)
        self._screen = Screen(stdout or sys.stdout)
        self._now = now
        self._asked = ""
        self._answered = False
        self._gone = False
        self._sign = asyncio.Event()
        self._typed_ahead: deque[str] = deque()
        self._is_answering = False
        self._interrupted = asyncio.Event()

    @property
    def account(self) -> str:
        """The person at the terminal."""
        return self.thread.account

    @property
    def command_style(self) -> CommandStyle:
        """A command is a line of its own."""
        return TERMINAL

    def fits(self, text: str) -> bool:
        """Say whether a page of this text is drawn quickly. Pure."""
        return len(text) <= MOST_CHARACTERS

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Say whether a message that shows the one needs no edit to show the other."""
        return one == other

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        """Say how often a page may change. Pure."""
        del address, streaming
        return ChannelLimits(edit_floor_s=EDIT_FLOOR_S, posts=(), edits=())

    async def post(self, address: Address, view: PageView) -> str:
        """Show a new page. Raises `PlaceGone` when standard output was closed."""
        del address
        with self._signs(view):
            return self._screen.post(view)

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a page look like `view`. Raises `MessageGone` for a page that is printed, `PlaceGone` as `post`."""
        del address
        with self._signs(view):
            self._screen.edit(message_id, view)

    @property
    def receives_alone(self) -> str:
        """Empty: every process reads its own terminal."""
        return ""

    async def show_activity(self, address: Address, language: str = "") -> None:
        """Show that the agent is at work. Raises nothing."""
        del address, language
        self._sign.set()
        try:
            self._screen.think()
        except PlaceGone:
            log.debug("the terminal is gone")

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Hand over the questions that are typed. Returns at `/quit` or the input's end, when all is answered."""
        connected(f"Terminal: {self._person.id} at {self._host} can ask")
        try:
            self._screen.say(texts_in("")(Notice.TERMINAL_WELCOME))
            while await self._take_line(accept):
                pass
        except PlaceGone:
            log.info("the terminal is gone: no more questions")
        finally:
            self._screen.taken()

    def interrupt(self) -> bool:
        """Stop the answer that is being shown, soon. False where there is none, or this was asked for already."""
        if not self._is_answering or self._interrupted.is_set():
            return False
        self._interrupted.set()
        return True

    def close(self) -> None:
        """Leave the terminal as it was found; a reply that was cut off is printed as far as it came."""
        try:
            self._screen.close()
        except PlaceGone:
            log.debug("the terminal is gone")

    async def _take_line(self, accept: Accept) -> bool:
        """Read one line and see its question answered. False when there are no more lines."""
        # What the terminal does not show by itself: lines from a pipe, and those typed while a reply was drawn.
        unseen = not self._lines.is_terminal or bool(self._typed_ahead) or self._lines.are_waiting()
        self._screen.prompt()
        line = self._typed_ahead.popleft() if self._typed_ahead else await self._lines.next()
        if line is None:
            self._screen.taken("")
            return False
        self._screen.taken(line if unseen else None)
        if line.strip().lower() in LEAVE:
            return False
        wish = self._read(line)
        if isinstance(wish, Stop):
            await self._stop(wish, accept)
        elif wish is not None:
            with keys_unseen(self._stdin):
                await self._see_answered(wish, accept)
        return True

    def _read(self, line: str) -> Queued | Stop | None:
        return read_line(line, self.thread, self._person, self._now())

    async def _stop(self, stop: Stop, accept: Accept) -> None:
        if await _hand_over(stop, accept) is IntakeResult.NOTHING:
            self._screen.say(texts_in("")(Notice.NOTHING_TO_STOP))

    async def _see_answered(self, queued: Queued, accept: Accept) -> None:
        self._asked, self._answered = queued.id, False
        self._interrupted.clear()
        self._is_answering = True
        try:
            if await _hand_over(queued, accept) is not IntakeResult.ACCEPTED:
                return
            with unwrap_group():
                async with asyncio.TaskGroup() as group:
                    listening = (
                        group.create_task(self._stop_at_interrupt(accept)),
                        group.create_task(self._stop_at_word(accept)),
                    )
                    await self._until_answered()
                    for task in listening:
                        task.cancel()
        finally:
            self._is_answering = False

    async def _stop_at_interrupt(self, accept: Accept) -> None:
        await self._interrupted.wait()
        wish = self._read(STOP_WORD)
        if isinstance(wish, Stop):
            await self._stop(wish, accept)

    async def _stop_at_word(self, accept: Accept) -> None:
        """Heed a "stop" that is typed while an answer is shown. Other lines, and those of a pipe, wait their turn."""
        while self._lines.is_terminal and len(self._typed_ahead) < _MOST_TYPED_AHEAD:
            line = await self._lines.next()
            if line is None:
                return
            wish = self._read(line)
            if isinstance(wish, Stop):
                await self._stop(wish, accept)
            else:
                self._typed_ahead.append(line)

    async def _until_answered(self) -> None:
        while not self._gone:
            wait_s = _QUIET_S if self._answered and self._screen.is_settled else _SILENT_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._sign.wait()
            except TimeoutError:
                return
            self._sign.clear()
        raise PlaceGone("standard output was closed")

    @contextmanager
    def _signs(self, view: PageView) -> Iterator[None]:
        """Count a page as activity, and a final page of the turn in question as its answer."""
        try:
            yield
        except PlaceGone:
            self._gone = True
            raise
        finally:
            if view.turn_id in {self._asked, ""}:
                self._answered = view.final
            self._sign.set()


async def _hand_over(incoming: Incoming, accept: Accept) -> IntakeResult:
    """Offer what was typed until it is stored: only this adapter can deliver it again."""
    while True:
        try:
            return await accept(incoming)
        except StoreUnavailable as error:
            log.warning("what was typed cannot be kept yet", extra={"cause": str(error), "wait_s": _STORE_RETRY_S})
            await asyncio.sleep(_STORE_RETRY_S)


def _user_name() -> str:
    """Return the user's name, also where the system has none for the number that this process runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"
