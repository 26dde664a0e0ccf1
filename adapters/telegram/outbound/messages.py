"""Posts, edits and the typing sign. One call each, and never a second one after a post may have had an effect."""

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import ChatMigrated, RetryAfter, TelegramError

from adapters.telegram import limits
from adapters.telegram.api.client import Method, call
from adapters.telegram.api.errors import Call, retry_after_s, translated
from adapters.telegram.format.buttons import ButtonSeal, keyboard
from adapters.telegram.format.entities import Span
from adapters.telegram.format.markdown import render_page
from bridge.domain.errors import ChannelTokenRefused, ChannelUnavailable, MessageGone, PageRejected, StoreUnavailable
from bridge.domain.files import ResultFile
from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from bridge.runtime.bounded_dict import BoundedDict

_NO_PREVIEW = {"is_disabled": True}
"""A preview fetches the address without a click, which leaks what a tricked model wrote into it."""

_DRAFTS_KEPT = 1000
_PACES_KEPT = 1000
_MOST_DRAFT_ID = 2**31 - 1

log = logging.getLogger(__name__)

T = TypeVar("T")

ChatMoved = Callable[[str, str, str], Awaitable[object]]
"""Told the account, the old chat and the new one. Raises `StoreUnavailable`. Safe to repeat."""


def is_group(place: str) -> bool:
    """Groups have negative ids, private chats the person's own (Bot API)."""
    return place.startswith("-")


def chat_scope(address: Address) -> str:
    """Name the budget that posts and edits in one chat share, whatever the topic."""
    return f"telegram:{address.account}:{address.place}"


def pace_of(address: Address) -> ChannelLimits:
    """Space the calls of one chat: posts, edits and the typing sign come out of one budget."""
    return _pace_in(Address(address.account, address.place))


@lru_cache(_PACES_KEPT)
def _pace_in(address: Address) -> ChannelLimits:
    bot = Budget(f"telegram:{address.account}", limits.BOT_CALLS_PER_S, 1.0, keeps_room=False)
    chat = Budget(chat_scope(address), limits.CHAT_CALLS, limits.CHAT_WINDOW_S, keeps_room=False)
    if is_group(address.place):
        minute = Budget(f"{chat.scope}:minute", limits.GROUP_CALLS, limits.GROUP_WINDOW_S)
        # Last texts alone may come in bursts: else they would wait until a burst of first texts is three seconds old.
        finals = (minute, chat, bot)
        spread = Budget(f"{chat.scope}:spread", 1, limits.GROUP_SPREAD_S, keeps_room=False)
        others = (*finals, spread)
        typing_after_s = limits.GROUP_TYPING_AFTER_S
        return ChannelLimits(
            limits.GROUP_EDIT_FLOOR_S, others, others, finals, activity=others, activity_after_s=typing_after_s
        )
    calls = (chat, bot)
    # Whether drafts share the budget of messages is not known, so they do.
    return ChannelLimits(limits.PRIVATE_EDIT_FLOOR_S, calls, calls, drafts=calls, activity=calls)


def draft_id_of(view: PageView) -> int:
    """Name a page's draft: the same for every worker, so that one goes on where another was killed. Not 0."""
    digest = hashlib.blake2b(f"{view.turn_id}/{view.number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % _MOST_DRAFT_ID + 1


class Sender:
    """The calls that change what people see."""

    def __init__(self, bot: Bot, allow_mentions: frozenset[str], moved: ChatMoved, token_name: str) -> None:
        self._bot = bot
        self._seal = ButtonSeal(bot.token)
        self._token_name = token_name
        self._allowed = allow_mentions
        self._moved = moved
        self._typing_not_before = 0.0
        self._drafted: BoundedDict[str, float] = BoundedDict(_DRAFTS_KEPT)
        """When a chat was last shown a draft."""

    async def post(self, address: Address, view: PageView) -> str:
        """Post a page; return the message's id. Errors as `Channel.post`."""
        values = {
            **self._shown(address, view),
            "disable_notification": view.number > 1,
            "reply_parameters": _reply_to(address),
            **_topic(address),
        }

        async def send() -> str:
            message = await call(self._bot, Method.SEND_MESSAGE, values)
            if not isinstance(message, dict) or "message_id" not in message:
                raise TelegramError("a post was answered without a message")
            return str(message["message_id"])

        with translated(Call.POST, chat_scope(address), self._token_name):
            posted = await self._where_it_is(address, send)
        self._drafted.pop(address.place, None)
        return posted

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Make a message look like the page. Errors as `Channel.edit`."""
        values = {**self._shown(address, view), "message_id": int(message_id)}

        async def change() -> None:
            await call(self._bot, Method.EDIT_TEXT, values)

        with translated(Call.EDIT, chat_scope(address), self._token_name):
            await self._where_it_is(address, change)

    async def send_file(self, address: Address, file: ResultFile) -> str:
        """Post a file; return the message's id. Errors as `Channel.post`."""

        async def send() -> str:
            reply_to = int(address.reply_to) if address.reply_to else None
            message = await self._bot.send_document(
                int(address.place),
                file.content,
                filename=file.name,
                disable_content_type_detection=True,
                disable_notification=True,
                message_thread_id=int(address.thread) if address.thread else None,
                reply_to_message_id=reply_to,
                allow_sending_without_reply=True,
            )
            return str(message.message_id)

        with translated(Call.POST, chat_scope(address), self._token_name):
            return await self._where_it_is(address, send)

    async def draft(self, address: Address, view: PageView) -> bool:
        """Show a page in a private chat without sending it. Errors as `Channel.draft`.

        A draft is carried like the typing sign, without a place for a preview. A method that the server does not
        know is answered like a wrong token: whether it is that, the next post tells.
        """
        if is_group(address.place):
            return False
        page = render_page(view, self._allowed)
        try:
            with translated(Call.EDIT, chat_scope(address), self._token_name):
                values = {
                    "chat_id": int(address.place),
                    "draft_id": draft_id_of(view),
                    "text": page.text,
                    "entities": _entities(page.spans),
                    "can_stop": True,  # Telegram's own button: a draft has no keyboard
                    **_topic(address),
                }
                await call(self._bot, Method.SEND_DRAFT, values)
        except (PageRejected, MessageGone, ChannelTokenRefused) as exc:
            log.info("telegram: no draft here, the reply is edited instead (%s)", exc)
            return False
        self._note_draft(address.place)
        return True

    async def show_typing(self, address: Address) -> None:
        """Show "typing" for five seconds, or until the bot's next message. Best effort."""
        now = time.monotonic()
        # A draft says more, and the two are the same sign to a client: one may take the other's place.
        drafted_at = self._drafted.get(address.place, -limits.DRAFT_LIFE_S)
        if now < max(self._typing_not_before, drafted_at + limits.DRAFT_LIFE_S):
            return
        try:
            values = {"chat_id": int(address.place), "action": ChatAction.TYPING.value, **_topic(address)}
            await call(self._bot, Method.SEND_ACTION, values, within_s=limits.TYPING_TIMEOUT_S)
        except RetryAfter as exc:
            self._typing_not_before = now + retry_after_s(exc)
        except TelegramError:
            # A failed typing indicator is not logged: the answer itself follows.
            return

    def _shown(self, address: Address, view: PageView) -> dict[str, Any]:
        """Return what makes a message look like the page."""
        page = render_page(view, self._allowed)
        return {
            "chat_id": int(address.place),
            "text": page.text,
            "entities": _entities(page.spans),
            "link_preview_options": _NO_PREVIEW,
            "reply_markup": keyboard(view, self._seal, int(address.place)),
        }

    async def _where_it_is(self, address: Address, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call. Where the group became a supergroup its threads move there, and this turn with them."""
        try:
            return await call()
        except ChatMigrated as exc:
            new = str(exc.new_chat_id)
        try:
            await self._moved(address.account, address.place, new)
        except StoreUnavailable:
            log.warning("telegram: the store is away; a group that became a supergroup waits for it")
        # Nothing is posted from here: the worker that takes the thread at its new place posts it, once.
        raise ChannelUnavailable("Telegram: the group became a supergroup, where its threads go on")

    def _note_draft(self, place: str) -> None:
        self._drafted[place] = time.monotonic()


def _reply_to(address: Address) -> dict[str, Any] | None:
    return {"message_id": int(address.reply_to), "allow_sending_without_reply": True} if address.reply_to else None


def _entities(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """Return the marks as the Bot API takes them (`MessageEntity`)."""
    return [_entity(span) for span in spans]


def _entity(span: Span) -> dict[str, Any]:
    entity: dict[str, Any] = {"type": span.kind, "offset": span.offset, "length": span.length}
    if span.url:
        entity["url"] = span.url
    if span.language:
        entity["language"] = span.language
    return entity


def _topic(address: Address) -> dict[str, int]:
    return {"message_thread_id": int(address.thread)} if address.thread else {}
