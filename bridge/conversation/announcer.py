"""Posts notices that belong to no turn."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from bridge.conversation.channels import Channels
from bridge.conversation.commands import style_of
from bridge.domain.errors import BridgeError
from bridge.domain.incoming import Command, Origin
from bridge.domain.limits.rate_limits import Priority
from bridge.domain.notices import Notice
from bridge.domain.pages import Button, PageView
from bridge.domain.threads import Address, ThreadKey
from bridge.ports.channel_capabilities import ReplyButtons
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.runtime.clock import Clock
from bridge.texts.catalog import Texts
from bridge.texts.sentences import notice_of, question_changed

log = logging.getLogger(__name__)

_SAY_WITHIN_S = 30.0

Words = Callable[[Texts], str]
"""Makes a sentence in a person's language."""


class Announcer:
    """Posts notices, best effort. Raises nothing but cancellation."""

    def __init__(self, channels: Channels, pacing: ChannelLimiter, clock: Clock) -> None:
        self._channels = channels
        self._pacing = pacing
        self._clock = clock

    async def say(self, origin: Origin, notice: Notice) -> None:
        """Show one notice under a message."""
        await self.say_words(origin, lambda texts: notice_of(texts, notice, origin.id))

    async def say_words(self, origin: Origin, words: Words) -> None:
        """Show a sentence under a message, in its sender's language."""
        texts = await self._channels.texts_for(origin)
        await self._notice(origin, words(texts), texts)

    async def offer_retry(self, origin: Origin) -> None:
        """Offer to ask a changed question again: by a command, and by a button if the channel has buttons."""
        channel = self._channels.find(origin.thread)
        if channel is not None:
            offered = channel.controls if isinstance(channel, ReplyButtons) else frozenset()
            texts = await self._channels.texts_for(origin)
            await self._notice(origin, question_changed(texts, style_of(channel)), texts, {Button.AGAIN} & offered)

    async def close_offer(self, taken: Command) -> None:
        """Take the button off an offer that a press has taken."""
        channel = self._channels.find(taken.thread)
        if channel is not None:
            texts = await self._channels.texts_for(taken.origin)
            view = PageView(notice=question_changed(texts, style_of(channel)), final=True, language=texts.language)
            await self._show(taken.thread, taken.address, view, taken.offer_id)

    async def say_aside(self, thread: ThreadKey, address: Address, aside: str) -> None:
        """Show one line in the channel's smallest form, under no message."""
        await self._show(thread, address, PageView(aside=aside, final=True))

    async def _notice(self, origin: Origin, notice: str, texts: Texts, buttons: Iterable[Button] = ()) -> None:
        view = PageView(notice=notice, final=True, turn_id=origin.id, controls=tuple(buttons), language=texts.language)
        await self._show(origin.thread, origin.address, view)

    async def _show(self, thread: ThreadKey, address: Address, view: PageView, message_id: str = "") -> None:
        """Post a message, or edit the one with this id."""
        try:
            channel = self._channels.of(thread)
            pace = channel.pace(address)
            kind, budgets = (Priority.COSMETIC, pace.edits) if message_id else (Priority.TURN, pace.posts)
            async with asyncio.timeout(_SAY_WITHIN_S):
                asked = self._pacing.asked(kind, budgets)
                while (answer := await self._pacing.take(asked)).wait_s > 0:
                    await self._clock.sleep(answer.wait_s)
                async with self._pacing.call(asked):
                    await (channel.edit(address, message_id, view) if message_id else channel.post(address, view))
        except (BridgeError, TimeoutError) as error:
            log.warning("a notice could not be shown", extra={"cause": str(error)})
