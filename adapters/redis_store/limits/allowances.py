"""What people use, counted for all workers together."""

from collections.abc import Sequence
from typing import Any

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.codec import pack, unpack
from adapters.redis_store.schema.keys import Keys, milliseconds
from adapters.redis_store.schema.store_limits import StoreLimits
from bridge.domain.limits.allowances import Allowances, Asking, Level, Limit, Taken
from bridge.domain.threads import ThreadKey

MOST_REMEMBERED = 1_000
"""Questions of one person that are known to be counted, where no limit keeps them fewer."""
_COUNTED_S = 3600.0
"""For how long the tokens of an answer are known to be counted."""
_COUNT_WAITS_S = 0.5
"""How long the count of tokens may wait for another step to go along with."""
_HELD_S = 45.0
"""Renewed three times in it."""
_WAITS_S = 3600.0


class RedisAllowances:
    """The `AllowanceStore` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits

    async def take_question(self, asking: Asking, limits: Allowances) -> Taken:
        """Count a question, once, or say what is used up and when it comes back."""
        per_hour = limits.person_questions_per_hour
        answer = await self._commands.script(
            "question_take",
            [
                self._keys.allowance("hour", *_person(asking)),
                self._keys.allowance("asked", *_person(asking)),
                *self._budgets(asking),
                self._keys.clock,
            ],
            [
                *(pack(asking.question_id), per_hour, max(per_hour, MOST_REMEMBERED)),
                *(limits.person_messages, limits.person_tokens),
                *(limits.place_messages, limits.place_tokens),
                *(limits.total_messages, limits.total_tokens),
            ],
            once=self._keys.request,
        )
        wait_ms = int(answer[0])
        if wait_ms > 0:
            return Taken(Limit(unpack(answer[1])), wait_ms / 1000)
        return Taken(levels=_levels(answer))

    async def hour_wait_s(self, asking: Asking, at_most: int) -> float:
        """Return after how many seconds the person may ask again under this limit of an hour: 0 for at once."""
        hour, clock = self._keys.allowance("hour", *_person(asking)), self._keys.clock
        return int(await self._commands.script("hour_wait", [hour, clock], [at_most])) / 1000

    async def count_tokens(self, asking: Asking, tokens: int, limits: Allowances) -> Sequence[Level]:
        """Count the tokens of an answer, once; return what has reached a level by it."""
        answer = await self._commands.script(
            "tokens_count",
            [self._keys.allowance("counted", asking.question_id), *self._budgets(asking)],
            [
                *(tokens, milliseconds(_COUNTED_S)),
                *(limits.person_tokens, limits.place_tokens, limits.total_tokens),
            ],
            can_wait_s=_COUNT_WAITS_S,
            once=self._keys.request,
        )
        return _levels(answer)

    async def take_turn(self, asking: Asking, at_most: int) -> bool:
        """Count the thread as one in which the person is answered, for half a minute; False: it has to wait."""
        person = _person(asking)
        taken = await self._commands.script(
            "turn_take",
            [self._keys.allowance("live", *person), self._keys.allowance("waiting", *person), self._keys.clock],
            [str(asking.thread), at_most, milliseconds(_HELD_S), milliseconds(_WAITS_S)],
        )
        return bool(taken)

    async def leave_turn(self, asking: Asking) -> None:
        """Count the thread as such no more; wake the next one of this person."""
        keys, person = self._keys, _person(asking)
        await self._commands.script(
            "turn_leave",
            [
                *(keys.allowance("live", *person), keys.allowance("waiting", *person)),
                *(keys.due, keys.leases, keys.bell, keys.clock),
            ],
            [str(asking.thread), self._limits.bell_length],
        )

    async def take_session(self, asking: Asking, at_most: int) -> Taken:
        """Count a conversation that is about to be opened, while it is open; or say when one ends.

        What was counted is looked at where it would be too much, because sessions have ended meanwhile. What is counted
        between the look and the step counts as open: that errs on the safe side.
        """
        if not await self._take_session(asking, at_most, ()):
            return Taken()
        opened = self._keys.allowance("opened", *_person(asking))
        threads = [unpack(name) for name in await self._commands.call("ZRANGE", opened, 0, -1)]
        wait_ms = await self._take_session(asking, at_most, threads)
        return Taken(Limit.SESSIONS, wait_ms / 1000) if wait_ms else Taken()

    async def _take_session(self, asking: Asking, at_most: int, threads: Sequence[str]) -> int:
        keys, opened = self._keys, self._keys.allowance("opened", *_person(asking))
        wait_ms = await self._commands.script(
            "session_take",
            [opened, keys.idle, keys.clock, *(keys.session(ThreadKey.parse(name)) for name in threads)],
            [
                *(str(asking.thread), pack(asking.person_id), at_most, milliseconds(self._limits.opening_s)),
                *threads,
            ],
        )
        return int(wait_ms)

    def _budgets(self, asking: Asking) -> list[str]:
        thread = asking.thread
        return [
            self._keys.allowance("person", *_person(asking)),
            self._keys.allowance("place", thread.channel, thread.account, thread.place),
            self._keys.allowance("total"),
        ]


def _person(asking: Asking) -> tuple[str, str, str]:
    return asking.thread.channel, asking.thread.account, asking.person_id


def _levels(answer: Sequence[Any]) -> tuple[Level, ...]:
    parts = answer[1:]
    return tuple(
        Level(Limit(unpack(name)), unpack(unit), int(percent))
        for name, unit, percent in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )
