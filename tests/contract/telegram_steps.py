"""What the contract tests of Telegram share."""

from bridge.errors import StoreUnavailable


class Roots:
    """`ReplyRoots` in memory."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], str] = {}
        self.is_away = False

    async def remember(self, account: str, place: str, message_id: str, root: str) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        self.known[account, place, message_id] = root

    async def root_of(self, account: str, place: str, message_id: str) -> str | None:
        if self.is_away:
            raise StoreUnavailable("away")
        return self.known.get((account, place, message_id))
