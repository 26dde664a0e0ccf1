"""What the contract tests of Telegram share."""

import asyncio

from adapters.telegram.inbound.update_handler import ChatStores
from bridge.domain.errors import StoreUnavailable


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
