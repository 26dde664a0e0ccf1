"""TalkifAI's organisation limit, as all workers share it."""

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.keys import Keys, milliseconds
from bridge.domain.limits.rate_limits import RateLimit


class RedisQuota:
    """The `Quota` port on Redis.

    Args:
        commands: How commands reach Redis.
        keys: The key names.
        requests_per_minute: The operator's own cap; None leaves it to what TalkifAI says.
    """

    def __init__(self, commands: Commands, keys: Keys, *, requests_per_minute: int | None = None) -> None:
        self._commands = commands
        self._keys = keys
        self._requests_per_minute = requests_per_minute or 0

    async def take(self, *, is_end: bool) -> float:
        """Count a request and return 0, or return the seconds to wait before asking again."""
        wait_ms = await self._commands.script(
            "quota_take", [self._keys.quota], [int(is_end), self._requests_per_minute], once=self._keys.request
        )
        return int(wait_ms) / 1000

    async def observe(self, seen: RateLimit) -> None:
        """Note what TalkifAI said in an answer."""
        until_reset_ms = milliseconds(max(seen.reset_at - seen.seen_at, 0.001))
        await self._commands.script("quota_observe", [self._keys.quota], [seen.limit, seen.remaining, until_reset_ms])

    async def refuse(self, retry_after_s: float) -> None:
        """Note a 429: no worker's request goes out before that time."""
        await self._commands.script("quota_refuse", [self._keys.quota], [milliseconds(max(retry_after_s, 0.001))])
