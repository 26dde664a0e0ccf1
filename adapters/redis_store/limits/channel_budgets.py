"""The channels' limits, as all workers share them: one script decides about a call in all its scopes at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from adapters.redis_store.client.batching import Argument
from adapters.redis_store.client.commands import Commands
from adapters.redis_store.schema.keys import Keys, milliseconds
from bridge.domain.limits.rate_limits import AHEAD_S, LIVE_FOR_S, Budget, CallDecision, CallRequest, Headroom, LiveReply

_CALL_KEYS = ("calls", "live", "unshown", "queue", "state")
_JOIN_KEYS = ("calls", "live", "unshown", "queue")
_LEAVE_KEYS = ("live", "unshown", "queue")
_CAN_WAIT_S = 0.8
"""For another step to go along with."""


class RedisCallBudgets:
    """The `CallBudgets` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    async def join(self, replies: Sequence[LiveReply], *, again: bool = False) -> Mapping[str, Headroom]:
        """Count replies as live, each for half a minute from now; return how crowded their scopes are, by name."""
        scopes: dict[str, Budget] = {}
        shown: defaultdict[str, list[str]] = defaultdict(list)
        unshown: defaultdict[str, list[str]] = defaultdict(list)
        for reply in replies:
            for budget in reply.scopes:
                scopes[budget.scope] = budget
                (unshown if budget.scope in reply.unshown_in else shown)[budget.scope].append(reply.id)
        answers = await self._commands.scripts(
            "pace_join",
            [
                (self._named(_JOIN_KEYS, scope), self._join_args(budget, unshown[scope], shown[scope]))
                for scope, budget in scopes.items()
            ],
            can_wait_s=_CAN_WAIT_S if again else 0.0,
        )
        return {scope: Headroom(int(live), int(calls)) for scope, (live, calls) in zip(scopes, answers, strict=True)}

    async def leave(self, replies: Sequence[LiveReply]) -> None:
        """Count replies as live no more, within a second."""
        left: defaultdict[str, list[Argument]] = defaultdict(list)
        for reply in replies:
            for budget in reply.scopes:
                left[budget.scope].append(reply.id)
        calls = [(self._named(_LEAVE_KEYS, scope), names) for scope, names in left.items()]
        await self._commands.scripts("pace_leave", calls, can_wait_s=_CAN_WAIT_S)

    async def take(self, asked: CallRequest) -> CallDecision:
        """Count a call in all its budgets at once, or say how long to wait before asking again."""
        limits: list[Argument] = []
        for budget, only_reserved in (*((it, 0) for it in asked.budgets), *((it, 1) for it in asked.reserves)):
            limits += [budget.calls, milliseconds(budget.window_s), int(budget.keeps_room), only_reserved]
        wait_ms, *rooms = await self._commands.script(
            "pace_take",
            [key for budget in asked.scopes for key in self._named(_CALL_KEYS, budget.scope)],
            [
                *(asked.kind.value, asked.reply, asked.id, round(max(asked.waits_s, 0.0) * 1000)),
                *(int(asked.is_last), milliseconds(AHEAD_S), milliseconds(LIVE_FOR_S), *limits),
            ],
        )
        pairs = zip(rooms[::2], rooms[1::2], strict=True)
        return CallDecision(int(wait_ms) / 1000, tuple(Headroom(int(a), int(b)) for a, b in pairs))

    async def finish(self, asked: CallRequest) -> None:
        """Say that a slow call has ended: it counts from now on."""
        keys = [self._keys.pace("calls", budget.scope) for budget in asked.budgets]
        await self._commands.script("pace_finish", keys, [asked.id])

    async def pause(self, scope: str, seconds: float) -> None:
        """Record a 429: no worker calls in this scope before that time."""
        await self._commands.script("pace_pause", [self._keys.pace("state", scope)], [milliseconds(seconds)])

    def _named(self, kinds: Sequence[str], scope: str) -> list[str]:
        return [self._keys.pace(kind, scope) for kind in kinds]

    @staticmethod
    def _join_args(budget: Budget, unshown: Sequence[str], shown: Sequence[str]) -> list[Argument]:
        limits = [milliseconds(LIVE_FOR_S), budget.calls, milliseconds(budget.window_s), milliseconds(AHEAD_S)]
        return [*limits, len(unshown), *unshown, *shown]
