"""What the contract tests of Telegram share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.inbound.update_handler import ChatStores
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Incoming, IntakeResult
from sandbox.telegram.server import TelegramStandIn
from tests.wishes import words_of


class Roots:
    """`ReplyRoots` and `Places` in memory."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], str] = {}
        self.heirs: dict[tuple[str, str], str] = {}
        self.changes: list[tuple[str, ...]] = []
        """What happened to chats: `("moved", old, new)` and `("left", chat)`."""
        self.is_away = False
        self.hangs: asyncio.Event | None = None
        """Until this is set nothing is answered."""

    async def remember(self, account: str, place: str, message_id: str, root: str) -> None:
        await self._wait()
        self._look()
        self.known[account, place, message_id] = root

    async def root_of(self, account: str, place: str, message_id: str) -> str | None:
        await self._wait()
        self._look()
        return self.known.get((account, place, message_id))

    async def move(self, channel: str, account: str, place: str, new_place: str) -> int:
        self._look()
        self.changes.append(("moved", channel, account, place, new_place))
        return 0

    async def last_active_thread(self, channel: str, account: str, place: str) -> str | None:
        self._look()
        assert channel == "telegram"
        return self.heirs.get((account, place))

    async def consume_move(self, channel: str, account: str, place: str) -> None:
        self._look()
        assert channel == "telegram"
        self.heirs.pop((account, place), None)

    async def leave(self, channel: str, account: str, place: str) -> int:
        self._look()
        self.changes.append(("left", channel, account, place))
        return 0

    async def _wait(self) -> None:
        if self.hangs is not None:
            await self.hangs.wait()

    def _look(self) -> None:
        if self.is_away:
            raise StoreUnavailable("away")


def rooms_of(roots: Roots) -> ChatStores:
    """Hand over both ports."""
    return ChatStores(roots, roots)


class Intake:
    """Intake's door, which can be shut."""

    def __init__(self) -> None:
        self.questions: list[Incoming] = []
        self.knocks = 0
        self.refuse_from_knock: int | None = None
        self.hold: asyncio.Event | None = None
        self._news = asyncio.Event()

    async def accept(self, incoming: Incoming) -> IntakeResult:
        self.knocks += 1
        self._news.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse_from_knock is not None and self.knocks >= self.refuse_from_knock:
            raise StoreUnavailable("away")
        self.questions.append(incoming)
        return IntakeResult.ACCEPTED

    async def until_knocks(self, knocks: int) -> None:
        async with asyncio.timeout(15):
            while self.knocks < knocks:
                self._news.clear()
                await self._news.wait()

    @property
    def texts(self) -> list[str]:
        return [words_of(question) for question in self.questions]


@asynccontextmanager
async def receiving(channel: TelegramChannel, intake: Intake) -> AsyncIterator[list[str]]:
    """Receive as long as the block lasts; yields the sentences for the log."""
    sentences: list[str] = []
    connected = asyncio.Event()

    def note(sentence: str) -> None:
        sentences.append(sentence)
        connected.set()

    task = asyncio.ensure_future(channel.receive(intake.accept, note))
    try:
        async with asyncio.timeout(15):
            await connected.wait()
        yield sentences
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_nothing_is_pending(telegram: TelegramStandIn) -> None:
    await telegram.ledger.until(lambda: not telegram.pending(), timeout_s=15)
