"""Telegram as a channel: the wiring of its rooms."""

import asyncio
import logging
from collections.abc import Callable

from telegram import Bot, BotCommand
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.client import build_bot, silence_url_logging
from adapters.telegram.errors import is_token_refusal, token_refused
from adapters.telegram.markup import fits
from adapters.telegram.poll import Backoff, UpdatePoll
from adapters.telegram.receive import CHANNEL, Incoming, Me, incoming
from adapters.telegram.send import Sender, is_group, pace_of
from bridge.errors import LookupUnsupported, StoreUnavailable
from bridge.models import Address, Circumstances, Pace, PageView, Question, Settlement, Streaming, ThreadKey
from bridge.ports import Accept, ReplyRoots
from config import telegram_limits as limits
from config.mentions import Mentions

log = logging.getLogger(__name__)

_NOBODY = Mentions()
_COMMANDS = (
    BotCommand("start", "Say hello"),
    BotCommand("stop", "Stop the answer"),
    BotCommand("retry", "Ask the last question again"),
    BotCommand("new", "Start a new conversation"),
    BotCommand("end", "End this conversation"),
    BotCommand("help", "How this works"),
)


class TelegramChannel:
    """`bridge.ports.Channel` and `bridge.ports.Receiver` for one Telegram bot."""

    def __init__(
        self,
        *,
        token: str,
        api_url: str = "https://api.telegram.org",
        roots: ReplyRoots,
        streaming: Streaming = Streaming.EDIT,
        mentions: Mentions = _NOBODY,
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._roots = roots
        self._streaming = streaming
        self._mentions = mentions
        self._bot: Bot | None = None
        self._sender: Sender | None = None
        self._poll: UpdatePoll | None = None
        self._me: Me | None = None

    @property
    def name(self) -> str:
        """The first field of every `ThreadKey` of this channel."""
        return CHANNEL

    @property
    def set_aside(self) -> int:
        """How many updates could not be read, and were skipped, since `receive` began."""
        return self._poll.set_aside if self._poll else 0

    async def open(self) -> None:
        """Build the client and ask Telegram who the bot is.

        Raises `ChannelTokenRefused` within 10 s. When Telegram cannot be reached, `receive` goes on asking.
        """
        silence_url_logging()
        try:
            self._bot = build_bot(self._token, self._api_url)
        except InvalidToken:
            raise token_refused() from None
        self._sender = Sender(self._bot, self._mentions)
        try:
            await self._identify(self._bot)
        except (TelegramError, TimeoutError) as exc:
            log.warning("telegram: cannot be reached yet (%s)", type(exc).__name__)

    async def aclose(self) -> None:
        """Close all connections. Safe to repeat. Calls after it raise `ChannelUnavailable` or `PostUncertain`."""
        if self._bot is not None:
            await self._bot.shutdown()

    # ------------------------------------------------------------ Channel
    @property
    def streaming(self) -> Streaming:
        """How replies are shown while they grow."""
        return self._streaming

    @property
    def only_opener_controls(self) -> bool:
        """Whoever is in the chat may."""
        return False

    def fits(self, text: str) -> bool:
        """Say whether this Markdown, once rendered, fits one message, with room for a status or notice. Pure."""
        return fits(text)

    def pace(self, address: Address) -> Pace:
        """Say how calls in this place are to be spaced. Pure."""
        return pace_of(address)

    async def post(self, address: Address, view: PageView) -> str:
        """Show a page as a new message. As `bridge.ports.Channel.post`."""
        place, message_id = await self._opened_sender().post(address, view)
        if is_group(place) and address.reply_to and not address.thread:
            await self._remember_reply(address, place, message_id)
        return message_id

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message look like `view`. As `bridge.ports.Channel.edit`."""
        await self._opened_sender().edit(address, message_id, view)

    async def find_post(self, address: Address, view: PageView) -> str | None:
        """Raises `LookupUnsupported`: the Bot API has no way to read what a bot wrote before."""
        del address, view
        raise LookupUnsupported("Telegram's Bot API cannot search messages")

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show a page that grows as a draft, where the setting says so. As `bridge.ports.Channel.draft`."""
        return self._streaming is not Streaming.EDIT and await self._opened_sender().draft(address, view)

    async def show_activity(self, address: Address) -> None:
        """Show "typing" for some seconds. Best effort."""
        await self._opened_sender().show_typing(address)

    async def user_identifier(self, question: Question) -> str:
        """Return TalkifAI's name for the asker."""
        return f"{CHANNEL}:{question.person.id}"

    async def admits(self, question: Question) -> bool:
        """Admit everybody."""
        del question
        return True

    async def settled(self, question: Question, settlement: Settlement) -> None:
        """Nothing is to be done."""
        del question, settlement

    async def ended(self, thread: ThreadKey) -> None:
        """Nothing is to be done."""
        del thread

    async def wording(self, question: Question, circumstances: Circumstances) -> str:
        """Return the question's text."""
        del circumstances
        return question.text

    # ------------------------------------------------------------ Receiver
    @property
    def receives_alone(self) -> str:
        """Names the bot: of two that poll with one token, each takes updates away from the other."""
        return f"telegram:{self._token.partition(':')[0]}"

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Poll for updates and hand over questions until cancelled. As `bridge.ports.Receiver.receive`."""
        bot = self._opened_bot()
        me = await self._prepare(bot)

        async def keep(message: Incoming) -> None:
            await accept(await self._in_its_thread(message))

        self._poll = UpdatePoll(bot, lambda update: incoming(update, me), keep)
        connected(f"Telegram: connected as @{me.username}")
        await self._poll.run()

    async def _prepare(self, bot: Bot) -> Me:
        """Learn who the bot is and leave webhook mode, however long Telegram is away. Raises `ChannelTokenRefused`.

        A webhook that is set makes every poll fail with 409. Its waiting updates are kept.
        """
        backoff = Backoff()
        me: Me | None = None
        while me is None:
            try:
                known = await self._identify(bot)
                await bot.delete_webhook(drop_pending_updates=False)
                me = known
            except (TelegramError, TimeoutError) as exc:
                if isinstance(exc, TelegramError) and is_token_refusal(exc):
                    raise token_refused() from None
                wait = backoff.next_s()
                log.warning("telegram: cannot be reached (%s), trying again in %g s", type(exc).__name__, wait)
                await asyncio.sleep(wait)
        await self._offer_commands(bot)
        return me

    async def _identify(self, bot: Bot) -> Me:
        """Call `getMe`, once. Raises `ChannelTokenRefused`, `TelegramError`, `TimeoutError`."""
        if self._me is None:
            try:
                async with asyncio.timeout(limits.IDENTIFY_TIMEOUT_S):
                    await bot.initialize()
            except TelegramError as exc:
                if is_token_refusal(exc):
                    # The library's own text holds the token.
                    raise token_refused() from None
                raise
            self._me = Me(bot.id, bot.username)
        return self._me

    async def _offer_commands(self, bot: Bot) -> None:
        """List the commands in Telegram's menu. Best effort: they work without it."""
        try:
            await bot.set_my_commands(_COMMANDS)
        except TelegramError as exc:
            log.info("telegram: the menu of commands could not be set (%s)", type(exc).__name__)

    # ------------------------------------------------------------ chains of replies
    async def _in_its_thread(self, message: Incoming) -> Question:
        """Find the thread of a message. Raises `StoreUnavailable`: the update is then fetched again."""
        if not message.is_in_chain:
            return message.question()
        root = None
        if message.replies_to:
            root = await self._roots.root_of(message.bot_id, message.chat_id, message.replies_to)
        question = message.question(root)
        await self._roots.remember(message.bot_id, message.chat_id, message.message_id, question.thread.thread)
        return question

    async def _remember_reply(self, address: Address, place: str, message_id: str) -> None:
        """Note the thread of a message just posted, so that an answer to it stays there.

        The post stands whatever happens here: without the note an answer to it begins a thread of its own.
        """
        try:
            root = await self._roots.root_of(address.account, address.place, address.reply_to)
            await self._roots.remember(address.account, place, message_id, root or address.reply_to)
        except StoreUnavailable:
            log.warning("telegram: the store is away; answers to message %s begin a new thread", message_id)

    # ------------------------------------------------------------ state
    def _opened_bot(self) -> Bot:
        if self._bot is None:
            raise RuntimeError("the channel is not open")
        return self._bot

    def _opened_sender(self) -> Sender:
        if self._sender is None:
            raise RuntimeError("the channel is not open")
        return self._sender
