"""What becomes of one update, whichever way it came: it is durably kept when `take` has returned."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.telegram import CHANNEL
from adapters.telegram.format.buttons import ButtonSeal
from adapters.telegram.inbound.callback_query import Press, StalePress, draft_stopped, pressed
from adapters.telegram.inbound.chat_events import ChatJoined, ChatLeft, ChatMigration, chat_change
from adapters.telegram.inbound.poison_updates import SetAside
from adapters.telegram.inbound.update_parser import GROUP_TYPES, BotIdentity, ChatMessage, read_update
from adapters.telegram.options import GroupTrigger
from adapters.telegram.outbound.callback_answers import answer_to
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import TAKE_OVER, Command, CommandName, Forbidden, Incoming, IntakeResult, Stop
from bridge.domain.notices import Notice
from bridge.ports.channel import Accept
from bridge.ports.stores.chat_moves import Places, ReplyRoots
from bridge.runtime.bounded_dict import BoundedDict
from bridge.texts.catalog import texts_in

log = logging.getLogger(__name__)

Update = Mapping[str, Any]

MayControl = Callable[[str, str], Awaitable[bool]]
"""Says whether a person, named second, may end conversations in a group. Raises nothing."""

Leave = Callable[[str, str], Awaitable[None]]
"""Says in a group that it is not allowed, in the language named second, and leaves it. Raises nothing."""

AnswerPress = Callable[[str, str], None]
"""Answers a press, named first, with these words. Returns at once."""

Heard = ChatMessage | Press | StalePress | Stop | ChatMigration | ChatLeft | ChatJoined

_ALBUMS_KEPT = 1000
_CONTROL = {CommandName.NEW, CommandName.END}

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class ChatStores:
    """What the bridge keeps of Telegram's chats."""

    roots: ReplyRoots
    places: Places


class UpdateIntake:
    """Reads updates of one bot and keeps what they say."""

    def __init__(
        self,
        me: BotIdentity,
        seal: ButtonSeal,
        accept: Accept,
        rooms: ChatStores,
        dead_letter: SetAside,
        answer: AnswerPress,
        *,
        group_trigger: GroupTrigger = "mention",
        may_control: MayControl | None = None,
        leave: Leave | None = None,
    ) -> None:
        self._me = me
        self._seal = seal
        self._accept = accept
        self._roots = rooms.roots
        self._places = rooms.places
        self._group_trigger = group_trigger
        self._may_control = may_control
        self._leave = leave
        self._albums: BoundedDict[str, str] = BoundedDict(_ALBUMS_KEPT)
        """For each chat the album whose words came last."""
        self._set_aside = dead_letter
        self._answer = answer

    async def take(self, update: Update) -> None:
        """Keep an update durably. Raises `StoreUnavailable`: it must not be acknowledged then.

        One that cannot be read counts as taken, and so does one that met a defect of ours several times.
        """
        number = number_of(update)
        if self._set_aside.gives_up(number):
            return
        try:
            heard = (
                chat_change(update)
                or pressed(update, self._me, self._seal)
                or draft_stopped(update, self._me, time.time())
                or read_update(update, self._me, group_trigger=self._group_trigger)
            )
        except UNREADABLE as exc:
            self._set_aside.note(number, type(exc).__name__)
            return
        try:
            await self._keep(heard)
        except (StoreUnavailable, asyncio.CancelledError):
            raise
        except BaseException as exc:
            self._set_aside.count_try(number, type(exc).__name__)
            raise

    async def _keep(self, heard: Heard | None) -> None:
        account = str(self._me.id)
        match heard:
            case ChatMessage():
                await self._take_message(heard)
            case Press():
                await self._take_press(heard)
            case StalePress():
                self._answer(heard.query_id, texts_in(heard.language)(Notice.BUTTON_TOO_OLD))
            case Stop():
                await self._accept(heard)
            case ChatMigration():
                moved = await self._places.move(CHANNEL, account, heard.chat_id, heard.new_chat_id)
                log.info("telegram: a group became a supergroup", extra={"moved_threads": moved})
            case ChatJoined():
                await self._join(heard)
            case ChatLeft():
                ended = await self._places.leave(CHANNEL, account, heard.chat_id)
                log.info("telegram: the bot was removed from a chat", extra={"ended_sessions": ended})
            case None:
                return

    async def _take_message(self, message: ChatMessage) -> None:
        if message.is_remark:
            await self._overhear(message)
        elif not self._is_explained(message):
            await self._accept(await self._allowed(await self._in_its_thread(message)))

    async def _overhear(self, message: ChatMessage) -> None:
        """Hand over what people say to each other in a thread that the bot knows."""
        if not message.is_in_chain:
            await self._accept(message.wish())
            return
        root = await self._first_known(message.chat_id, (message.replies_to, message.chain))
        if root is not None and await self._accept(message.wish(root)) is IntakeResult.OVERHEARD:
            # Who answers this message goes on in the same thread.
            await self._roots.remember(message.bot_id, message.chat_id, message.message_id, root)

    async def _join(self, joined: ChatJoined) -> None:
        wish = joined.wish(str(self._me.id))
        became = await self._accept(wish)
        if became is IntakeResult.REFUSED and self._leave is not None:
            await self._leave(joined.chat_id, wish.person.locale.language)

    async def _take_press(self, press: Press) -> None:
        """Do what the button says, and answer the press."""
        root = None
        if press.is_in_chain:
            root = await self._first_known(press.chat_id, (press.message_id, press.quoted))
        wish = await self._allowed(press.wish(root, time.time()))
        became = await self._accept(wish)
        self._answer(press.query_id, answer_to(wish, became))

    async def _allowed(self, wish: Incoming) -> Incoming:
        """Return the wish, or what stands for it where this person may not command that in this group.

        Where administrators control, others may stop the answers that they asked for, and those of their conversations.
        """
        in_group = wish.origin.metadata["chat_type"] in GROUP_TYPES
        name = wish.name if isinstance(wish, Command) else None
        is_for_owners = isinstance(wish, Stop) or name in TAKE_OVER
        is_controlled = is_for_owners or name in _CONTROL
        if self._may_control is None or not in_group or not is_controlled:
            return wish
        if await self._may_control(wish.address.place, wish.person.id):
            return wish
        if is_for_owners and isinstance(wish, Stop | Command):
            return replace(wish, owner_only=True)
        return Forbidden(wish.origin)

    def _is_explained(self, message: ChatMessage) -> bool:
        """Say whether this is a picture of an album, and another one had the words. Clients put them on the first."""
        if not message.album or not message.wording.is_empty:
            self._albums[message.chat_id] = message.album
            return False
        return message.album == self._albums.get(message.chat_id)

    async def _in_its_thread(self, message: ChatMessage) -> Incoming:
        """Find the thread of a message. Raises `StoreUnavailable`: the update is then delivered again."""
        if not message.is_in_chain:
            return message.wish()
        # The message itself first: it may have been delivered before.
        known = await self._first_known(message.chat_id, (message.message_id, message.replies_to, message.chain))
        inherited = None
        if known is None and message.may_inherit:
            inherited = await self._places.last_active_thread(CHANNEL, message.bot_id, message.chat_id)
        wish = message.wish(inherited if known is None else known)
        root = wish.thread.thread
        await self._roots.remember(message.bot_id, message.chat_id, message.message_id, root)
        if inherited is not None:
            # Last: delivered again after a crash in between, the message is known by now.
            await self._places.consume_move(CHANNEL, message.bot_id, message.chat_id)
        return wish

    async def _first_known(self, chat_id: str, message_ids: Iterable[str]) -> str | None:
        """Return the root of the first message that is known, or None. Raises `StoreUnavailable`."""
        for message_id in dict.fromkeys(filter(None, message_ids)):
            root = await self._roots.root_of(str(self._me.id), chat_id, message_id)
            if root is not None:
                return root
        return None


def number_of(update: Update) -> int | None:
    """Return the update's id, where it has one."""
    number = update.get("update_id")
    return number if isinstance(number, int) else None
