"""What an operator watches of the server itself."""

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.client.server_check import memory_use
from bridge.ports.coordination import MemoryUse


class RedisHealth:
    """The `StoreHealth` port on Redis."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def memory(self) -> MemoryUse:
        """Return how full it is. Looks on the way whether there are replicas that a durable write can wait for."""
        memory, replication = await self._commands.calls([("INFO", "memory"), ("INFO", "replication")])
        self._commands.has_replicas = bool(replication.get("connected_slaves"))
        return memory_use(memory)
