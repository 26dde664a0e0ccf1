"""Buttons and presses as values."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.telegram.format.buttons import CONTROLS, RATINGS, ButtonSeal, keyboard
from adapters.telegram.inbound.callback_query import Press, StalePress, draft_stopped, pressed
from adapters.telegram.inbound.update_parser import BotIdentity
from adapters.telegram.outbound.callback_answers import answer_to
from bridge.domain.incoming import Command, CommandName, IntakeResult, Rating, Stop
from bridge.domain.pages import Button, PageView
from bridge.domain.turns import token_of

SEAL = ButtonSeal("100:token")
ME = BotIdentity(100, "bridge_bot")
TURN = "telegram:100:-1000000000001:9223372036854775807"
PRIVATE = {"id": 5, "type": "private", "first_name": "Ada"}
GROUP = {"id": -100, "type": "supergroup", "title": "Team"}
FORUM = {**GROUP, "is_forum": True}
OPENING = {"message_id": 3, "forum_topic_created": {}}
ADA = {"id": 5, "is_bot": False, "first_name": "Ada", "last_name": "L", "username": "ada"}


def query(chat: dict[str, Any], data: str | None = "stop", **message: Any) -> dict[str, Any]:
    if data in CONTROLS | RATINGS:
        data = SEAL.data(chat["id"], Button(data), token_of(TURN))
    shown = {"message_id": 7, "date": 1, "chat": chat, "from": {"id": 100, "is_bot": True}, "text": "so far", **message}
    given = {"id": "42", "from": ADA, "chat_instance": "1", "message": shown}
    return {"update_id": 9, "callback_query": given if data is None else {**given, "data": data}}


def press_of(raw: dict[str, Any]) -> Press:
    press = pressed(raw, ME, SEAL)
    assert isinstance(press, Press)
    return press


def _data(markup: dict[str, Any] | None) -> list[str]:
    assert markup is not None
    return [button["callback_data"] for row in markup["inline_keyboard"] for button in row]


def test_every_button_fits_names_its_turn_and_tells_nothing() -> None:
    view = PageView(text="x", turn_id=TURN, controls=tuple(CONTROLS | RATINGS))
    data = _data(keyboard(view, SEAL, 5))
    assert len(data) == 6
    assert all(len(one.encode()) <= 64 for one in data)
    assert all("100" not in one.partition(":")[0] and TURN not in one for one in data)
    read = {press_of(query(PRIVATE, one)).control for one in data}
    assert read == CONTROLS | RATINGS
    assert {press_of(query(PRIVATE, one)).about for one in data} == {token_of(TURN)}


def test_a_page_without_controls_has_no_keyboard() -> None:
    assert keyboard(PageView(text="x", turn_id=TURN), SEAL, 5) is None
    assert keyboard(PageView(text="x", turn_id=TURN, controls=(Button.NEW, Button.END)), SEAL, 5) is None


@pytest.mark.parametrize(
    ("raw", "thread", "posts_in", "replies_to"),
    [
        (query(PRIVATE), "", "", ""),
        (query(PRIVATE, message_thread_id=3, is_topic_message=True), "3", "3", ""),
        (query(FORUM), "general", "", "7"),
        (query(FORUM, message_thread_id=3, is_topic_message=True), "3", "3", "7"),
        (query(FORUM, message_thread_id=3, is_topic_message=True, reply_to_message=OPENING), "3", "3", "7"),
        (query(GROUP, reply_to_message={"message_id": 6}), "root", "", "6"),
        (query(GROUP, date=0), "root", "", "7"),
        (query(PRIVATE, date=0), "", "", ""),
    ],
)
def test_a_press_is_about_the_thread_of_its_message(
    raw: dict[str, Any], thread: str, posts_in: str, replies_to: str
) -> None:
    press = press_of(raw)
    question = press.wish("root" if press.is_in_chain else None, 1.5)
    assert isinstance(question, Stop)
    assert (question.thread.thread, question.address.thread, question.address.reply_to) == (
        thread,
        posts_in,
        replies_to,
    )
    assert (question.about, question.origin.asked_at) == (token_of(TURN), 1.5)
    assert (question.person.id, question.person.name) == ("5", "Ada L")
    assert question.id in question.origin.dedupe_keys
    assert "telegram:100:update:9" in question.origin.dedupe_keys


@pytest.mark.parametrize(
    "raw",
    [
        query(FORUM, date=0),
        query(PRIVATE, None),
        query(PRIVATE, f"stop:{token_of(TURN)}"),
        query(PRIVATE, "stop:0123456789abcdeg"),
        query(PRIVATE, "new:0123456789abcdef"),
        query(PRIVATE, "explode:0123456789abcdef"),
        {"update_id": 9, "callback_query": {"id": "42", "from": ADA, "inline_message_id": "i", "data": "stop:0"}},
    ],
)
def test_what_cannot_be_placed_is_stale_and_answered(raw: dict[str, Any]) -> None:
    assert pressed(raw, ME, SEAL) == StalePress("42")


def test_what_is_no_press_is_left_to_others() -> None:
    assert pressed({"update_id": 1, "message": {}}, ME, SEAL) is None
    assert draft_stopped({"update_id": 1, "message": {}}, ME, 1.0) is None


def test_a_turn_is_retried_once_however_often_the_button_is_pressed() -> None:
    presses = [press_of({**query(PRIVATE, "retry"), "update_id": number}) for number in (1, 2)]
    one, other = (set(press.wish(None, 1.0).origin.dedupe_keys) for press in presses)
    assert f"telegram:100:retry:{token_of(TURN)}" in one & other


def test_each_offer_is_taken_once_and_the_press_names_it() -> None:
    """M6: a question that is changed again has another offer, about the same turn."""
    presses = [press_of({**query(PRIVATE, "again"), "update_id": number}) for number in (1, 2)]
    presses.append(replace(presses[0], message_id="78", update_id=3, query_id="43"))
    one, again, other = (press.wish(None, 1.0) for press in presses)
    assert isinstance(one, Command)
    assert (one.name, one.about, one.offer_id) == (CommandName.RETRY, token_of(TURN), presses[0].message_id)
    once = {key for key in one.origin.dedupe_keys if ":again:" in key}
    assert once <= set(again.origin.dedupe_keys)
    assert once
    assert not set(one.origin.dedupe_keys) & set(other.origin.dedupe_keys)


@pytest.mark.parametrize("word", ["good", "bad"])
def test_a_thumb_is_a_rating(word: str) -> None:
    rating = press_of(query(PRIVATE, word)).wish(None, 1.0)
    assert isinstance(rating, Rating)
    assert (rating.about, rating.is_good) == (token_of(TURN), word == "good")


@pytest.mark.parametrize(("topic", "thread"), [(None, ""), (3, "3")])
def test_telegrams_own_stop_below_a_draft_stops_the_thread(topic: int | None, thread: str) -> None:
    where = {} if topic is None else {"message_thread_id": topic}
    raw = {"update_id": 9, "stopped_message_generation": {"chat": PRIVATE, "draft_id": 77, **where}}
    question = draft_stopped(raw, ME, 2.0)
    assert question is not None
    assert (question.thread.place, question.thread.thread) == ("5", thread)
    assert question.person.id == "5"


def test_every_answer_to_a_press_is_short() -> None:
    presses = [press_of(query(PRIVATE, one.value)).wish(None, 1.0) for one in CONTROLS | RATINGS]
    said = {(type(press), became): answer_to(press, became) for press in presses for became in IntakeResult}
    assert all(len(words) <= 200 for words in said.values())
    assert said[Stop, IntakeResult.STOPPED]
    assert not said[Stop, IntakeResult.DUPLICATE]
    assert said[Command, IntakeResult.DUPLICATE]
    assert said[Rating, IntakeResult.RATED]


def test_a_made_up_button_and_one_of_another_chat_or_bot_are_not_obeyed() -> None:
    """A24: forged data, from another chat, or for another turn."""
    token, other = token_of(TURN), token_of("telegram:100:6:1")
    ours = SEAL.data(5, Button.RETRY, token)
    assert press_of(query(PRIVATE, ours)).about == token
    forged = [
        SEAL.data(6, Button.RETRY, token),
        ButtonSeal("100:older-token").data(5, Button.RETRY, token),
        ours.replace(token, other),
        ours.replace("retry", "good"),
        f"retry:{token}",
        f"retry:{token}:{'0' * 24}",
    ]
    for data in forged:
        assert pressed(query(PRIVATE, data), ME, SEAL) == StalePress("42")
