"""The methods of the Bot API that a bot like the bridge calls, as strict as the real ones."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.ledger import Ledger
from sandbox.telegram.assumptions import Assumptions
from sandbox.telegram.bot_settings import BotSettings
from sandbox.telegram.drafts import Drafts
from sandbox.telegram.entities import check_entities, check_text, pings
from sandbox.telegram.flood import FloodGate
from sandbox.telegram.keyboard import read_keyboard
from sandbox.telegram.parse_mode import parse
from sandbox.telegram.rich import read_rich
from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.wire import Params, Refused, bad_request, flag, nested, number
from sandbox.telegram.world import Chat, JsonDict, Message, User, World

_GENERAL_TOPIC = 1
_LONGEST_ANSWER = 200
_REACTIONS = {"👍", "👎", "❤", "🔥", "🎉", "👀", "🤔", "👌", "🙏", "✍"}
"""Some of the 73 that bots may use."""
_ACTIONS = {"typing", "upload_photo", "upload_document", "record_voice", "upload_voice", "choose_sticker"}

Method = Callable[[User, Params], Awaitable[Any]]


@dataclass(slots=True)
class Seen:
    """What the bots did that people would notice, or should not have done."""

    pings: list[str] = field(default_factory=list)
    """Who would have been notified by the bot's text."""
    previews: list[str] = field(default_factory=list)
    """Texts that were sent or edited without switching the link preview off."""
    parse_modes: list[str] = field(default_factory=list)
    """Every `parse_mode` that was given: the server then ignores the entities."""
    actions: list[tuple[int, int | None, str]] = field(default_factory=list)
    """Signs of activity: chat, topic, action."""
    press_answers: dict[str, list[str]] = field(default_factory=dict)
    """What was answered to each press."""
    reactions: list[tuple[int, int, Any]] = field(default_factory=list)
    commands: dict[tuple[int, str, str], Any] = field(default_factory=dict)
    """The menus of commands, by bot, scope and language."""


class BotApi:
    """Answers calls out of the world. Errors are raised as `Refused`."""

    def __init__(
        self, world: World, queues: Mapping[int, UpdateQueue], ledger: Ledger, assumptions: Assumptions
    ) -> None:
        self.world = world
        self.ledger = ledger
        self.assumptions = assumptions
        self.flood = FloodGate()
        self.seen = Seen()
        self.drafts = Drafts(ledger)
        self.documents = world.documents
        self.methods: dict[str, Method] = {
            **BotSettings(queues, self.seen.commands).methods,
            "getchatmember": self.get_chat_member,
            "leavechat": self.leave_chat,
            "getfile": self.get_file,
            "senddocument": self.send_document,
            "sendmessage": self.send_message,
            "sendmessagedraft": self.send_message_draft,
            "sendrichmessage": self.send_rich_message,
            "editmessagetext": self.edit_message_text,
            "answercallbackquery": self.answer_callback_query,
            "deletemessage": self.delete_message,
            "sendchataction": self.send_chat_action,
            "setmessagereaction": self.set_message_reaction,
        }

    # ------------------------------------------------------------ who is where
    async def get_chat_member(self, bot: User, params: Params) -> JsonDict:
        """Tell what a person is in a chat."""
        chat = self._chat(bot, params)
        user = self.world.people.get(number(params, "user_id", 0) or 0)
        if user is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        if user.id not in chat.admins:
            return {"status": "member", "user": user.as_json()}
        return {"status": "creator", "user": user.as_json(), "is_anonymous": False}

    async def leave_chat(self, bot: User, params: Params) -> bool:
        """Let the bot leave a group."""
        chat = self._chat(bot, params)
        if not chat.is_group:
            raise bad_request("chat member status can't be changed in private chats")
        chat.blocked_for.add(bot.id)
        return True

    # ------------------------------------------------------------ messages
    async def send_message(self, bot: User, params: Params) -> JsonDict:
        """Post a text."""
        chat = self._writable(bot, params)
        self._pass_flood_gate(bot, chat)
        text, entities = self._content(params)
        topic = self._topic(chat, params)
        message = self.world.add_message(
            chat, bot, text, entities=entities, topic=topic, reply_to=self._reply_to(chat, params)
        )
        message.keyboard = read_keyboard(params)
        message.silent = flag(params, "disable_notification")
        self.drafts.end(chat.id, topic)
        self._show(message, "posted")
        return self.world.message_json(message)

    async def send_document(self, bot: User, params: Params) -> JsonDict:
        """Post a file."""
        chat = self._writable(bot, params)
        if chat.refuses_documents:
            raise bad_request("not enough rights to send documents to the chat")
        self._pass_flood_gate(bot, chat)
        document = self.documents.uploaded(params)
        topic, reply_to = self._topic(chat, params), self._reply_to(chat, params)
        message = self.world.add_message(chat, bot, f"[{document.name}]", topic=topic, reply_to=reply_to)
        message.silent = flag(params, "disable_notification")
        message.facts = {"document": document.as_json()}
        self._show(message, "posted")
        shown = self.world.message_json(message)
        del shown["text"]
        return shown

    async def get_file(self, _bot: User, params: Params) -> JsonDict:
        """Tell where a document can be had."""
        return self.documents.described(str(params.get("file_id") or ""))

    async def send_message_draft(self, bot: User, params: Params) -> bool:
        """Show a text that is still being written. An empty one is shown as "Thinking…"."""
        chat = self._chat(bot, params)
        if chat.type != "private":
            raise bad_request("TEXTDRAFT_PEER_INVALID")
        draft_id = number(params, "draft_id")
        if not draft_id:
            raise bad_request("TEXTDRAFT_ID_INVALID")
        if self.assumptions.drafts_count:
            self._pass_flood_gate(bot, chat)
        text, entities = self._marked(str(params.get("text") or "Thinking…"), params)
        self.drafts.show((chat.id, self._topic(chat, params), draft_id), text, entities)
        return True

    async def send_rich_message(self, bot: User, params: Params) -> JsonDict:
        """Post a rich message, which has no `text`."""
        if not self.assumptions.has_rich_messages:
            raise Refused(404, "Not Found: method not found")
        chat = self._chat(bot, params)
        self._pass_flood_gate(bot, chat)
        words, rich = read_rich(params)
        topic, reply_to = self._topic(chat, params), self._reply_to(chat, params)
        message = self.world.add_message(chat, bot, words, topic=topic, reply_to=reply_to)
        message.facts = {"rich_message": rich}
        self._show(message, "posted")
        shown = self.world.message_json(message)
        del shown["text"]
        return shown

    async def edit_message_text(self, bot: User, params: Params) -> JsonDict:
        """Change a text."""
        chat = self._writable(bot, params)
        message = self.world.messages.get(number(params, "message_id", 0) or 0)
        if message is None or message.chat is not chat:
            raise bad_request("message to edit not found")
        if message.author is not bot:
            raise bad_request("message can't be edited")
        self._pass_flood_gate(bot, chat)
        text, entities = self._content(params)
        keyboard = read_keyboard(params)
        if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same"
                " as a current content and reply markup of the message"
            )
        message.text, message.entities, message.keyboard = text, entities, keyboard
        message.edited_at = int(time.time())
        message.versions.append(text)
        self._show(message, "edited")
        return self.world.message_json(message)

    async def answer_callback_query(self, bot: User, params: Params) -> bool:
        """End the client's waiting for a press, with words or without."""
        query_id, words = str(params.get("callback_query_id") or ""), str(params.get("text") or "")
        if self.world.presses.get(query_id) != bot.id:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if len(words) > _LONGEST_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        self.seen.press_answers.setdefault(query_id, []).append(words)
        return True

    async def delete_message(self, bot: User, params: Params) -> bool:
        """Delete a message."""
        chat = self._chat(bot, params)
        message = self.world.messages.get(number(params, "message_id", 0) or 0)
        if message is None or message.chat is not chat:
            raise bad_request("message to delete not found")
        del self.world.messages[message.id]
        self.ledger.record(str(chat.id), str(message.topic or ""), str(message.id), "", change="deleted")
        return True

    async def send_chat_action(self, bot: User, params: Params) -> bool:
        """Show activity."""
        chat = self._chat(bot, params)
        action = str(params.get("action") or "")
        if action not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        if self.assumptions.typing_counts:
            self._pass_flood_gate(bot, chat)
        self.seen.actions.append((chat.id, self._topic(chat, params), action))
        return True

    async def set_message_reaction(self, bot: User, params: Params) -> bool:
        """React to a message."""
        chat = self._chat(bot, params)
        message_id = number(params, "message_id", 0) or 0
        if message_id not in self.world.messages:
            raise bad_request("message to react not found")
        reaction = nested(params, "reaction") or []
        if len(reaction) > 1 or any(one.get("emoji") not in _REACTIONS for one in reaction):
            raise bad_request("REACTION_INVALID")
        self.seen.reactions.append((chat.id, message_id, reaction))
        return True

    # ------------------------------------------------------------ rules
    def _chat(self, bot: User, params: Params) -> Chat:
        chat_id = number(params, "chat_id")
        chat = self.world.chat(bot, chat_id) if chat_id is not None else None
        if chat is None:
            raise bad_request("chat not found")
        if chat.moved_to is not None:
            raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to)
        if bot.id in chat.blocked_for:
            who = "kicked from the group chat" if chat.is_group else "blocked by the user"
            raise Refused(403, f"Forbidden: bot was {who}")
        return chat

    def _writable(self, bot: User, params: Params) -> Chat:
        chat = self._chat(bot, params)
        if chat.refuses_posts:
            raise bad_request(chat.refuses_posts)
        return chat

    def _pass_flood_gate(self, bot: User, chat: Chat) -> None:
        self.flood.pass_through(bot.id, chat.id, is_group=chat.is_group)

    def _content(self, params: Params) -> tuple[str, list[JsonDict]]:
        text, entities = self._marked(str(params.get("text") or ""), params)
        options = nested(params, "link_preview_options") or {}
        if not options.get("is_disabled"):
            self.seen.previews.append(text)
        self.seen.pings.extend(pings(text, entities))
        return text, entities

    def _marked(self, given: str, params: Params) -> tuple[str, list[JsonDict]]:
        """Read a text with its entities, or with marks: then the entities that come along are ignored."""
        if not params.get("parse_mode"):
            text = check_text(given, in_utf16=self.assumptions.counts_utf16)
            entities: list[JsonDict] = nested(params, "entities") or []
            check_entities(text, entities)
            return text, entities
        self.seen.parse_modes.append(str(params["parse_mode"]))
        text, entities = parse(given, str(params["parse_mode"]))
        return check_text(text, in_utf16=self.assumptions.counts_utf16), entities

    def _topic(self, chat: Chat, params: Params) -> int | None:
        """Read the topic. In a plain group an id is ignored; the General topic must not be named."""
        topic = number(params, "message_thread_id")
        if topic is None or not (chat.is_forum or chat.has_topics):
            return None
        if topic == _GENERAL_TOPIC or topic not in chat.topics:
            raise bad_request("message thread not found")
        if topic in chat.closed_topics:
            raise bad_request("TOPIC_CLOSED")
        return topic

    def _reply_to(self, chat: Chat, params: Params) -> int | None:
        wanted = nested(params, "reply_parameters") or {}
        message_id = wanted.get("message_id")
        if message_id is None:
            return None
        message = self.world.messages.get(int(message_id))
        if message is not None and message.chat is chat:
            return message.id
        if wanted.get("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")

    def _show(self, message: Message, change: Any) -> None:
        self.ledger.record(
            str(message.chat.id), str(message.topic or ""), str(message.id), message.text, change=change, author="bot"
        )
