"""A bot's queue of updates, with the offset as Telegram keeps it."""

import asyncio
import itertools
from collections.abc import Sequence

from sandbox.telegram.wire import Refused
from sandbox.telegram.world import JsonDict

_MOST = 100


class UpdateQueue:
    """Updates wait until a `getUpdates` with a higher offset arrives, and are then forgotten."""

    def __init__(self, first_id: int = 1000) -> None:
        self._ids = itertools.count(first_id)
        self._waiting: list[JsonDict] = []
        self._again: list[JsonDict] = []
        self._everything: dict[int, JsonDict] = {}
        self._news = asyncio.Event()
        self._poll = 0
        self._closing = False
        self.allowed: Sequence[str] | None = None
        """The list that the last `getUpdates` with one set. It filters when an update is created."""
        self.webhook = ""
        self.secret = ""
        self.last_error = ""
        """Why the webhook could not be called last."""
        self.sees_all_in_groups = True
        """False: the privacy mode is on. It is told to the bot, and not applied here."""
        self.webhook_was_deleted = 0
        self.pending_were_dropped = 0

    def add(self, content: JsonDict) -> int:
        """Create an update; returns its id, also where the bot does not want this type."""
        update_id = next(self._ids)
        kind = next(iter(content), "")
        update = {"update_id": update_id, **content}
        self._everything[update_id] = update
        if not self.allowed or kind in self.allowed or kind not in _KNOWN_KINDS:
            self._waiting.append(update)
            self._wake()
        return update_id

    def again(self, update_id: int) -> None:
        """Deliver an update once more, as after a restart that came before the acknowledgement."""
        self._again.append(self._everything[update_id])
        self._wake()

    @property
    def polls_begun(self) -> int:
        """How many `getUpdates` have arrived."""
        return self._poll

    def pending(self) -> list[int]:
        """Return the ids of updates that are not acknowledged."""
        return [update["update_id"] for update in self._waiting]

    def update(self, update_id: int) -> JsonDict:
        """Return an update as it was created."""
        return self._everything[update_id]

    @property
    def news(self) -> asyncio.Event:
        """Set when something changes next."""
        return self._news

    def first(self) -> JsonDict | None:
        """Return the oldest update that waits."""
        return next(iter([*self._again, *self._waiting]), None)

    def forget(self, update_id: int) -> None:
        """Take an update as delivered."""
        self._again = [update for update in self._again if update["update_id"] != update_id]
        self._waiting = [update for update in self._waiting if update["update_id"] != update_id]

    def point(self, url: str, secret: str) -> None:
        """Set a webhook, or leave webhook mode where the address is empty."""
        self.webhook, self.secret, self.last_error = url, secret, ""
        self._wake()

    def forget_all(self) -> None:
        """Drop what waits, as `drop_pending_updates` does."""
        self._waiting.clear()
        self.pending_were_dropped += 1

    def close(self) -> None:
        """Let every long poll return."""
        self._closing = True
        self._wake()

    async def poll(self, offset: int, limit: int, hold_s: float) -> list[JsonDict]:
        """One `getUpdates`. What lies below the offset is forgotten as the request arrives."""
        if self.webhook:
            raise Refused(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it"
            )
        self._poll += 1
        mine = self._poll
        self._wake()
        self._waiting = self._waiting[offset:] if offset < 0 else [u for u in self._waiting if u["update_id"] >= offset]
        loop = asyncio.get_running_loop()
        until = loop.time() + hold_s
        while mine == self._poll and not self._closing:
            batch = [*self._again, *self._waiting][: max(1, min(limit, _MOST))]
            if batch or loop.time() >= until:
                self._again.clear()
                return batch
            news = self._news
            try:
                await asyncio.wait_for(news.wait(), until - loop.time())
            except TimeoutError:
                continue
        if self._closing:
            return []
        raise Refused(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        )

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


_KNOWN_KINDS = {
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "stopped_message_generation",
    "my_chat_member",
    "message_reaction",
}
"""Types that the filter knows. Others come through, so that a bot meets a type from its future."""
