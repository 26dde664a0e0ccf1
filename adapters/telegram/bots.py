"""Several Telegram bots as one channel: the account of a thread is the bot that speaks there."""

import asyncio
from collections.abc import Sequence

from adapters.telegram import CHANNEL
from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import ChannelTokenRefused, ChannelUnavailable
from bridge.domain.incoming import Question
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.rate_limits import ChannelLimits
from bridge.domain.threads import Address, ThreadKey
from bridge.domain.turns import PromptContext, Settlement


class TelegramBots:
    """`bridge.ports.Channel` for the bots of one worker; each bot is its own `bridge.ports.Receiver`.

    Args:
        bots: With the same settings but for their tokens and agents, at least one.
    """

    def __init__(self, bots: Sequence[TelegramChannel]) -> None:
        self.bots = tuple(bots)
        self._by_account = {bot.account: bot for bot in bots}
        self._any = self.bots[0]

    async def open(self) -> None:
        """Ask Telegram who the bots are. Raises `ChannelTokenRefused` where it refuses them all, within 10 s.

        A bot that is refused beside others says so when it is to receive, and again each hour; the others work.
        """
        opened = await asyncio.gather(*(bot.open() for bot in self.bots), return_exceptions=True)
        for failure in opened:
            if isinstance(failure, BaseException) and not isinstance(failure, ChannelTokenRefused):
                raise failure
        refusals = [failure for failure in opened if isinstance(failure, ChannelTokenRefused)]
        if len(refusals) == len(self.bots):
            raise refusals[0]

    async def aclose(self) -> None:
        """Close all connections. Safe to repeat."""
        for bot in self.bots:
            await bot.aclose()

    # ------------------------------------------------------------ the same for all
    @property
    def name(self) -> str:
        """The first field of every `ThreadKey` of this channel."""
        return CHANNEL

    @property
    def streaming(self) -> Streaming:
        """How replies are shown while they grow."""
        return self._any.streaming

    @property
    def only_opener_controls(self) -> bool:
        """Whoever is in the chat may."""
        return self._any.only_opener_controls

    @property
    def controls(self) -> frozenset[Button]:
        """What can be shown below a reply."""
        return self._any.controls

    def fits(self, text: str) -> bool:
        """As `TelegramChannel.fits`."""
        return self._any.fits(text)

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """As `TelegramChannel.looks_same`."""
        return self._any.looks_same(one, other)

    def pace(self, address: Address) -> ChannelLimits:
        """Say how calls of the address's bot are to be spaced. Pure."""
        return self._any.pace(address)

    # ------------------------------------------------------------ by the right bot
    def serves(self, thread: ThreadKey) -> bool:
        """Say whether the thread's bot is one of these."""
        return thread.account in self._by_account

    def agent_id(self, thread: ThreadKey) -> str:
        """Return the agent of the thread's bot; empty: the one of the settings."""
        return self._bot(thread.account).agent_id(thread)

    async def post(self, address: Address, view: PageView) -> str:
        """Show a page as a new message of the address's bot. As `bridge.ports.Channel.post`."""
        return await self._bot(address.account).post(address, view)

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message of the address's bot look like `view`. As `bridge.ports.Channel.edit`."""
        await self._bot(address.account).edit(address, message_id, view)

    async def find_post(self, address: Address, view: PageView) -> str | None:
        """Raises `LookupUnsupported`."""
        return await self._bot(address.account).find_post(address, view)

    async def draft(self, address: Address, view: PageView) -> bool:
        """As `bridge.ports.Channel.draft`."""
        return await self._bot(address.account).draft(address, view)

    async def show_activity(self, address: Address) -> None:
        """Show "typing" for some seconds. Best effort."""
        await self._bot(address.account).show_activity(address)

    async def user_identifier(self, question: Question) -> str:
        """Return TalkifAI's name for the asker, the same for all bots."""
        return await self._any.user_identifier(question)

    async def admits(self, question: Question) -> bool:
        """As `TelegramChannel.admits`."""
        return await self._any.admits(question)

    async def settled(self, question: Question, settlement: Settlement) -> None:
        """As `TelegramChannel.settled`."""
        await self._any.settled(question, settlement)

    async def ended(self, thread: ThreadKey) -> None:
        """As `TelegramChannel.ended`."""
        await self._any.ended(thread)

    async def wording(self, question: Question, circumstances: PromptContext) -> str:
        """As `TelegramChannel.wording`."""
        return await self._any.wording(question, circumstances)

    def _bot(self, account: str) -> TelegramChannel:
        """Raises `ChannelUnavailable` for a bot that another worker may have."""
        bot = self._by_account.get(account)
        if bot is None:
            raise ChannelUnavailable(f"Telegram: this worker does not have bot {account}")
        return bot
