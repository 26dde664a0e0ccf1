"""Telegram's limits on sends and edits, off until a test switches them on."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from sandbox.telegram.wire import Refused


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls of sending and editing are taken (Bots FAQ); None: no limit.

    All topics of a group are one chat.
    """

    per_chat_s: float | None = 1.0
    """In any chat, one call in this time, after the burst."""
    chat_burst: int = 3
    per_group_minute: int | None = 20
    per_bot_s: int | None = 30


OFF = Limits(per_chat_s=None, per_group_minute=None, per_bot_s=None)


class FloodGate:
    """Counts calls and refuses with 429. Refused calls are counted too, by chat."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.limits = OFF
        self.refused: dict[int, int] = defaultdict(int)
        """How many calls got a 429, by chat."""
        self.refused_while_closed: dict[int, int] = defaultdict(int)
        """How many of them came before the time that an earlier 429 had told."""
        self._closed_until: dict[int, float] = {}
        self._calls: dict[tuple[str, int], deque[float]] = defaultdict(deque)

    def close(self, chat_id: int, retry_after_s: float) -> None:
        """Refuse every call in a chat for a while."""
        self._closed_until[chat_id] = self._clock() + retry_after_s

    def pass_through(self, bot_id: int, chat_id: int, *, is_group: bool) -> None:
        """Count a call. Raises `Refused` with the seconds to wait."""
        now = self._clock()
        wait = self._closed_until.get(chat_id, 0.0) - now
        if wait > 0:
            self.refused_while_closed[chat_id] += 1
        else:
            wait = self._wait_s(now, bot_id, chat_id, is_group=is_group)
        if wait > 0:
            seconds = max(1, ceil(wait))
            self.refused[chat_id] += 1
            self._closed_until[chat_id] = max(self._closed_until.get(chat_id, 0.0), now + wait)
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        for scope in (("chat", chat_id), ("bot", bot_id)):
            self._calls[scope].append(now)

    def _wait_s(self, now: float, bot_id: int, chat_id: int, *, is_group: bool) -> float:
        limits = self.limits
        rules: list[tuple[tuple[str, int], int | None, float]] = [(("bot", bot_id), limits.per_bot_s, 1.0)]
        if is_group:
            rules.append((("chat", chat_id), limits.per_group_minute, 60.0))
        if limits.per_chat_s is not None:
            rules.append((("chat", chat_id), limits.chat_burst, limits.per_chat_s * limits.chat_burst))
        return max((self._overdraft_s(now, *rule) for rule in rules), default=0.0)

    def _overdraft_s(self, now: float, scope: tuple[str, int], most: int | None, window_s: float) -> float:
        calls = self._calls[scope]
        while calls and calls[0] <= now - window_s and scope[0] == "bot":
            calls.popleft()
        recent = [at for at in calls if at > now - window_s]
        if most is None or len(recent) < most:
            return 0.0
        return recent[-most] + window_s - now
