"""What happens to a place as a whole: it gets another id, or the bridge is removed from it."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import pack, unpack
from adapters.redis_store.schema.keys import Keys, StoreLimits, milliseconds
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey


class RedisPlaces:
    """The ports `Places` and `Accounts` on Redis. One step for each thread; what it finds moved it leaves alone."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits

    async def move(self, channel: str, account: str, place: str, new_place: str) -> int:
        """Give all that the threads of a place have to the same threads of another; return how many were moved.

        The thread that was active last is moved last, so that it is the one to inherit.
        """
        keys = self._keys
        last_active_thread = keys.last_active_thread(channel, account, new_place)
        shared = (keys.due, keys.leases, keys.idle, keys.endings, keys.ends, keys.bell, last_active_thread)
        moved = 0
        for thread in await self._threads(channel, account, place):
            new = replace(thread, place=new_place)
            moved += await self._commands.script(
                "move",
                [*shared, *keys.of_thread(thread), *keys.of_thread(new)],
                [
                    *(str(thread), str(new), pack(thread.thread), self._limits.bell_length),
                    *(milliseconds(self._limits.known_thread_s), milliseconds(self._limits.reply_root_s)),
                ],
            )
        return moved

    async def last_active_thread(self, channel: str, account: str, place: str) -> str | None:
        """Return the thread that was active last of those moved here, until `consume_move` is called. For 7 days."""
        raw = await self._commands.call("GET", self._keys.last_active_thread(channel, account, place))
        return None if raw is None else unpack(raw)

    async def consume_move(self, channel: str, account: str, place: str) -> None:
        """Note that somebody goes on with the thread that `last_active_thread` named."""
        await self._commands.call("DEL", self._keys.last_active_thread(channel, account, place))

    async def leave(self, channel: str, account: str, place: str) -> int:
        """Drop what waits in a place that is gone and begin to end its sessions; return how many."""
        return await self._leave(await self._threads(channel, account, place))

    async def leave_account(self, channel: str, account: str) -> int:
        """Do as `leave` in all places of an account; return how many sessions begin to end."""
        return await self._leave(await self._threads(channel, account))

    async def _leave(self, threads: Sequence[ThreadKey]) -> int:
        keys = self._keys
        shared = (keys.due, keys.leases, keys.idle, keys.endings, keys.ends, keys.counters)
        ended = 0
        for thread in threads:
            ended += await self._commands.script(
                "leave", [*shared, *keys.of_thread(thread)], [str(thread), EndReason.GONE.value]
            )
        return ended

    async def _threads(self, channel: str, account: str, place: str = "") -> Sequence[ThreadKey]:
        """Return the threads of a place that have a session or work, the one active last at the end.

        Without a place: those of all places of the account.
        """
        everywhere = str(ThreadKey(channel, account, "")).removesuffix(":")
        beginning = str(ThreadKey(channel, account, place)) if place else everywhere
        names = await self._commands.script("threads_of_place", [self._keys.idle, self._keys.due], [beginning])
        return [ThreadKey.parse(unpack(name)) for name in names]
