"""Which thread a channel message belongs to, where the channel has only chains of replies."""

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import pack, unpack
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.store_limits import StoreLimits


class RedisReplyRoots:
    """The `ReplyRoots` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._life_ms = milliseconds(limits.reply_root_s)

    async def remember(self, account: str, place: str, message_id: str, root: str) -> None:
        """Note that a message belongs to the thread under `root`. Kept for 7 days."""
        key = self._keys.reply_root(account, place, message_id)
        await self._commands.call("SET", key, pack(root), "PX", self._life_ms)

    async def root_of(self, account: str, place: str, message_id: str) -> str | None:
        """Return the root that the message belongs to, or None."""
        raw = await self._commands.call("GET", self._keys.reply_root(account, place, message_id))
        return None if raw is None else unpack(raw)
