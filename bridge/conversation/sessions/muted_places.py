"""Knows places where the bot may read but not write: a conversation there would cost money for nothing."""

import logging

from bridge.domain.errors import PlaceMuted, StoreUnavailable
from bridge.domain.threads import ThreadKey
from bridge.ports.stores.key_value import KeyValueStore

log = logging.getLogger(__name__)

MUTED_S = 600.0
_GROUP = "muted"


class MutedPlaces:
    """Shared by all workers."""

    def __init__(self, marks: KeyValueStore) -> None:
        self._marks = marks

    async def note(self, thread: ThreadKey, error: PlaceMuted) -> None:
        """Note that an answer could not be written. Never fails. Noting a place twice mutes it no longer than once."""
        facts = {"thread_key": str(thread), "cause": str(error)}
        try:
            is_news = await self._marks.use(_GROUP, str(thread) if error.thread_only else _place_of(thread), MUTED_S)
        except StoreUnavailable:
            is_news = True
        if is_news:
            log.warning("the bot may not write here: nothing is asked for %g s", MUTED_S, extra=facts)

    async def check(self, thread: ThreadKey) -> None:
        """Raise `PlaceMuted` if nothing could be written there a short while ago."""
        try:
            is_muted = await self._marks.is_any_used(_GROUP, (_place_of(thread), str(thread)))
        except StoreUnavailable:
            return
        if is_muted:
            raise PlaceMuted("an answer could not be written a short while ago")


def _place_of(thread: ThreadKey) -> str:
    return str(ThreadKey(thread.channel, thread.account, thread.place, ""))
