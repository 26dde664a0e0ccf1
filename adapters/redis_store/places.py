"""What happens to a place as a whole: it gets another id, or the bridge is removed from it."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import pack, unpack
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.resealing import Sealed, resealed
from adapters.redis_store.schema.sealing import Sealing
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.sessions import EndReason
from bridge.domain.threads import ThreadKey

_SLICE = 2000
"""Threads that one call looks at: about 2 ms of the server's time."""
_MOST_TRIES = 10
"""How often a thread is read anew because something came in since."""
_AFTER_ALL_WORK = 1e15
"""Later than every time in milliseconds."""


class RedisPlaces:
    """The ports `Places` and `Accounts` on Redis. One step for each thread; what it finds moved it leaves alone."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits, sealing: Sealing) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._sealing = sealing

    async def move(self, channel: str, account: str, place: str, new_place: str) -> int:
        """Give all that the threads of a place have to the same threads of another; return how many were moved.

        The thread that was active last is moved last, so that it is the one to inherit.
        """
        keys = self._keys
        last_active_thread = keys.last_active_thread(channel, account, new_place)
        queues = (keys.due, keys.leases, keys.idle, keys.endings, keys.ends, keys.bell)
        shared = (*queues, last_active_thread, keys.clock, keys.taken_due)
        moved = 0
        for thread in await self._threads(channel, account, place):
            new = replace(thread, place=new_place)
            for tries_left in range(_MOST_TRIES, 0, -1):
                found = await self._sealed(thread)
                became = await self._commands.script(
                    "move",
                    [*shared, *keys.of_thread(thread), *keys.of_thread(new)],
                    [
                        *(str(thread), str(new), pack(thread.thread), self._limits.bell_length),
                        *(milliseconds(self._limits.known_thread_s), milliseconds(self._limits.reply_root_s)),
                        *(
                            pack(new_place),
                            found.session.get(b"token", b""),
                            len(found.bodies) if tries_left > 1 else -1,
                        ),
                        *resealed(self._sealing, thread, new, found),
                    ],
                )
                if became >= 0:
                    moved += became
                    break
        return moved

    async def _sealed(self, thread: ThreadKey) -> Sealed:
        """Read what is sealed for the thread by its name."""
        keys, call = self._keys, self._commands.call
        session, bodies = await call("HGETALL", keys.session(thread)), await call("HGETALL", keys.bodies(thread))
        return Sealed(
            session=session,
            bodies=bodies,
            unanswered=await call("GET", keys.unanswered(thread)),
            exchanges=await call("ZRANGE", keys.exchanges(thread), 0, -1),
            overheard=await call("LRANGE", keys.overheard(thread), 0, -1),
            taken=await call("HGETALL", keys.taken(thread)),
        )

    async def last_active_thread(self, channel: str, account: str, place: str) -> str | None:
        """Return the thread that was active last of those moved here, until `consume_move` is called. For 7 days."""
        raw = await self._commands.call("GET", self._keys.last_active_thread(channel, account, place))
        return None if raw is None else unpack(raw)

    async def consume_move(self, channel: str, account: str, place: str) -> None:
        """Forget the thread that `last_active_thread` named: a question continued it."""
        await self._commands.call("DEL", self._keys.last_active_thread(channel, account, place))

    async def leave(self, channel: str, account: str, place: str) -> int:
        """Drop what waits in a place that is gone and begin to end its sessions; return how many."""
        return await self._leave(await self._threads(channel, account, place))

    async def leave_account(self, channel: str, account: str) -> int:
        """Do as `leave` in all places of an account; return how many sessions begin to end."""
        return await self._leave(await self._threads(channel, account))

    async def _leave(self, threads: Sequence[ThreadKey]) -> int:
        keys = self._keys
        queues = (keys.due, keys.leases, keys.idle, keys.endings, keys.ends)
        shared = (*queues, keys.counters, keys.clock, keys.taken_due, keys.drops)
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
        # Those with work alone come first, then those that a person has, then those with a session, by their deadlines.
        found: dict[bytes, float] = {}
        keys = self._keys
        for key, base in ((keys.due, 0.0), (keys.taken_due, _AFTER_ALL_WORK), (keys.idle, 2 * _AFTER_ALL_WORK)):
            found |= {name: base + score for name, score in await self._of_place(key, beginning)}
        return [ThreadKey.parse(unpack(name)) for name in sorted(found, key=lambda name: found[name])]

    async def _of_place(self, key: str, beginning: str) -> Sequence[tuple[bytes, float]]:
        """Look through a sorted set in slices, because the server does nothing else meanwhile."""
        found: list[tuple[bytes, float]] = []
        cursor = 0
        while True:
            cursor, page = await self._commands.call("ZSCAN", key, cursor, "MATCH", f"{beginning}*", "COUNT", _SLICE)
            found += page
            if cursor == 0:
                return found
