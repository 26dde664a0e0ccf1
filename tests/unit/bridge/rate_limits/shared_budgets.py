"""What all workers share, as a fake in memory that can fail."""

import asyncio
from collections.abc import Mapping, Sequence

from bridge.domain.errors import StoreUnavailable
from bridge.domain.limits.rate_limits import CallDecision, CallRequest, Headroom, LiveReply
from bridge.rate_limits.local_budgets import LocalBudgets
from tests.virtual_time import LoopClock


class SharedBudgets(LocalBudgets):
    """The shared budgets, which can go away or hang."""

    def __init__(self) -> None:
        super().__init__(LoopClock())
        self.is_away = False
        self.hangs = False
        self.asked = 0
        self.takes = 0
        self.others_live = 0
        self.told_of: list[tuple[str, str]] = []
        """Replies that have left, and where."""

    async def take(self, asked: CallRequest) -> CallDecision:
        self.takes += 1
        await self._answer()
        answer = await super().take(asked)
        rooms = tuple(Headroom(room.live + self.others_live, room.calls) for room in answer.rooms)
        return CallDecision(answer.wait_s, rooms)

    async def join(self, replies: Sequence[LiveReply], *, again: bool = False) -> Mapping[str, Headroom]:
        await self._answer()
        rooms = await super().join(replies, again=again)
        return {scope: Headroom(room.live + self.others_live, room.calls) for scope, room in rooms.items()}

    async def leave(self, replies: Sequence[LiveReply]) -> None:
        await self._answer()
        self.told_of += [(reply.id, budget.scope) for reply in replies for budget in reply.scopes]
        await super().leave(replies)

    async def pause(self, scope: str, seconds: float) -> None:
        await self._answer()
        await super().pause(scope, seconds)

    async def finish(self, asked: CallRequest) -> None:
        await self._answer()
        await super().finish(asked)

    async def _answer(self) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(3600)
        if self.is_away:
            raise StoreUnavailable("away")
