"""The few things that a channel keeps by itself."""

from collections.abc import Mapping, Sequence

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import pack, unpack
from adapters.redis_store.schema.keys import Keys, milliseconds


class RedisKeyValueStore:
    """The `KeyValueStore` port on Redis: a hash for each group, and a key for each mark."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    async def read(self, group: str, name: str) -> str | None:
        """Return what is written there, or None."""
        raw = await self._commands.call("HGET", self._keys.records(group), pack(name))
        return None if raw is None else unpack(raw)

    async def read_all(self, group: str) -> Mapping[str, str]:
        """Return all of a group, by name."""
        fields = await self._commands.call("HGETALL", self._keys.records(group))
        return {unpack(name): unpack(text) for name, text in fields.items()}

    async def write(self, group: str, name: str, text: str) -> None:
        """Write, over what is there."""
        key = self._keys.records(group)
        await self._commands.script("plain", [key], ["HSET", key, pack(name), pack(text)])

    async def remove(self, group: str, name: str) -> None:
        """Forget it."""
        await self._commands.call("HDEL", self._keys.records(group), pack(name))

    async def use(self, group: str, name: str, kept_s: float) -> bool:
        """Mark something as used, for that long; say whether it was not."""
        mark = self._keys.used(group, name)
        return await self._commands.mark(mark, milliseconds(kept_s), once=self._keys.request)

    async def is_any_used(self, group: str, names: Sequence[str]) -> bool:
        """Say whether one of them is marked as used."""
        return bool(await self._commands.read("EXISTS", [self._keys.used(group, name) for name in names]))
