"""Our own `getUpdates` loop: an update is acknowledged only after it is durably kept.

`getUpdates(offset=N)` makes Telegram forget everything below N (server source), so the next call is the
acknowledgement, and what was not acknowledged waits at Telegram for 24 hours. The library's own loop acknowledges
before it processes, and stands still for ever at an update that it cannot parse.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from telegram.error import Conflict, RetryAfter, TelegramError, TimedOut

from adapters.telegram import limits
from adapters.telegram.api.client import Client, Method, call
from adapters.telegram.api.errors import is_token_refusal, retry_after_s, token_refused
from adapters.telegram.inbound.conflict import Conflicts
from adapters.telegram.inbound.update_handler import Update, number_of
from bridge.domain.errors import StoreUnavailable
from bridge.runtime.backoff import Backoff
from bridge.runtime.cancellation import unwrap_group

log = logging.getLogger(__name__)

Take = Callable[[Update], Awaitable[None]]
"""Keeps one update durably. Raises `StoreUnavailable` where it could not."""

_HELD_AT_LEAST_S = 1.0
_MOVES = frozenset({"migrate_to_chat_id", "migrate_from_chat_id"})


def poll_backoff() -> Backoff:
    """Return the pauses between tries while Telegram, or the store, is away."""
    return Backoff(limits.POLL_PAUSE_FIRST_S, limits.POLL_PAUSE_MOST_S)


class UpdatePoll:
    """Fetches updates and hands them over, those of a chat in order, until cancelled. Cancelling loses nothing."""

    def __init__(self, client: Client, take: Take, token_name: str) -> None:
        self._client = client
        self._token_name = token_name
        self._take = take
        self._answered_at = asyncio.get_running_loop().time()
        self._offset = 0
        self._conflicts = Conflicts(client.bot)
        self._renewals = 0
        self._unreachable = poll_backoff()
        self._store_away = poll_backoff()

    @property
    def trouble(self) -> str:
        """Why no updates come; empty where the last polls were answered."""
        if self._conflicts.trouble:
            return self._conflicts.trouble
        silent_s = asyncio.get_running_loop().time() - self._answered_at
        return f"Telegram: no poll was answered for {silent_s:.0f} s" if silent_s > limits.POLL_LOST_AFTER_S else ""

    async def run(self) -> None:
        """Poll for ever. Raises `ChannelTokenRefused`; every other failure is waited out."""
        loop = asyncio.get_running_loop()
        while True:
            before, began = self._offset, loop.time()
            batch = await self._fetch()
            kept = await self._hand_over(batch)
            if kept and self._offset > before:
                self._store_away.reset()
            elif batch:
                # Either the store is away, or the batch held nothing that can be acknowledged.
                await asyncio.sleep(self._store_away.next_s())
            elif loop.time() - began < _HELD_AT_LEAST_S:
                # Telegram holds an empty poll. If it answered at once, the loop must not run hot.
                await asyncio.sleep(limits.POLL_PAUSE_FIRST_S)

    async def _fetch(self) -> Sequence[Update]:
        """One long poll. It acknowledges everything below the offset."""
        began = asyncio.get_running_loop().time()
        try:
            batch = await self._ask()
        except (TimedOut, TimeoutError):
            await self._after_silence(asyncio.get_running_loop().time() - began)
            return ()
        except TelegramError as exc:
            if is_token_refusal(exc):
                raise token_refused(self._token_name) from None
            await asyncio.sleep(await self._pause_s(exc))
            return ()
        self._answered_at = asyncio.get_running_loop().time()
        self._unreachable.reset()
        return [update for update in batch if isinstance(update, dict)] if isinstance(batch, list) else ()

    async def _ask(self) -> object:
        """Call `getUpdates`. The library's timeout is for each silence alone: an answer that trickles needs a bound."""
        asked = {"offset": self._offset, "timeout": limits.POLL_HOLD_S, "allowed_updates": list(limits.ALLOWED_UPDATES)}
        async with asyncio.timeout(limits.POLL_HANGS_AFTER_S):
            # The library's own parses a whole batch and fails on one bad update.
            within_s = limits.POLL_HOLD_S + limits.POLL_READ_MARGIN_S
            return await call(self._client.bot, Method.GET_UPDATES, asked, within_s=within_s)

    async def _after_silence(self, waited_s: float) -> None:
        """Renew the connection of a poll that hung; wait where none came about."""
        if waited_s < limits.POLL_HOLD_S:
            await asyncio.sleep(self._note_failure("TimedOut"))
            return
        self._renewals += 1
        facts = {"bot": self._client.bot.id, "renewals": self._renewals}
        log.warning("telegram: a poll had no answer for %.0f s, its connection is renewed", waited_s, extra=facts)
        await self._client.renew_polling()

    async def _hand_over(self, batch: Sequence[Update]) -> bool:
        """Keep the batch, and move the offset past what is kept. False: the rest has to be fetched again."""
        kept: set[int] = set()
        with unwrap_group():
            async with asyncio.TaskGroup() as group:
                for line in _lines_of(batch):
                    group.create_task(self._keep(line, kept))
        for index, update in enumerate(batch):
            if index not in kept:
                log.warning("telegram: the store is away; updates wait at Telegram")
                return False
            self._move_past(update)
        return True

    async def _keep(self, line: Sequence[tuple[int, Update]], kept: set[int]) -> None:
        """Keep updates in their order, as far as the store takes them."""
        for index, update in line:
            try:
                await self._take(update)
            except StoreUnavailable:
                return
            kept.add(index)

    def _move_past(self, update: Update) -> None:
        number = number_of(update)
        if number is not None:
            self._offset = max(self._offset, number + 1)

    async def _pause_s(self, exc: TelegramError) -> float:
        if isinstance(exc, RetryAfter):
            return min(retry_after_s(exc), limits.POLL_RATE_LIMIT_MOST_S)
        if isinstance(exc, Conflict):
            return await self._conflicts.step_back_s(exc)
        return self._note_failure(type(exc).__name__)

    def _note_failure(self, kind: str) -> float:
        """Log that Telegram could not be asked; return how long to wait."""
        wait = self._unreachable.next_s()
        log.warning("telegram: getUpdates failed (%s), trying again in %g s", kind, wait)
        return wait


def _lines_of(batch: Sequence[Update]) -> Iterable[Sequence[tuple[int, Update]]]:
    """Part a batch into what must be kept in order: a chat's updates, or all of them where a chat becomes another."""
    numbered = list(enumerate(batch))
    if any(not _MOVES.isdisjoint(_message_in(update)) for update in batch):
        return [numbered]
    lines: defaultdict[object, list[tuple[int, Update]]] = defaultdict(list)
    for index, update in numbered:
        chat = _message_in(update).get("chat")
        lines[str(chat.get("id")) if isinstance(chat, dict) else None].append((index, update))
    return lines.values()


def _message_in(update: Update) -> Mapping[str, Any]:
    """Return what names the chat of an update; empty where nothing does."""
    about = next((value for value in update.values() if isinstance(value, dict)), {})
    message = about.get("message")
    return message if isinstance(message, dict) and "chat" not in about else about
