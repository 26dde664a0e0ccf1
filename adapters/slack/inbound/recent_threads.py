"""Where people talked to the bot lately: that is where questions are looked for after an outage."""

from collections.abc import Mapping
from contextlib import suppress
from time import time

from bridge.domain.errors import StoreUnavailable
from bridge.domain.threads import ThreadKey
from bridge.ports.stores.key_value import KeyValueStore
from bridge.runtime.bounded_dict import BoundedDict

_GROUP = "slack:recent"
_NOTED_AGAIN_S = 3600.0
_KEPT_S = 7 * 86400.0
_MOST = 1_000


class RecentThreads:
    """Shared by all workers; one write a thread and hour."""

    def __init__(self, marks: KeyValueStore) -> None:
        self._marks = marks
        self._noted: BoundedDict[ThreadKey, float] = BoundedDict(_MOST)

    async def note(self, thread: ThreadKey) -> None:
        """Record that a person wrote there. Raises nothing but cancellation."""
        now = time()
        if now - self._noted.get(thread, 0.0) < _NOTED_AGAIN_S:
            return
        self._noted[thread] = now
        with suppress(StoreUnavailable):
            await self._marks.write(_GROUP, str(thread), f"{now:.3f}")

    async def newest_first(self) -> Mapping[ThreadKey, float]:
        """Return when each thread was noted, and forget those that are too old or too many.

        Raises `StoreUnavailable`.
        """
        noted = await self._marks.read_all(_GROUP)
        names = sorted(noted, key=lambda name: float(noted[name]), reverse=True)
        oldest = time() - _KEPT_S
        kept = [name for name in names[:_MOST] if float(noted[name]) >= oldest]
        for name in names[len(kept) :]:
            await self._marks.remove(_GROUP, name)
        return {ThreadKey.parse(name): float(noted[name]) for name in kept}
