"""Puts a reaction that says "seen" on a question, from when it is stored until its answer is shown."""

import logging
from functools import partial

from telegram import Bot, ReactionTypeEmoji
from telegram.error import TelegramError

from adapters.telegram import CHANNEL, limits
from bridge.domain.incoming import Incoming, IntakeResult, Question
from bridge.ports.channel import Accept
from bridge.runtime.background_queue import BackgroundQueue

log = logging.getLogger(__name__)

_EYES = (ReactionTypeEmoji("👀"),)
"""One of those that every chat may allow (Bot API, `ReactionTypeEmoji`)."""
_MOST_WAITING = 200
_SEEN = {IntakeResult.ACCEPTED, IntakeResult.QUEUED, IntakeResult.JOINED}


class Receipts:
    """Sets and clears reactions, best effort: a group may forbid them, and an answer never waits for one."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._waiting = BackgroundQueue(_MOST_WAITING)

    def note(self, incoming: Incoming, became: IntakeResult) -> None:
        """React soon to a question that was stored. If too many wait, this one gets no reaction."""
        if became in _SEEN and isinstance(incoming, Question):
            message = _message_of(incoming.id)
            if message is not None:
                self._waiting.add(partial(self._react, *message, is_seen=True))

    def noting(self, accept: Accept) -> Accept:
        """Return an `accept` that also gives every question that is kept its reaction."""

        async def accept_and_note(incoming: Incoming) -> IntakeResult:
            became = await accept(incoming)
            self.note(incoming, became)
            return became

        return accept_and_note

    async def run(self) -> None:
        """Set reactions until cancelled."""
        await self._waiting.run()

    async def clear(self, question_id: str) -> None:
        """Take the reaction off the question whose answer is shown."""
        message = _message_of(question_id)
        if message is not None:
            await self._react(*message, is_seen=False)

    async def _react(self, chat_id: int, message_id: int, *, is_seen: bool) -> None:
        timeout_s = limits.TYPING_TIMEOUT_S
        try:
            await self._bot.set_message_reaction(
                chat_id,
                message_id,
                _EYES if is_seen else (),
                read_timeout=timeout_s,
                pool_timeout=timeout_s,
            )
        except TelegramError as exc:
            log.debug("telegram: no reaction (%s)", type(exc).__name__)


def _message_of(question_id: str) -> tuple[int, int] | None:
    """Read the chat and the message out of a question's id, as `receive` writes it; None for a press of a button."""
    channel, _bot, chat_id, message_id = question_id.split(":")
    if channel != CHANNEL:
        raise ValueError("not a question of this channel")
    return None if chat_id == "press" else (int(chat_id), int(message_id))
