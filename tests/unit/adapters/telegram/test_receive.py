"""What an update means, without any call."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.inbound.chat_events import ChatLeft, ChatMigration, chat_change
from adapters.telegram.inbound.update_handler import UNREADABLE
from adapters.telegram.inbound.update_parser import BotIdentity, ChatMessage, read_update
from bridge.domain.incoming import CommandName, Edit, Incoming, Question, Stop, Wordless
from tests.wishes import Kind, kind_of, words_of

ME = BotIdentity(100, "Bridge_Bot")
PRIVATE = {"id": 5, "type": "private"}
GROUP = {"id": -7, "type": "group", "title": "Team"}
SUPERGROUP = {"id": -1007, "type": "supergroup"}
FORUM = {"id": -1008, "type": "supergroup", "is_forum": True}
ADA = {"id": 5, "is_bot": False, "first_name": "Ada", "last_name": "L."}

_POST = {"from": {"id": 777000, "is_bot": False, "first_name": "Telegram"}, "is_automatic_forward": True}


def update(
    text: str | None = "hello",
    chat: dict[str, Any] | None = None,
    author: dict[str, Any] | None = ADA,
    **fields: Any,
) -> dict[str, Any]:
    message = {"message_id": 9, "from": author, "chat": chat or PRIVATE, "date": 1_700_000_000, "text": text, **fields}
    return {"update_id": 31, "message": {name: value for name, value in message.items() if value is not None}}


def read(raw: dict[str, Any]) -> ChatMessage:
    found = read_update(raw, ME)
    assert found is not None
    return found


def asked(raw: dict[str, Any]) -> Incoming:
    return read(raw).wish()


def mention(offset: int, length: int = 11) -> list[dict[str, Any]]:
    return [{"type": "mention", "offset": offset, "length": length}]


@pytest.mark.parametrize(
    ("text", "kind", "left", "payload"),
    [
        ("/start", CommandName.START, "", None),
        ("/start a-b_C1", CommandName.START, "", "a-b_C1"),
        ("/NEW", CommandName.NEW, "", None),
        ("/new what now?", CommandName.NEW, "", None),
        ("/end@BRIDGE_bot", CommandName.END, "", None),
        ("/status", CommandName.STATUS, "", None),
        ("/STOP@Bridge_Bot", Stop, "", None),
        ("/retry@bridge_bot", CommandName.RETRY, "", None),
        ("/help\nplease", CommandName.HELP, "", None),
        ("/weather in Rome", Question, "/weather in Rome", None),
        ("/newest", Question, "/newest", None),
        ("/new/path", Question, "/new/path", None),
        ("what does /new do?", Question, "what does /new do?", None),
        ("  padded  ", Question, "padded", None),
    ],
)
def test_commands_are_told_from_questions(text: str, kind: Kind, left: str, payload: str | None) -> None:
    question = asked(update(text))
    assert (kind_of(question), words_of(question), question.origin.metadata.get("start")) == (kind, left, payload)


@pytest.mark.parametrize("payload", ["x" * 65, "x" * 4_000, "two words", "a\u202eb", "a\x00b", "ä", "../x", "a=b"])
def test_a_payload_that_no_link_makes_is_dropped(payload: str) -> None:
    """A25: anybody may type one."""
    command = asked(update(f"/start {payload}"))
    assert kind_of(command) is CommandName.START
    assert "start" not in command.origin.metadata


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1, "edited_message": update("/new")["message"]},
        {"update_id": 1, "channel_post": {}},
        {"update_id": 1, "from_the_future": 7},
        {"update_id": 1},
        update(None),
        update(None, GROUP, sticker={"file_id": "f"}),
        update(None, voice={"file_id": "f"}, forward_origin={}, author={**ADA, "is_bot": True}),
        {"update_id": 1, "edited_message": update(None, photo=[])["message"]},
        update(None, new_chat_photo=[]),
        update(None, pinned_message={}),
        update("/help@other_bot"),
        update(author={**ADA, "is_bot": True}),
        update(author=None),
        update(sender_chat=GROUP),
        update(is_automatic_forward=True),
        update(chat={"id": -1, "type": "channel"}),
        update("hi", GROUP),
        update("hi @Bridge_Bot", GROUP),  # no entity: the words are in code, or escaped
        update("hi @other_bots", GROUP, entities=mention(3)),
        update("/weather", GROUP),
        update("/help@other_bot", GROUP, reply_to_message={"message_id": 3, "from": {"id": 100}}),
        update("hi", GROUP, reply_to_message={"message_id": 3, "from": {"id": 6}}),
        update("hi", FORUM, reply_to_message={"message_id": 3, "from": {"id": 100}, "forum_topic_created": {}}),
        update(None, GROUP, migrate_to_chat_id=-1009),
    ],
)
def test_what_is_not_for_the_bot_is_nothing(raw: dict[str, Any]) -> None:
    left = read_update(raw, ME)
    # What people say to each other counts only where a person has the thread.
    assert left is None or (left.is_remark and raw["message"]["chat"]["type"] != "private")


@pytest.mark.parametrize(
    ("text", "entities", "left"),
    [
        ("@Bridge_Bot hello", mention(0), "hello"),
        ("@bridge_bot, hello", mention(0), "hello"),
        ("hello @Bridge_Bot", mention(6), "hello"),
        ("well @Bridge_Bot what now", mention(5), "well what now"),
        ("😀😀 @Bridge_Bot hello", mention(5), "😀😀 hello"),
        ("Ünï @Bridge_Bot\nhello", mention(4), "Ünï\nhello"),
        ("@Bridge_Bot @Bridge_Bot hi", [*mention(0), *mention(12)], "hi"),
        ("Bot hi", [{"type": "text_mention", "offset": 0, "length": 3, "user": {"id": 100}}], "hi"),
        ("/weather@bridge_bot Rome", [], "/weather Rome"),
        ("@Bridge_Bot", mention(0), ""),
    ],
)
def test_mentions_of_the_bot_are_taken_out(text: str, entities: list[dict[str, Any]], left: str) -> None:
    question = asked(update(text, GROUP, entities=entities))
    assert words_of(question) == left


@pytest.mark.parametrize("beside", ["", " \u200b", "\u3164\u2060"])
def test_the_bots_name_alone_asks_for_help_and_opens_nothing(beside: str) -> None:
    assert kind_of(asked(update(f"@Bridge_Bot{beside}", GROUP, entities=mention(0)))) is CommandName.HELP


def test_a_message_in_which_nothing_is_seen_has_no_words() -> None:
    unseen = "\u2800\u3164\u200b"
    for blank in (unseen, "   "):
        assert kind_of(asked(update(blank))) is Wordless
    assert kind_of(asked(update(None, caption=unseen, photo=[{}]))) is Wordless
    assert (
        kind_of(asked(update(None, GROUP, caption="@Bridge_Bot", caption_entities=mention(0), photo=[{}]))) is Wordless
    )
    assert read_update(update(unseen, GROUP), ME) is None
    changed = update(unseen)
    assert read_update({"update_id": 32, "edited_message": changed["message"]}, ME) is None


def test_a_command_may_follow_the_mention() -> None:
    assert kind_of(asked(update("@Bridge_Bot /end", GROUP, entities=mention(0)))) is CommandName.END


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("stop", Stop),
        (" Help ", CommandName.HELP),
        ("STATUS", CommandName.STATUS),
        ("new", CommandName.NEW),
        ("end", CommandName.END),
        ("retry", CommandName.RETRY),
        ("start", Question),
        ("stop it", Question),
        ("stop.", Question),
    ],
)
def test_a_bare_word_is_a_command_in_a_private_chat_alone(text: str, kind: Kind) -> None:
    """A word that opens no conversation costs nothing; in a group it may be said to other people."""
    assert kind_of(asked(update(text))) is kind
    assert kind_of(asked(update(f"@Bridge_Bot {text}", GROUP, entities=mention(0)))) is Question


def test_a_caption_and_an_edit_make_no_command_of_a_bare_word() -> None:
    captioned = update(None, photo=[{"file_id": "f"}], caption="help")
    assert kind_of(asked(captioned)) is Question
    assert read_update({"update_id": 9, "edited_message": update("stop")["message"]}, ME) is None


def test_a_caption_is_a_question() -> None:
    raw = update(None, GROUP, caption="@Bridge_Bot what?", caption_entities=mention(0), photo=[])
    assert words_of(asked(raw)) == "what?"


def test_a_reply_in_a_plain_supergroup_is_in_no_topic() -> None:
    """There `message_thread_id` names the chain, and `is_topic_message` is missing."""
    raw = update("hi", SUPERGROUP, message_thread_id=3, reply_to_message={"message_id": 3, "from": {"id": 100}})
    found = read(raw)
    assert (found.topic, found.replies_to, found.chain, found.default_root) == ("", "3", "3", "3")
    question = found.wish("1")
    assert (question.thread.thread, question.address.thread, question.address.reply_to) == ("1", "", "9")
    assert found.wish().thread.thread == "3"


def test_all_facts_are_words() -> None:
    raw = update("/start promo", PRIVATE, message_thread_id=4, is_topic_message=True)
    raw["message"]["from"] = {**ADA, "username": "ada"}
    assert asked(raw).origin.metadata == {
        "source": "telegram",
        "chat": "5",
        "chat_type": "private",
        "thread": "4",
        "username": "ada",
        "start": "promo",
    }


def test_halves_of_surrogate_pairs_do_not_reach_the_store() -> None:
    """D13: JSON can carry them, UTF-8 cannot."""
    raw = json.loads(json.dumps(update("caf\ud83d", author={**ADA, "first_name": "\udc00"})))
    question = asked(raw)
    f"{words_of(question)}{question.person.name}".encode()
    assert words_of(question) == "caf\ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("message_id", "from", "chat", "date", "text", "entities", "reply_to_message", "message_thread_id", "caption")


@given(st.sampled_from([PRIVATE, GROUP, FORUM]), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.data())
@settings(max_examples=400, deadline=None)
def test_any_payload_is_read_or_set_aside(chat: dict[str, Any], changed: dict[str, Any], data: st.DataObject) -> None:
    """D13: nothing but the errors that set an update aside."""
    raw = update("@Bridge_Bot /new", chat, entities=mention(0), is_topic_message=data.draw(JSON))
    raw["message"] = {**raw["message"], **changed}
    try:
        found = read_update(raw, ME)
        question = found.wish() if found else None
    except UNREADABLE:
        return
    assert question is None or words_of(question).encode() is not None


def test_an_edit_names_the_message_it_is_about() -> None:
    """D12: queued: the edit counts."""
    first = asked(update("what is it?"))
    edited = read_update({"update_id": 9, "edited_message": update("what is it really?")["message"]}, ME)
    assert edited is not None
    question = edited.wish()
    assert (kind_of(question), question.id, question.thread) == (Edit, first.id, first.thread)
    assert words_of(question) == "what is it really?"


def member(status: str, chat: dict[str, Any]) -> dict[str, Any]:
    me = {"id": 100, "is_bot": True, "first_name": "Bridge"}
    new = {"status": status, "user": me}
    return {"update_id": 4, "my_chat_member": {"chat": chat, "from": ADA, "date": 1, "new_chat_member": new}}


@pytest.mark.parametrize(
    ("raw", "change"),
    [
        (update(None, GROUP, migrate_to_chat_id=-1009), ChatMigration("-7", "-1009")),
        (update(None, SUPERGROUP, migrate_from_chat_id=-7), ChatMigration("-7", "-1007")),
        (member("kicked", PRIVATE), ChatLeft("5")),
        (member("left", GROUP), ChatLeft("-7")),
        (member("member", GROUP), None),
        (member("restricted", SUPERGROUP), None),
        (update("hi"), None),
        ({"update_id": 1}, None),
    ],
)
def test_what_happens_to_a_chat_is_read(raw: dict[str, Any], change: object) -> None:
    assert chat_change(raw) == change


@pytest.mark.parametrize(
    ("raw", "thread"),
    [
        (update("hi", GROUP), ""),
        (update("hi", SUPERGROUP, message_thread_id=3, reply_to_message={"message_id": 3, "from": ADA}), ""),
        (update("hi", SUPERGROUP, message_thread_id=8, reply_to_message={"message_id": 8, **_POST}), "8"),
        (update("hi", FORUM), "general"),
        (update("hi", FORUM, message_thread_id=6, is_topic_message=True), "6"),
        (update("hi"), ""),
    ],
)
def test_a_bot_that_hears_all_has_one_thread_for_the_group(raw: dict[str, Any], thread: str) -> None:
    found = read_update(raw, ME, group_trigger="all")
    assert found is not None
    assert (kind_of(found.wish()), found.wish().thread.thread) == (Question, thread)


@pytest.mark.parametrize(
    "raw",
    [
        update("/help@other_bot", GROUP),
        update("hi", GROUP, author={**ADA, "is_bot": True}),
        update("News!", GROUP, is_automatic_forward=True),
        update(None, GROUP, new_chat_title="T"),
    ],
)
def test_a_bot_that_hears_all_still_hears_people_alone(raw: dict[str, Any]) -> None:
    assert read_update(raw, ME, group_trigger="all") is None


@pytest.mark.parametrize("kind", ["voice", "photo", "document", "sticker", "location", "video_note", "contact", "poll"])
def test_what_has_no_words_is_known_for_that(kind: str) -> None:
    question = asked(update(None, **{kind: {"file_id": "f"}}))
    assert (kind_of(question), words_of(question)) == (Wordless, "")


def test_what_has_no_words_is_meant_for_the_bot_in_a_group_where_it_answers_the_bot() -> None:
    to_me = {"message_id": 3, "from": {"id": 100}}
    assert kind_of(asked(update(None, GROUP, voice={}, reply_to_message=to_me))) is Wordless
    assert read_update(update(None, GROUP, voice={}), ME, group_trigger="all") is None
