"""What Slack sends of each thing that happens, in its own shape, and what the bridge makes of it.

The shapes follow the reference of the Events API (docs: reference/events/message and its subtypes); ids and words
are made up.
"""

from typing import Any

import pytest

from adapters.slack.api.identity import BotIdentity
from adapters.slack.inbound.event_parser import read_message
from bridge.domain.incoming import Edit, Question, Withdrawal
from config.slack import SlackSettings

HOME = BotIdentity("T024HOME", "U0BOT0001", "B0BOT0001", "https://acme.slack.com/", "Acme")
ROOT, TS, LATER = "1732300000.000100", "1732300100.000200", "1732300200.000300"
ELEMENTS = [{"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0BOT0001"}]}]
ASKED: dict[str, Any] = {
    "user": "U0ADA0001",
    "type": "message",
    "ts": TS,
    "client_msg_id": "0d1b2c3d-0000-4000-8000-000000000001",
    "text": "<@U0BOT0001> what is new?",
    "team": "T024HOME",
    "blocks": [{"type": "rich_text", "block_id": "x1", "elements": ELEMENTS}],
}
PLACE = {"channel": "C0GENERAL", "event_ts": TS, "channel_type": "channel"}
FILE = {
    "id": "F0PLAN001",
    "name": "plan.pdf",
    "mimetype": "application/pdf",
    "filetype": "pdf",
    "user": "U0ADA0001",
    "url_private": "https://files.slack.com/files-pri/T024HOME-F0PLAN001/plan.pdf",
}


def envelope(event: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "token": "legacy",
        "team_id": "T024HOME",
        "context_team_id": "T024HOME",
        "context_enterprise_id": None,
        "api_app_id": "A0BRIDGE1",
        "event": event,
        "type": "event_callback",
        "event_id": "Ev0000000001",
        "event_time": 1732300100,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T024HOME",
                "user_id": "U0BOT0001",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-x",
        **more,
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    facts = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": LATER, **PLACE}
    return envelope({**facts, "message": after, "previous_message": before})


def read(payload: dict[str, Any], options: SlackSettings | None = None) -> Question:
    question = read_message(payload, HOME, options or SlackSettings())
    assert isinstance(question, Question)
    return question


def test_the_pair_of_a_mention() -> None:
    message = read(envelope({**ASKED, **PLACE}))
    without_type = {name: value for name, value in PLACE.items() if name != "channel_type"}
    mention = read(envelope({**ASKED, **without_type, "type": "app_mention"}))
    assert message == mention
    assert (message.text, message.thread.thread, message.origin.addressed) == ("what is new?", TS, True)


def test_an_edit() -> None:
    after = {**ASKED, "text": "<@U0BOT0001> what is old?", "edited": {"user": "U0ADA0001", "ts": LATER}}
    edit = read_message(changed(ASKED, after), HOME, SlackSettings())
    assert isinstance(edit, Edit)
    assert edit.text == "what is old?"
    assert edit.id == read(envelope({**ASKED, **PLACE})).id


def test_an_unfurl_is_no_edit() -> None:
    preview = {"id": 1, "from_url": "https://x.example", "fallback": "X", "text": "preview", "title": "X"}
    assert read_message(changed(ASKED, {**ASKED, "attachments": [preview]}), HOME, SlackSettings()) is None


def test_a_deletion_and_the_tombstone_of_a_root_with_replies() -> None:
    facts = {"type": "message", "subtype": "message_deleted", "hidden": True, "ts": LATER, "deleted_ts": TS, **PLACE}
    withdrawal = read_message(envelope({**facts, "previous_message": ASKED}), HOME, SlackSettings())
    assert isinstance(withdrawal, Withdrawal)
    assert withdrawal.id == f"slack:T024HOME:C0GENERAL:{TS}"
    tombstone = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": True, "ts": TS}
    assert (
        read_message(changed(ASKED, {**tombstone, "text": "This message was deleted."}), HOME, SlackSettings()) is None
    )


def test_somebody_of_another_organisation_in_a_shared_channel() -> None:
    foreign = {"user": "U0CON0001", "user_team": "T0PARTNER", "source_team": "T0PARTNER", "team": "T0PARTNER"}
    profile = {"real_name": "Con", "display_name": "con", "team": "T0PARTNER"}
    event = {**ASKED, **PLACE, **foreign, "user_profile": profile}
    question = read(envelope(event, team_id="T0PARTNER", is_ext_shared_channel=True))
    assert question.thread.account == "T024HOME"
    assert question.origin.metadata["person_team"] == "T0PARTNER"


def test_a_file_share() -> None:
    question = read(envelope({**ASKED, **PLACE, "subtype": "file_share", "files": [FILE], "upload": False}))
    assert (question.text, question.has_files) == ("what is new?", True)


def test_a_reply_that_is_shown_in_the_channel_too() -> None:
    root = {"type": "message", "user": "U0BOB0001", "ts": ROOT, "text": "The plan", "reply_count": 1}
    event = {**ASKED, **PLACE, "subtype": "thread_broadcast", "thread_ts": ROOT, "root": root, "text": "and now?"}
    question = read(envelope(event))
    assert (question.thread.thread, question.text, question.origin.addressed) == (ROOT, "and now?", False)


def test_a_direct_message_and_one_in_a_group() -> None:
    direct = {**ASKED, **PLACE, "channel": "D0ADA0001", "channel_type": "im", "text": "hello"}
    assert read(envelope(direct)).thread.thread == ""
    assert read(envelope(direct), SlackSettings(dm="thread")).thread.thread == TS
    group = {**ASKED, **PLACE, "channel": "C0GROUPDM", "channel_type": "mpim"}
    assert read(envelope(group)).thread.thread == TS


BOT_PROFILE = {"id": "B0OTHER01", "app_id": "A0OTHER01", "name": "Other", "deleted": False, "team_id": "T024HOME"}
OWN = {"user": "U0BOT0001", "bot_id": "B0BOT0001", "app_id": "A0BRIDGE1", "text": "My answer"}
NOTHING: dict[str, dict[str, Any]] = {
    "another app": {"user": "U0OTHER01", "bot_id": "B0OTHER01", "app_id": "A0OTHER01", "bot_profile": BOT_PROFILE},
    "an old integration": {"subtype": "bot_message", "bot_id": "B0OTHER01", "username": "hook", "user": None},
    "the bridge itself": OWN,
    "Slackbot": {"user": "USLACKBOT"},
    "a person joins": {"subtype": "channel_join", "text": "<@U0ADA0001> has joined the channel"},
    "a reminder": {"subtype": "reminder_add"},
    "a pin": {"subtype": "pinned_item"},
    "a topic": {"subtype": "channel_topic", "topic": "x"},
    "a huddle": {"subtype": "huddle_thread", "user": "USLACKBOT", "room": {"id": "R0"}},
    "a reply is announced": {"subtype": "message_replied", "message": ASKED},
}


@pytest.mark.parametrize("fields", NOTHING.values(), ids=NOTHING)
def test_what_is_no_persons_message_is_nothing(fields: dict[str, Any]) -> None:
    """A11: other bots, and what Slack itself writes."""
    event = {name: value for name, value in {**ASKED, **PLACE, **fields}.items() if value is not None}
    assert read_message(envelope(event), HOME, SlackSettings()) is None


def test_an_answer_of_the_bridge_that_it_edits_is_nothing() -> None:
    """D11: its own edits come back."""
    before = {**ASKED, **OWN}
    assert read_message(changed(before, {**before, "text": "My whole answer"}), HOME, SlackSettings()) is None
