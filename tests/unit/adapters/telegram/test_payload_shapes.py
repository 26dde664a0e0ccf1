"""What Telegram sends of each thing that happens, in its own shape, and what the bridge makes of it.

The shapes follow the reference of the Bot API (`Update`, `Message`, `CallbackQuery`); ids and words are made up.
"""

from typing import Any

import pytest

from adapters.telegram import limits
from adapters.telegram.format.buttons import ButtonSeal
from adapters.telegram.inbound.callback_query import Press, draft_stopped, pressed
from adapters.telegram.inbound.chat_events import ChatLeft, ChatMigration, chat_change
from adapters.telegram.inbound.update_handler import Heard
from adapters.telegram.inbound.update_parser import BotIdentity, ChatMessage, read_update
from bridge.domain.files import Attachment
from bridge.domain.incoming import CommandName, Edit, Incoming, Question, Rating, Remark, Stop, Wordless
from bridge.domain.pages import Button
from tests.wishes import kind_of, words_of

SEAL = ButtonSeal("100:token")
ME = BotIdentity(7100000001, "acme_helper_bot")
BOT = {"id": ME.id, "is_bot": True, "first_name": "Acme Helper", "username": "acme_helper_bot"}
ADA = {
    "id": 512000001,
    "is_bot": False,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "username": "ada_l",
    "language_code": "en",
    "is_premium": True,
}
PRIVATE = {"id": 512000001, "first_name": "Ada", "last_name": "Lovelace", "username": "ada_l", "type": "private"}
BASIC = {"id": -4200000001, "title": "Team", "type": "group", "all_members_are_administrators": True}
SUPER = {"id": -1002000000001, "title": "Team", "username": "acme_team", "type": "supergroup"}
FORUM = {"id": -1002000000002, "title": "Forum", "is_forum": True, "type": "supergroup"}
STOP_DATA = SEAL.data(512000001, Button.STOP, "0123456789abcdef")
GOOD_DATA = SEAL.data(512000001, Button.GOOD, "0123456789abcdef")
RETRY_DATA = SEAL.data(-1002000000002, Button.RETRY, "0123456789abcdef")
CHANNEL = {"id": -1002000000003, "title": "News", "username": "acme_news", "type": "channel"}
NAME = "@acme_helper_bot"
FILE = {"file_id": "AgACAgIAAx", "file_unique_id": "AQADx", "file_size": 1234}
PHOTO = [{**FILE, "width": 90, "height": 67}, {**FILE, "width": 1280, "height": 960}]
POST = {
    "message_id": 50,
    "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
    "sender_chat": CHANNEL,
    "chat": SUPER,
    "date": 1732300000,
    "is_automatic_forward": True,
    "text": "News!",
    "forward_origin": {"type": "channel", "chat": CHANNEL, "message_id": 9, "date": 1732299999},
}
BOTS_OWN = {"message_id": 60, "from": BOT, "chat": SUPER, "date": 1732300000, "text": "An answer."}
TOPIC = {"message_thread_id": 70, "is_topic_message": True}
TOPIC_MADE = {
    "message_id": 70,
    "from": ADA,
    "chat": FORUM,
    "date": 1732300000,
    **TOPIC,
    "forum_topic_created": {"name": "Plans", "icon_color": 7322096},
}


def message(chat: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One update with a message; None takes a field away."""
    whole = {"message_id": 101, "from": ADA, "chat": chat, "date": 1732300100, **fields}
    return {"update_id": 880000001, "message": {name: value for name, value in whole.items() if value is not None}}


def said(text: str, chat: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A text with the entities that the server finds in it: a mention of the bot, or a command at its start."""
    found = []
    if NAME in text.partition(" ")[0] and not text.startswith("/"):
        found.append({"offset": 0, "length": len(NAME), "type": "mention"})
    if text.startswith("/"):
        found.append({"offset": 0, "length": len(text.split(maxsplit=1)[0]), "type": "bot_command"})
    return message(chat, text=text, **({"entities": found} if found else {}), **fields)


def edited(update: dict[str, Any]) -> dict[str, Any]:
    return {"update_id": 880000002, "edited_message": {**update["message"], "edit_date": 1732300160}}


def membership(chat: dict[str, Any], status: str, kind: str = "my_chat_member") -> dict[str, Any]:
    old, new = ({"user": BOT, "status": one} for one in ("member", status))
    change = {"chat": chat, "from": ADA, "date": 1732300100, "old_chat_member": old, "new_chat_member": new}
    return {"update_id": 880000003, kind: change}


def press(chat: dict[str, Any], data: str, **fields: Any) -> dict[str, Any]:
    below = {"message_id": 102, "from": BOT, "chat": chat, "date": 1732300101, "text": "so far", **fields}
    query = {"id": "2199023255553", "from": ADA, "message": below, "chat_instance": "-123", "data": data}
    return {"update_id": 880000004, "callback_query": query}


def heard(update: dict[str, Any]) -> Heard | None:
    return chat_change(update) or pressed(update, ME, SEAL) or draft_stopped(update, ME, 1.0) or read_update(update, ME)


def understood(update: dict[str, Any]) -> Incoming:
    found = heard(update)
    if isinstance(found, ChatMessage):
        return found.wish()
    if isinstance(found, Press):
        return found.wish(None, 1.0)
    assert isinstance(found, Stop)
    return found


ASK, START, HELP, WORDLESS = Question, CommandName.START, CommandName.HELP, Wordless
QUESTIONS = {
    "a text": (said("What is new?", PRIVATE), ASK, "What is new?", ""),
    "a text with formatting": (
        message(PRIVATE, text="so what", entities=[{"offset": 0, "length": 2, "type": "bold"}]),
        ASK,
        "so what",
        "",
    ),
    "a text with a preview": (
        message(PRIVATE, text="see https://a.example", link_preview_options={"url": "https://a.example"}),
        ASK,
        "see https://a.example",
        "",
    ),
    "a forwarded text": (
        message(PRIVATE, text="look", forward_origin={"type": "user", "sender_user": ADA, "date": 1}),
        ASK,
        "look",
        "",
    ),
    "a text sent via another bot": (message(PRIVATE, text="found it", via_bot={**BOT, "id": 6}), ASK, "found it", ""),
    "a text that quotes": (
        message(PRIVATE, text="and this?", reply_to_message=BOTS_OWN, quote={"text": "An", "position": 0}),
        ASK,
        "and this?",
        "",
    ),
    "a text with an effect": (message(PRIVATE, text="hi", effect_id="5104841245755180586"), ASK, "hi", ""),
    "a topic of a private chat": (message(PRIVATE, text="hi", **TOPIC), ASK, "hi", "70"),
    "a caption": (message(PRIVATE, photo=PHOTO, caption="what is it?"), ASK, "what is it?", ""),
    "a caption above a video": (
        message(PRIVATE, video=FILE, caption="and it?", show_caption_above_media=True),
        ASK,
        "and it?",
        "",
    ),
    "the start of a chat": (said("/start", PRIVATE), START, "", ""),
    "the start by a link": (said("/start spring_sale-7", PRIVATE), START, "", ""),
    "a command": (said("/status", PRIVATE), CommandName.STATUS, "", ""),
    "a command with the bot's name": (said("/stop@acme_helper_bot", BASIC), Stop, "", "101"),
    "a mention in a basic group": (said(f"{NAME} hi", BASIC), ASK, "hi", "101"),
    "a mention in a supergroup": (said(f"{NAME}, hi", SUPER), ASK, "hi", "101"),
    "a mention by id": (
        message(
            SUPER, text="Acme Helper hi", entities=[{"offset": 0, "length": 11, "type": "text_mention", "user": BOT}]
        ),
        ASK,
        "hi",
        "101",
    ),
    "the name alone": (said(NAME, SUPER), HELP, "", "101"),
    "an answer to the bot": (said("why?", SUPER, reply_to_message=BOTS_OWN, message_thread_id=55), ASK, "why?", "55"),
    "a mention in a topic": (said(f"{NAME} hi", FORUM, reply_to_message=TOPIC_MADE, **TOPIC), ASK, "hi", "70"),
    "a mention in General": (said(f"{NAME} hi", FORUM), ASK, "hi", "general"),
    "a comment": (said(f"{NAME} hi", SUPER, reply_to_message=POST, message_thread_id=50), ASK, "hi", "50"),
    "a member with a tag": (said(f"{NAME} hi", SUPER, sender_boost_count=2), ASK, "hi", "101"),
    "an edit": (edited(said("What is newer?", PRIVATE)), Edit, "What is newer?", ""),
    "an edited caption": (edited(message(PRIVATE, photo=PHOTO, caption="so?")), Edit, "so?", ""),
    "a press of Stop": (press(PRIVATE, STOP_DATA), Stop, "", ""),
    "a press in a topic": (
        press(FORUM, RETRY_DATA, **TOPIC),
        CommandName.RETRY,
        "",
        "70",
    ),
    "a thumb": (press(PRIVATE, GOOD_DATA), Rating, "", ""),
    "Telegram's own Stop": (
        {"update_id": 1, "stopped_message_generation": {"chat": PRIVATE, "draft_id": 5}},
        Stop,
        "",
        "",
    ),
}
"""What happened: the update, and the kind, text and thread of the question."""

WORDLESS_KINDS: dict[str, Any] = {
    "animation": {**FILE, "duration": 2, "width": 1, "height": 1},
    "audio": {**FILE, "duration": 200},
    "checklist": {"title": "T", "tasks": [{"id": 1, "text": "t"}]},
    "contact": {"phone_number": "+4930", "first_name": "Bob"},
    "dice": {"emoji": "🎲", "value": 4},
    "document": FILE,
    "game": {"title": "T", "description": "D", "photo": PHOTO},
    "location": {"latitude": 52.5, "longitude": 13.4, "live_period": 900},
    "paid_media": {"star_count": 5, "paid_media": []},
    "photo": PHOTO,
    "poll": {"id": "1", "question": "Q?", "options": [], "type": "regular"},
    "sticker": {**FILE, "type": "regular", "emoji": "👍", "is_animated": False, "is_video": False},
    "story": {"chat": CHANNEL, "id": 3},
    "venue": {"location": {"latitude": 1, "longitude": 2}, "title": "T", "address": "A"},
    "video": {**FILE, "duration": 2, "width": 1, "height": 1},
    "video_note": {**FILE, "length": 240, "duration": 2},
    "voice": {**FILE, "duration": 2, "mime_type": "audio/ogg"},
}

SERVICE: dict[str, Any] = {
    "boost_added": {"boost_count": 1},
    "chat_background_set": {"type": {"type": "fill"}},
    "chat_shared": {"request_id": 1, "chat_id": -1},
    "delete_chat_photo": True,
    "forum_topic_closed": {},
    "forum_topic_created": {"name": "T", "icon_color": 1},
    "forum_topic_edited": {"name": "U"},
    "general_forum_topic_hidden": {},
    "giveaway_created": {},
    "group_chat_created": True,
    "left_chat_member": ADA,
    "message_auto_delete_timer_changed": {"message_auto_delete_time": 86400},
    "new_chat_members": [BOT],
    "new_chat_photo": PHOTO,
    "new_chat_title": "T",
    "pinned_message": BOTS_OWN,
    "proximity_alert_triggered": {"traveler": ADA, "watcher": ADA, "distance": 5},
    "successful_payment": {"currency": "XTR", "total_amount": 1},
    "users_shared": {"request_id": 1, "users": []},
    "video_chat_ended": {"duration": 5},
    "video_chat_started": {},
    "web_app_data": {"data": "d", "button_text": "b"},
    "write_access_allowed": {"from_request": True},
}

NOTHING = {
    "people among themselves": said("hi all", SUPER),
    "an answer to a person": said("hi", SUPER, reply_to_message={**BOTS_OWN, "from": ADA}),
    "another bot's name": message(
        SUPER, text="@other_bot hi", entities=[{"offset": 0, "length": 10, "type": "mention"}]
    ),
    "another bot's command": said("/end@other_bot", SUPER),
    "a command of no one in a group": said("/weather", SUPER),
    "the bot's name in code": message(SUPER, text=NAME, entities=[{"offset": 0, "length": 16, "type": "code"}]),
    "another bot": said(f"{NAME} beep", SUPER, **{"from": {**BOT, "id": 6, "username": "other_bot"}}),
    "an anonymous administrator": said(
        f"{NAME} hi",
        SUPER,
        sender_chat=SUPER,
        **{"from": {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}},
    ),
    "a channel as a member": said(
        f"{NAME} hi",
        SUPER,
        sender_chat=CHANNEL,
        **{"from": {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}},
    ),
    "the post above the comments": {"update_id": 1, "message": {**POST, "text": f"{NAME} hi"}},
    "a picture in a group": message(SUPER, photo=PHOTO),
    "a message of the first comment's topic": said("hi", FORUM, reply_to_message={**TOPIC_MADE, "from": BOT}, **TOPIC),
    "an edited command": edited(said("/end", PRIVATE)),
    "an edited picture": edited(message(PRIVATE, photo=PHOTO)),
    "a post in a channel": {"update_id": 1, "channel_post": {**POST, "chat": CHANNEL}},
    "an edited post": {"update_id": 1, "edited_channel_post": {**POST, "chat": CHANNEL}},
    "a business message": {"update_id": 1, "business_message": said("hi", PRIVATE)["message"]},
    "a reaction": {
        "update_id": 1,
        "message_reaction": {
            "chat": PRIVATE,
            "message_id": 1,
            "date": 1,
            "user": ADA,
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        },
    },
    "an inline query": {"update_id": 1, "inline_query": {"id": "1", "from": ADA, "query": "hi", "offset": ""}},
    "a poll": {"update_id": 1, "poll": {"id": "1", "question": "Q?", "options": []}},
    "a vote": {"update_id": 1, "poll_answer": {"poll_id": "1", "user": ADA, "option_ids": [0]}},
    "a wish to join": {"update_id": 1, "chat_join_request": {"chat": SUPER, "from": ADA, "date": 1}},
    "another person's membership": membership(SUPER, "kicked", "chat_member"),
    "the bot was added": membership(SUPER, "administrator"),
    "a type of the future": {"update_id": 1, "hologram_received": {"id": "h1"}},
}


@pytest.mark.parametrize("what", QUESTIONS)
def test_what_is_meant_for_the_bot_becomes_a_question(what: str) -> None:
    update, kind, text, thread = QUESTIONS[what]
    question = understood(update)
    assert (kind_of(question), words_of(question), question.thread.thread) == (kind, text, thread)
    assert question.person.id == "512000001"
    assert question.thread.account == question.address.account == str(ME.id)


@pytest.mark.parametrize("what", NOTHING)
def test_what_is_not_meant_for_the_bot_is_left_alone(what: str) -> None:
    left = heard(NOTHING[what])
    assert left is None or (isinstance(left, ChatMessage) and left.is_remark and isinstance(left.wish("7"), Remark))


@pytest.mark.parametrize("kind", WORDLESS_KINDS)
def test_what_has_no_words_is_told_apart_and_with_words_it_is_a_question(kind: str) -> None:
    sent = {kind: WORDLESS_KINDS[kind]}
    assert isinstance(understood(message(PRIVATE, **sent)), Wordless)
    assert isinstance(understood(message(SUPER, **sent, reply_to_message=BOTS_OWN)), Wordless)
    captioned = understood(message(PRIVATE, **sent, caption="what is it?"))
    files = (Attachment("", 1234, "AgACAgIAAx"),) if kind == "document" else ()
    assert captioned == Question(captioned.origin, "what is it?", limits.JOIN_S, has_files=True, files=files)


@pytest.mark.parametrize("kind", SERVICE)
@pytest.mark.parametrize("chat", [PRIVATE, SUPER])
def test_a_service_message_is_no_question(kind: str, chat: dict[str, Any]) -> None:
    assert heard(message(chat, **{kind: SERVICE[kind]})) is None


@pytest.mark.parametrize(
    ("update", "change"),
    [
        (membership(SUPER, "left"), ChatLeft("-1002000000001")),
        (membership(BASIC, "kicked"), ChatLeft("-4200000001")),
        (membership(PRIVATE, "kicked"), ChatLeft("512000001")),
        (message(BASIC, migrate_to_chat_id=-1002000000009), ChatMigration("-4200000001", "-1002000000009")),
        (message(SUPER, migrate_from_chat_id=-4200000001), ChatMigration("-4200000001", "-1002000000001")),
    ],
)
def test_what_happens_to_a_chat_is_heard(update: dict[str, Any], change: object) -> None:
    """S14, S15: removed, blocked, made a supergroup."""
    assert heard(update) == change
