"""One holder at a time for what only one worker may do."""

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.keys import Keys, milliseconds


class RedisLeader:
    """The `LeaderLease` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    async def take(self, name: str, holder: str, lease_s: float, *, can_wait_s: float = 0.0) -> bool:
        """Take or keep the lead for that long. False when another worker has it."""
        taken = await self._commands.script(
            "lead", [self._keys.leader(name)], [holder, milliseconds(lease_s)], can_wait_s=can_wait_s
        )
        return bool(taken)

    async def give_up(self, name: str, holder: str) -> None:
        """Let the next one lead at once. Does nothing if another worker leads."""
        await self._commands.script("lead", [self._keys.leader(name)], [holder, 0])

    async def is_led(self, name: str) -> bool:
        """Say whether a worker leads now. Raises `StoreUnavailable`."""
        return bool(await self._commands.call("EXISTS", self._keys.leader(name)))
