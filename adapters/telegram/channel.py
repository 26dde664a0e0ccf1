"""Telegram as a channel: joins what is in the folders beside it."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from adapters.telegram import CHANNEL, limits
from adapters.telegram.api.client import Client, build_client, silence_url_logging
from adapters.telegram.api.errors import THE_TOKEN, is_token_refusal, token_refused
from adapters.telegram.format.buttons import CONTROLS, RATINGS, ButtonSeal
from adapters.telegram.format.markdown import fits, render_page
from adapters.telegram.inbound.conflict import leave_webhook_mode
from adapters.telegram.inbound.poison_updates import SetAside
from adapters.telegram.inbound.polling import UpdatePoll, poll_backoff
from adapters.telegram.inbound.update_handler import ChatStores, UpdateIntake
from adapters.telegram.inbound.update_parser import BotIdentity
from adapters.telegram.inbound.webhook import Hook, Webhook, path_of
from adapters.telegram.options import TelegramOptions, polls_as
from adapters.telegram.outbound.ack_reaction import Receipts
from adapters.telegram.outbound.administrators import is_administrator
from adapters.telegram.outbound.callback_answers import PressAnswers
from adapters.telegram.outbound.command_menu import CommandMenu
from adapters.telegram.outbound.files import TelegramFiles
from adapters.telegram.outbound.leaving import leave_chat
from adapters.telegram.outbound.messages import Sender, pace_of
from adapters.telegram.outbound.reply_chains import ReplyChains
from bridge.domain.incoming import Queued
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.notices import SLASHES, CommandStyle
from bridge.domain.pages import Button, PageView, Streaming
from bridge.domain.threads import Address, ThreadKey
from bridge.domain.turns import Settlement
from bridge.ports.channel import Accept
from bridge.runtime.cancellation import unwrap_group

log = logging.getLogger(__name__)


class TelegramChannel:
    """`Channel` and `Receiver` for one Telegram bot, with drafts, typing, buttons, its own agent."""

    def __init__(
        self,
        *,
        token: str,
        options: TelegramOptions,
        token_name: str = THE_TOKEN,
        agent_id: str = "",
        api_url: str = "https://api.telegram.org",
        rooms: ChatStores,
        hook: Hook | None = None,
        allow_mentions: frozenset[str] = frozenset(),
        switched_off: frozenset[str] = frozenset(),
    ) -> None:
        self._token = token
        self._token_id = token.partition(":")[0]
        self._token_name = token_name
        self._agent_id = agent_id
        self._api_url = api_url
        self._rooms = rooms
        self._options = options
        self._hook = hook
        self._receipts: Receipts | None = None
        self._streaming = Streaming(options.streaming)
        self._allow_mentions = allow_mentions
        self._menu = CommandMenu(options.group_control, switched_off)
        self._reply_chains = ReplyChains(rooms.roots)
        self._set_aside = SetAside()
        self._client: Client | None = None
        self._sender: Sender | None = None
        self._poll: UpdatePoll | None = None
        self._me: BotIdentity | None = None

    @property
    def name(self) -> str:
        """The first field of every `ThreadKey` of this channel."""
        return CHANNEL

    @property
    def account(self) -> str:
        """The bot's id, as `getMe` returns it; until Telegram has answered, the first part of the token."""
        return self._token_id if self._me is None else str(self._me.id)

    @property
    def dead_letter(self) -> int:
        """How many updates were skipped, because they cannot be read or met a defect."""
        return self._set_aside.count

    async def open(self) -> None:
        """Build the client and ask Telegram who the bot is.

        Raises `ChannelTokenRefused` within 10 s. When Telegram cannot be reached, `receive` goes on asking.
        """
        silence_url_logging()
        self._reply_chains.open()
        try:
            client = self._client = build_client(self._token, self._api_url)
        except InvalidToken:
            raise token_refused(self._token_name) from None
        self._receipts = Receipts(client.bot) if self._options.receipt else None
        self._sender = Sender(
            client.bot, self._allow_mentions, partial(self._rooms.places.move, CHANNEL), self._token_name
        )
        try:
            await self._identify(client.bot)
        except (TelegramError, TimeoutError) as exc:
            log.warning("telegram: cannot be reached yet (%s)", type(exc).__name__)

    async def aclose(self) -> None:
        """Close all connections. Safe to repeat. Calls after it raise `ChannelUnavailable` or `PostUncertain`."""
        await self._reply_chains.close()
        if self._client is not None:
            await self._client.aclose()

    @property
    def streaming(self) -> Streaming:
        """How replies are shown while they grow."""
        return self._streaming

    @property
    def controls(self) -> frozenset[Button]:
        """Stop and Retry, and ratings where the setting says so."""
        return CONTROLS | RATINGS if self._options.feedback else CONTROLS

    @property
    def command_style(self) -> CommandStyle:
        """As in Telegram's own menu of commands."""
        return SLASHES

    @property
    def agent_id(self) -> str:
        """The agent of this bot; empty: the agent of the settings."""
        return self._agent_id

    def fits(self, text: str) -> bool:
        """Say whether this Markdown, once rendered, fits one message, with room for a status or notice. Pure."""
        return fits(text)

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Say whether a message that shows the one needs no edit to show the other."""
        return one.controls == other.controls and render_page(one) == render_page(other)

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        """Say how calls in this place are to be spaced. Pure."""
        del streaming
        return pace_of(address)

    async def post(self, address: Address, view: PageView) -> str:
        """Show a page as a new message. As `Channel.post`."""
        message_id = await self._opened_sender().post(address, view)
        self._reply_chains.note(address, message_id)  # not awaited: the caller first records the id
        return message_id

    @property
    def files(self) -> TelegramFiles:
        """Posts and reads documents."""
        return TelegramFiles(self._opened_client(), self._opened_sender(), self._reply_chains)

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message look like `view`. As `Channel.edit`."""
        await self._opened_sender().edit(address, message_id, view)

    async def settled(self, queued: Queued, settlement: Settlement) -> None:
        """Take the reaction off the question, where the setting gives one. As `TurnEvents`."""
        del settlement
        if self._receipts is not None:
            await self._receipts.clear(queued.id)

    async def ended(self, thread: ThreadKey) -> None:
        """Nothing shows that a conversation is open."""
        del thread

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show a page that grows as a draft, where the setting says so. As `Drafts`."""
        mode = view.streaming or self._streaming
        return mode is not Streaming.EDIT and await self._opened_sender().draft(address, view)

    async def show_activity(self, address: Address, language: str = "") -> None:
        """Show "typing" for some seconds, which each person's app says in its language. Best effort."""
        del language
        await self._opened_sender().show_typing(address)

    def texts_changed(self) -> None:
        """Set the menus of commands anew, if this worker receives. As `StandingTexts`."""
        self._menu.renew()

    async def user_identifier(self, queued: Queued) -> str:
        """Return TalkifAI's name for the asker: the address that the operator's list has, else the user id."""
        return self._options.identities.get(queued.person.id) or f"{CHANNEL}:{queued.person.id}"

    async def email_of(self, queued: Queued) -> str:
        """Return the address that the operator's list has; empty where it has none."""
        return self._options.identities.get(queued.person.id, "")

    @property
    def receives_alone(self) -> str:
        """Names the bot: of two that poll with one token, each takes updates away from the other.

        It is the token's own name, which every worker knows before Telegram has answered. Empty by webhook: a proxy
        may spread the calls over any number of workers.
        """
        return "" if self._hook else polls_as(self._token_id)

    @property
    def trouble(self) -> str:
        """As `ReceivingState`."""
        return self._poll.trouble if self._poll else ""

    async def receive(self, accept: Accept, connected: Callable[[str], None]) -> None:
        """Take updates and hand over questions until cancelled. As `Receiver.receive`."""
        client = self._opened_client()
        me = await self._prepare(client.bot)
        answers = PressAnswers(client.bot)
        intake = UpdateIntake(
            me,
            ButtonSeal(self._token),
            accept if self._receipts is None else self._receipts.noting(accept),
            self._rooms,
            self._set_aside,
            answers.answer,
            group_trigger=self._options.group_trigger,
            may_control=partial(is_administrator, client.bot) if self._options.group_control == "admins" else None,
            leave=partial(leave_chat, client.bot) if self._options.leave_chats else None,
        )
        with unwrap_group():
            async with asyncio.TaskGroup() as group:
                group.create_task(answers.run())
                group.create_task(self._menu.keep(client.bot))
                if self._receipts is not None:
                    group.create_task(self._receipts.run())
                await self._take_updates(client, intake, connected)

    async def _take_updates(self, client: Client, intake: UpdateIntake, connected: Callable[[str], None]) -> None:
        bot = client.bot
        said = f"Telegram: connected as @{bot.username}"
        if self._hook is None:
            connected(said)
            self._poll = UpdatePoll(client, intake.take, self._token_name)
            try:
                await self._poll.run()
            finally:
                self._poll = None  # another worker may poll now
            return
        webhook = Webhook(bot, self._hook, intake.take, self._token_name)
        path, largest = path_of(bot.id), limits.LARGEST_UPDATE_BYTES
        with self._hook.routes.serve(path, webhook.answer, screen=webhook.knows_secret, largest_body=largest):
            connected(f"{said}, by webhook")
            await webhook.keep_set()

    async def _prepare(self, bot: Bot) -> BotIdentity:
        """Learn who the bot is and leave webhook mode, however long Telegram is away. Raises `ChannelTokenRefused`.

        A webhook that is set makes every poll fail with 409. Its waiting updates are kept.
        """
        backoff = poll_backoff()
        me: BotIdentity | None = None
        while me is None:
            try:
                known = await self._identify(bot)
                if self._hook is None:
                    await leave_webhook_mode(bot)
                me = known
            except (TelegramError, TimeoutError) as exc:
                if isinstance(exc, TelegramError) and is_token_refusal(exc):
                    raise token_refused(self._token_name) from None
                wait = backoff.next_s()
                log.warning("telegram: cannot be reached (%s), trying again in %g s", type(exc).__name__, wait)
                await asyncio.sleep(wait)
        await self._menu.offer(bot)
        return me

    async def _identify(self, bot: Bot) -> BotIdentity:
        """Call `getMe`, once. Raises `ChannelTokenRefused`, `TelegramError`, `TimeoutError`."""
        if self._me is None:
            try:
                async with asyncio.timeout(limits.IDENTIFY_TIMEOUT_S):
                    await bot.initialize()
            except TelegramError as exc:
                if is_token_refusal(exc):
                    # The library's own text holds the token.
                    raise token_refused(self._token_name) from None
                raise
            self._me = BotIdentity(bot.id, bot.username)
        return self._me

    def _opened_client(self) -> Client:
        if self._client is None:
            raise RuntimeError("the channel is not open")
        return self._client

    def _opened_sender(self) -> Sender:
        if self._sender is None:
            raise RuntimeError("the channel is not open")
        return self._sender
