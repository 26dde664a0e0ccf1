"""The members of a workspace, page by page: for when more people ask at once than Slack lets be looked up singly."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import limits
from adapters.slack.api.errors import Call, translated
from bridge.domain.errors import ChannelRateLimited
from bridge.runtime.bounded_dict import BoundedDict

_MINUTE_S = 60.0
_KEPT = 10_000
_READ_AGAIN_S = 60.0
"""How long after its end the list is read anew for a person who was not in it."""

Facts = TypeVar("Facts")


class CallWindow:
    """How many calls of one method this worker still has in any minute.

    Args:
        most: Calls a minute.
        now: Seconds that never go back.
    """

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most = most
        self._now = now
        self._calls: deque[float] = deque(maxlen=most)
        self._paused_until = 0.0

    def take(self) -> bool:
        """Count a call; False where there is none left now."""
        now = self._now()
        is_used_up = len(self._calls) == self._most and now - self._calls[0] < _MINUTE_S
        if is_used_up or now < self._paused_until:
            return False
        self._calls.append(now)
        return True

    def pause(self, seconds: float) -> None:
        """Obey a 429: other workers call, too."""
        self._paused_until = self._now() + seconds


class MemberList(Generic[Facts]):
    """Reads `users.list` as far as it is needed, one page at a time for all that wait.

    Args:
        client: Slack's Web API.
        read: Makes the facts of a person from what Slack says of one.
        now: Seconds that never go back.
    """

    def __init__(
        self, client: AsyncWebClient, read: Callable[[Mapping[str, Any]], Facts], now: Callable[[], float]
    ) -> None:
        self._client = client
        self._read = read
        self._now = now
        self._window = CallWindow(limits.MEMBER_PAGES_PER_MINUTE, now)
        self._known: BoundedDict[str, tuple[Facts, float]] = BoundedDict(_KEPT)
        self._cursor = ""
        self._next_round_at = 0.0
        self._turn = asyncio.Lock()

    def known(self, user: str, keep_s: float) -> tuple[Facts, float] | None:
        """Return what a page said of the person, and for how many of these seconds it is still to be believed."""
        facts, read_at = self._known.get(user, (None, 0.0))
        left_s = read_at + keep_s - self._now()
        return None if facts is None or left_s <= 0 else (facts, left_s)

    async def find(self, user: str, keep_s: float) -> tuple[Facts, float] | None:
        """As `known`, after reading on; None where Slack gives no more pages now.

        Raises the bridge's errors of the channel. A caller that is cancelled loses no page but the one under way.
        """
        async with self._turn:
            while (found := self.known(user, keep_s)) is None and self._now() >= self._next_round_at:
                if not self._window.take():
                    break
                await self._read_page()
        return found

    async def _read_page(self) -> None:
        more = {"cursor": self._cursor} if self._cursor else {}
        try:
            with translated(Call("users.list")):
                answer = await self._client.users_list(limit=limits.MEMBERS_PER_PAGE, include_locale=True, **more)
        except ChannelRateLimited as error:
            self._window.pause(error.retry_after_s)
            raise
        data = answer.data if isinstance(answer.data, Mapping) else {}
        for user, facts in _members_in(data):
            self._known[user] = self._read(facts), self._now()
        after = data.get("response_metadata")
        cursor = after.get("next_cursor") if isinstance(after, Mapping) else ""
        self._cursor = cursor if isinstance(cursor, str) else ""
        if not self._cursor:
            self._next_round_at = self._now() + _READ_AGAIN_S


def _members_in(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    members = data.get("members")
    for facts in members if isinstance(members, list) else ():
        if isinstance(facts, Mapping) and isinstance(facts.get("id"), str):
            yield facts["id"], facts
