"""Slack's rate limits, as far as the bridge can meet them."""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

TIER_2, TIER_3, TIER_4 = 20, 50, 100
_STATUS = 600
"""A special limit, like that of posts (docs: the method's page; Slack's Java SDK)."""
_PER_MINUTE: Mapping[str, int] = {
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "agents.sessions.setStatus": TIER_3,
    "assistant.threads.setTitle": TIER_4,
    "assistant.threads.setSuggestedPrompts": TIER_4,
    "views.publish": TIER_4,
    "chat.postEphemeral": TIER_4,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.info": TIER_3,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "chat.appendStream": TIER_4,
    "assistant.threads.setStatus": _STATUS,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
}
_WINDOW_S = 60.0
_POST_BURST = 5


class RateLimits:
    """Counts calls per method, and posts per channel. Off until `enabled` is set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.enabled = False
        self.opens_per_minute: int | None = None
        """How many calls of `apps.connections.open` are taken, enabled or not: Tier 1, "1+ per minute"."""
        self.answered: Counter[str] = Counter()
        """How many calls of each method were answered with 429."""
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._post_credit: dict[str, tuple[float, float]] = {}

    def wait_s(self, method: str, channel: str) -> int:
        """Count a call. Return 0 when it may pass, else the whole seconds for `Retry-After`."""
        if method == "apps.connections.open":
            wait = self._wait_for_window(method, self.opens_per_minute)
        elif not self.enabled:
            return 0
        else:
            wait = self._wait_for_call(method, channel)
        if wait > 0:
            self.answered[method] += 1
        return math.ceil(wait)

    def _wait_for_call(self, method: str, channel: str) -> float:
        if method == "chat.postMessage":
            return self._wait_for_post(channel)
        return self._wait_for_window(method, _PER_MINUTE.get(method))

    def _wait_for_window(self, method: str, allowed: int | None) -> float:
        if allowed is None:
            return 0.0
        now, calls = self._clock(), self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - _WINDOW_S:
            calls.popleft()
        if len(calls) >= allowed:
            return max(0.001, calls[0] + _WINDOW_S - now)
        calls.append(now)
        return 0.0

    def _wait_for_post(self, channel: str) -> float:
        """One post a second in each channel, with a small burst."""
        now = self._clock()
        credit, since = self._post_credit.get(channel, (float(_POST_BURST), now))
        credit = min(float(_POST_BURST), credit + now - since)
        if credit < 1.0:
            self._post_credit[channel] = (credit, now)
            return 1.0 - credit
        self._post_credit[channel] = (credit - 1.0, now)
        return 0.0
